//! The trunk by its definition, in f64, one pixel at a time.

use mitsume_kernels::trunk::{Stage, TrunkSpec};

/// [images, height, width, channels]
#[derive(Clone)]
pub struct Map {
    pub n: usize,
    pub h: usize,
    pub w: usize,
    pub c: usize,
    pub data: Vec<f64>,
}

impl Map {
    pub fn new(n: usize, h: usize, w: usize, c: usize) -> Self {
        Self {
            n,
            h,
            w,
            c,
            data: vec![0.0; n * h * w * c],
        }
    }

    fn index(&self, n: usize, y: usize, x: usize, c: usize) -> usize {
        ((n * self.h + y) * self.w + x) * self.c + c
    }

    fn apply(mut self, f: impl Fn(usize, f64) -> f64) -> Self {
        let c = self.c;
        self.data
            .iter_mut()
            .enumerate()
            .for_each(|(i, v)| *v = f(i % c, *v));
        self
    }
}

/// How batch norm takes its statistics.
pub enum Mode<'a> {
    /// From the batch; mean and unbiased variance are recorded.
    Train(&'a mut Vec<(Vec<f64>, Vec<f64>)>),
    /// From the given mean and variance, in order.
    Eval(std::slice::Iter<'a, (Vec<f64>, Vec<f64>)>),
}

fn conv(x: &Map, weight: &[f64], bias: &[f64], side: usize) -> Map {
    let mut y = Map::new(x.n, x.h, x.w, bias.len());
    let pad = side / 2;
    for n in 0..x.n {
        for py in 0..x.h {
            for px in 0..x.w {
                for (o, b) in bias.iter().enumerate() {
                    let mut sum = *b;
                    for ky in 0..side {
                        for kx in 0..side {
                            let (iy, ix) = (py + ky, px + kx);
                            if iy < pad || ix < pad || iy - pad >= x.h || ix - pad >= x.w {
                                continue;
                            }
                            for i in 0..x.c {
                                let k = weight[((o * x.c + i) * side + ky) * side + kx];
                                sum += k * x.data[x.index(n, iy - pad, ix - pad, i)];
                            }
                        }
                    }
                    let at = y.index(n, py, px, o);
                    y.data[at] = sum;
                }
            }
        }
    }
    y
}

fn norm(x: Map, weight: &[f64], bias: &[f64], mode: &mut Mode) -> Map {
    let count = (x.n * x.h * x.w) as f64;
    let (mean, variance) = match mode {
        Mode::Eval(running) => running.next().unwrap().clone(),
        Mode::Train(record) => {
            let (mut mean, mut variance) = (vec![0.0; x.c], vec![0.0; x.c]);
            x.data
                .iter()
                .enumerate()
                .for_each(|(i, v)| mean[i % x.c] += v / count);
            let square = |i: usize, v: &f64| (v - mean[i % x.c]).powi(2);
            x.data
                .iter()
                .enumerate()
                .for_each(|(i, v)| variance[i % x.c] += square(i, v) / count);
            let unbiased = variance.iter().map(|v| v * count / (count - 1.0)).collect();
            record.push((mean.clone(), unbiased));
            (mean, variance)
        }
    };
    x.apply(|c, v| (v - mean[c]) / (variance[c] + 1e-5).sqrt() * weight[c] + bias[c])
}

fn relu(x: Map) -> Map {
    x.apply(|_, v| v.max(0.0))
}

fn pool(x: Map) -> Map {
    let mut y = Map::new(x.n, x.h / 2, x.w / 2, x.c);
    for n in 0..y.n {
        for py in 0..y.h {
            for px in 0..y.w {
                for c in 0..y.c {
                    let corners =
                        (0..4).map(|q| x.data[x.index(n, 2 * py + q / 2, 2 * px + q % 2, c)]);
                    let at = y.index(n, py, px, c);
                    y.data[at] = corners.fold(f64::NEG_INFINITY, f64::max);
                }
            }
        }
    }
    y
}

fn squeeze_excite(mut x: Map, p: &[Vec<f64>]) -> Map {
    let area = x.h * x.w;
    for image in x.data.chunks_mut(area * x.c) {
        let mean: Vec<f64> = (0..x.c)
            .map(|c| image.iter().skip(c).step_by(x.c).sum::<f64>() / area as f64)
            .collect();
        let dense = |x: &[f64], w: &[f64], b: &[f64]| -> Vec<f64> {
            let rows = w.chunks(x.len()).zip(b);
            rows.map(|(w, b)| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + b)
                .collect()
        };
        let hidden: Vec<f64> = dense(&mean, &p[0], &p[1])
            .iter()
            .map(|v| v.max(0.0))
            .collect();
        let outer = dense(&hidden, &p[2], &p[3]);
        for (i, v) in image.iter_mut().enumerate() {
            *v /= 1.0 + (-outer[i % x.c]).exp();
        }
    }
    x
}

pub fn trunk(spec: &TrunkSpec, images: &Map, parameters: &[Vec<f64>], mode: &mut Mode) -> Map {
    let mut x = images.clone();
    let mut p = parameters;
    for stage in &spec.stages {
        let pools;
        match stage {
            Stage::Conv(c) => {
                pools = c.pool;
                x = conv(&x, &p[0], &p[1], 3);
                p = &p[2..];
                if c.norm {
                    x = norm(x, &p[0], &p[1], mode);
                    p = &p[2..];
                }
                if c.relu {
                    x = relu(x);
                }
                if c.squeeze_excite.is_some() {
                    x = squeeze_excite(x, p);
                    p = &p[4..];
                }
            }
            Stage::Residual { pool, .. } => {
                pools = *pool;
                let hidden = relu(norm(conv(&x, &p[0], &p[1], 3), &p[2], &p[3], mode));
                let mut sum = norm(conv(&hidden, &p[4], &p[5], 3), &p[6], &p[7], mode);
                let skip = conv(&x, &p[8], &p[9], 1);
                sum.data
                    .iter_mut()
                    .zip(&skip.data)
                    .for_each(|(a, b)| *a += b);
                x = relu(sum);
                p = &p[10..];
            }
        }
        if pools {
            x = pool(x);
        }
    }
    x
}
