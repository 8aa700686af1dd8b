//! What the head and the class activation map need of the hooked feature map, in one visit each way.
//!
//! Between the feature map A and the linear layer stands a mean over the pixels, after a ReLU or a
//! 2x2 max-pool at some levels. The map before its ReLU is raw = sum over k of alpha_k A_k, and alpha (the mean
//! over the pixels of the class score's gradient) is `base`, the linear layer's weight over the number of pixels,
//! times the share of pixels where a gradient passes.

use crate::error::Error;
use crate::isa::Kernel;
use crate::norm_activation::max_pool_gradient;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// What stands before the mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// Nothing.
    Mean,
    /// A ReLU.
    ReluMean,
    /// A 2x2 max-pool.
    MaxPoolMean,
}

/// A feature map, channels last.
#[derive(Clone, Copy, Debug)]
pub struct Features<'a> {
    /// [images, height, width, channels]
    pub data: &'a [f32],
    /// Images, height, width, channels.
    pub shape: [usize; 4],
    /// What stands before the mean.
    pub pooling: Pooling,
}

/// Result of [`Features::summarise`].
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The linear layer's input [images, channels].
    pub means: Vec<f32>,
    /// Share of pixels through which a gradient passes [images, channels]; a max-pool passes on one pixel in
    /// four, with four times the weight, which counts as 1.
    pub open: Vec<f32>,
    /// sum over k of base * open * A [images, height, width]; empty without `base`.
    pub raw: Vec<f32>,
}

impl Features<'_> {
    fn check(&self, lengths: &[(&str, usize, usize)]) -> Result<(), Error> {
        let [images, height, width, channels] = self.shape;
        if images * height * width * channels == 0
            || (self.pooling == Pooling::MaxPoolMean && (height < 2 || width < 2))
        {
            return Err(Error::Size {
                images,
                height,
                width,
            });
        }
        let own = [(
            "features",
            images * height * width * channels,
            self.data.len(),
        )];
        for (what, expected, found) in own.iter().chain(lengths) {
            if expected != found {
                let what = (*what).to_string();
                return Err(Error::Length {
                    what,
                    expected: *expected,
                    found: *found,
                });
            }
        }
        Ok(())
    }

    /// Cells the mean is over.
    fn cells(&self) -> usize {
        let [_, height, width, _] = self.shape;
        if self.pooling == Pooling::MaxPoolMean {
            (height / 2) * (width / 2)
        } else {
            height * width
        }
    }

    /// Means, open shares and, with `base` [images, channels], the raw maps.
    ///
    /// # Errors
    /// If a length does not fit, or there is no pixel.
    pub fn summarise(&self, workspace: &Workspace, base: Option<&[f32]>) -> Result<Summary, Error> {
        let [images, height, width, channels] = self.shape;
        let small = images.saturating_mul(channels);
        self.check(&[("base", small, base.map_or(small, <[f32]>::len))])?;
        let pixels = height * width;
        let mut summary = Summary {
            means: vec![0.0; small],
            open: vec![1.0; small],
            raw: vec![0.0; if base.is_some() { images * pixels } else { 0 }],
        };
        let mut raw: Vec<&mut [f32]> = if base.is_some() {
            summary.raw.chunks_mut(pixels).collect()
        } else {
            (0..images).map(|_| &mut [][..]).collect()
        };
        (summary.means.par_chunks_mut(channels))
            .zip(summary.open.par_chunks_mut(channels))
            .zip(raw.par_iter_mut())
            .enumerate()
            .for_each(|(i, ((means, open), raw))| {
                let image = &self.data[i * pixels * channels..][..pixels * channels];
                let base = base.map(|b| &b[i * channels..][..channels]);
                workspace.isa().run(Summarise {
                    of: *self,
                    image,
                    base,
                    means,
                    open,
                    raw,
                });
            });
        Ok(summary)
    }

    /// Gradient of the feature map, and of `base` if it was given, from those of means [images, channels] and raw maps
    /// [images, height, width] (the latter with `base` and `open`). The open shares are taken as constant, which
    /// they are between the places where a pixel's sign changes.
    ///
    /// # Errors
    /// If a length does not fit, or there is no pixel.
    pub fn backward(
        &self,
        workspace: &Workspace,
        d_means: &[f32],
        map: Option<MapGradient>,
    ) -> Result<(Buffer, Vec<f32>), Error> {
        let [images, height, width, channels] = self.shape;
        let (small, pixels) = (
            images.saturating_mul(channels),
            height.saturating_mul(width),
        );
        let mut lengths = vec![("gradient of the means", small, d_means.len())];
        if let Some(m) = map {
            lengths.push(("base", small, m.base.len()));
            lengths.push(("open", small, m.open.len()));
            lengths.push((
                "gradient of the maps",
                images.saturating_mul(pixels),
                m.d_raw.len(),
            ));
        }
        self.check(&lengths)?;
        let mut out = workspace.take(self.data.len());
        let mut d_base = vec![0.0; small];
        (out.par_chunks_mut(pixels * channels))
            .zip(d_base.par_chunks_mut(channels))
            .enumerate()
            .for_each(|(i, (out, d_base))| {
                let image = &self.data[i * pixels * channels..][..pixels * channels];
                let own = i * channels..(i + 1) * channels;
                let map = map.map(|m| MapGradient {
                    base: &m.base[own.clone()],
                    open: &m.open[own.clone()],
                    d_raw: &m.d_raw[i * pixels..(i + 1) * pixels],
                });
                let d_means = &d_means[own];
                workspace.isa().run(Back {
                    of: *self,
                    image,
                    d_means,
                    map,
                    out,
                    d_base,
                });
            });
        Ok((out, d_base))
    }
}

/// The gradient of the raw maps, and what they were made with.
#[derive(Clone, Copy, Debug)]
pub struct MapGradient<'a> {
    /// As given to [`Features::summarise`].
    pub base: &'a [f32],
    /// As [`Features::summarise`] gave it.
    pub open: &'a [f32],
    /// [images, height, width]
    pub d_raw: &'a [f32],
}

struct Summarise<'a> {
    of: Features<'a>,
    image: &'a [f32],
    base: Option<&'a [f32]>,
    means: &'a mut [f32],
    open: &'a mut [f32],
    raw: &'a mut [f32],
}

impl Kernel for Summarise<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Summarise {
            of,
            image,
            base,
            means,
            open,
            raw,
        } = self;
        let [_, height, width, channels] = of.shape;
        let side = if of.pooling == Pooling::MaxPoolMean {
            2
        } else {
            1
        };
        let relu = of.pooling == Pooling::ReluMean;
        let scale = 1.0 / of.cells() as f32;
        if relu {
            open.fill(0.0);
        }
        let mut row_sums = vec![0.0; 2 * channels];
        for row in 0..height / side {
            row_sums.fill(0.0);
            let (sums, counts) = row_sums.split_at_mut(channels);
            let line = &image[row * side * width * channels..][..side * width * channels];
            for column in 0..width / side {
                for c in (0..channels).step_by(S::LANES) {
                    let end = (c + S::LANES).min(channels);
                    let at = column * side * channels;
                    let mut v = simd.load_some(&line[at + c..at + end]);
                    if side == 2 {
                        for other in [
                            at + channels,
                            at + width * channels,
                            at + (width + 1) * channels,
                        ] {
                            let u = simd.load_some(&line[other + c..other + end]);
                            v = simd.select(simd.replaces(u, v), u, v);
                        }
                    }
                    if relu {
                        let one =
                            simd.select(simd.gt(v, simd.zero()), simd.splat(1.0), simd.zero());
                        let n = simd.add(simd.load_some(&counts[c..end]), one);
                        simd.store_some(&mut counts[c..end], n);
                        v = simd.relu(v);
                    }
                    let s = simd.add(simd.load_some(&sums[c..end]), v);
                    simd.store_some(&mut sums[c..end], s);
                }
            }
            for c in 0..channels {
                means[c] += sums[c];
                if relu {
                    open[c] += counts[c];
                }
            }
        }
        means.iter_mut().for_each(|m| *m *= scale);
        if relu {
            open.iter_mut().for_each(|o| *o *= scale);
        }
        let Some(base) = base else { return };
        let alpha: Vec<f32> = base.iter().zip(&*open).map(|(b, o)| b * o).collect();
        for (raw, pixel) in raw.iter_mut().zip(image.chunks_exact(channels)) {
            let mut sum = simd.zero();
            for c in (0..channels).step_by(S::LANES) {
                let end = (c + S::LANES).min(channels);
                sum = simd.fma(
                    simd.load_some(&pixel[c..end]),
                    simd.load_some(&alpha[c..end]),
                    sum,
                );
            }
            *raw = simd.sum(sum);
        }
    }
}

struct Back<'a> {
    of: Features<'a>,
    image: &'a [f32],
    d_means: &'a [f32],
    map: Option<MapGradient<'a>>,
    out: &'a mut [f32],
    d_base: &'a mut [f32],
}

impl Kernel for Back<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Back {
            of,
            image,
            d_means,
            map,
            out,
            d_base,
        } = self;
        let [_, height, width, channels] = of.shape;
        let scale = 1.0 / of.cells() as f32;
        let even: Vec<f32> = d_means.iter().map(|d| d * scale).collect();
        let alpha: Vec<f32> = match map {
            Some(m) => m.base.iter().zip(m.open).map(|(b, o)| b * o).collect(),
            None => vec![0.0; channels],
        };
        let pool = of.pooling == Pooling::MaxPoolMean;
        let relu = of.pooling == Pooling::ReluMean;
        for row in 0..height {
            for column in 0..width {
                let pixel = row * width + column;
                let d_raw = map.map_or(0.0, |m| m.d_raw[pixel]);
                let d_raw = simd.splat(d_raw);
                for c in (0..channels).step_by(S::LANES) {
                    let end = (c + S::LANES).min(channels);
                    let range = pixel * channels + c..pixel * channels + end;
                    let a = simd.load_some(&image[range.clone()]);
                    let mut d = simd.load_some(&even[c..end]);
                    if pool {
                        d = simd.zero();
                    } else if relu {
                        d = simd.select(simd.gt(a, simd.zero()), d, simd.zero());
                    }
                    if map.is_some() {
                        d = simd.fma(d_raw, simd.load_some(&alpha[c..end]), d);
                        let b = simd.fma(d_raw, a, simd.load_some(&d_base[c..end]));
                        simd.store_some(&mut d_base[c..end], b);
                    }
                    simd.store_some(&mut out[range], d);
                }
            }
            if pool && row % 2 == 1 {
                let rows = (row - 1) * width * channels..(row + 1) * width * channels;
                let lines = (&image[rows.clone()], &mut out[rows]);
                add_routed(simd, lines, (width, channels), &even);
            }
        }
        if let Some(m) = map {
            d_base.iter_mut().zip(m.open).for_each(|(d, o)| *d *= o);
        }
    }
}

/// Adds each channel's `even` to the largest pixel of every square of two rows.
#[inline(always)]
fn add_routed<S: Simd>(
    simd: S,
    (image, out): (&[f32], &mut [f32]),
    (width, channels): (usize, usize),
    even: &[f32],
) {
    for column in 0..width / 2 {
        let first = column * 2 * channels;
        let line = width * channels;
        let corners = [
            first,
            first + channels,
            first + line,
            first + line + channels,
        ];
        for c in (0..channels).step_by(S::LANES) {
            let end = (c + S::LANES).min(channels);
            let mut y = [simd.zero(); 4];
            for (y, at) in y.iter_mut().zip(corners) {
                *y = simd.load_some(&image[at + c..at + end]);
            }
            let d = max_pool_gradient(simd, y, simd.load_some(&even[c..end]));
            for (d, at) in d.iter().zip(corners) {
                let out = &mut out[at + c..at + end];
                simd.store_some(out, simd.add(simd.load_some(out), *d));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Isa;

    fn values(n: usize, phase: f32) -> Vec<f32> {
        (0..n).map(|i| (i as f32 * 1.7 + phase).sin()).collect()
    }

    /// Where the mean's gradient goes: pixels by cells, from the definition.
    fn gates(f: &Features, n: usize, c: usize) -> Vec<(usize, f64)> {
        let [_, h, w, channels] = f.shape;
        let at = |y: usize, x: usize| f.data[((n * h + y) * w + x) * channels + c];
        match f.pooling {
            Pooling::Mean => (0..h * w).map(|p| (p, 1.0)).collect(),
            Pooling::ReluMean => {
                let open = |p: &usize| at(p / w, p % w) > 0.0;
                (0..h * w).filter(open).map(|p| (p, 1.0)).collect()
            }
            Pooling::MaxPoolMean => (0..(h / 2) * (w / 2))
                .map(|cell| {
                    let (y, x) = (cell / (w / 2) * 2, cell % (w / 2) * 2);
                    let corners = [(y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1)];
                    let mut best = corners[0];
                    for q in corners {
                        if at(q.0, q.1) > at(best.0, best.1) {
                            best = q;
                        }
                    }
                    (best.0 * w + best.1, 1.0)
                })
                .collect(),
        }
    }

    #[test]
    fn summary_and_gradients_are_those_of_the_definition() {
        for isa in Isa::available() {
            let workspace = Workspace::new(isa);
            for shape @ [n, h, w, c] in [[2, 2, 2, 1], [1, 5, 7, 19], [3, 6, 4, 32], [1, 3, 2, 5]] {
                for pooling in [Pooling::Mean, Pooling::ReluMean, Pooling::MaxPoolMean] {
                    let mut data = values(n * h * w * c, 0.3);
                    data.iter_mut()
                        .skip(1)
                        .step_by(3)
                        .for_each(|v| *v = v.round()); // Ties.
                    let f = Features {
                        data: &data,
                        shape,
                        pooling,
                    };
                    let (base, dm, dr) = (
                        values(n * c, 1.0),
                        values(n * c, 2.0),
                        values(n * h * w, 3.0),
                    );
                    let s = f.summarise(&workspace, Some(&base)).unwrap();
                    let map = MapGradient {
                        base: &base,
                        open: &s.open,
                        d_raw: &dr,
                    };
                    let (da, db) = f.backward(&workspace, &dm, Some(map)).unwrap();
                    let cells = f.cells() as f64;
                    let (mut raw, mut want) = (vec![0.0; n * h * w], vec![0.0; data.len()]);
                    for (i, k) in (0..n).flat_map(|i| (0..c).map(move |k| (i, k))) {
                        let value = |p: usize| f64::from(data[(i * h * w + p) * c + k]);
                        let gates = gates(&f, i, k);
                        let mean = gates.iter().map(|(p, g)| g * value(*p)).sum::<f64>() / cells;
                        let open = gates.len() as f64 / cells;
                        assert!((f64::from(s.means[i * c + k]) - mean).abs() < 1e-6);
                        assert!((f64::from(s.open[i * c + k]) - open).abs() < 1e-6);
                        let mut slope = 0.0;
                        for p in 0..h * w {
                            let alpha = f64::from(base[i * c + k]) * open;
                            raw[i * h * w + p] += alpha * value(p);
                            want[(i * h * w + p) * c + k] += alpha * f64::from(dr[i * h * w + p]);
                            slope += open * value(p) * f64::from(dr[i * h * w + p]);
                        }
                        for (p, g) in gates {
                            want[(i * h * w + p) * c + k] += g * f64::from(dm[i * c + k]) / cells;
                        }
                        assert!((f64::from(db[i * c + k]) - slope).abs() < 1e-5);
                    }
                    for (got, want) in s.raw.iter().zip(&raw).chain(da.iter().zip(&want)) {
                        assert!(
                            (f64::from(*got) - want).abs() < 1e-5,
                            "{} {shape:?}",
                            isa.name()
                        );
                    }
                    let plain = f.summarise(&workspace, None).unwrap();
                    assert_eq!((plain.means, plain.raw.len()), (s.means, 0));
                }
            }
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_errors() {
        let workspace = Workspace::new(Isa::FALLBACK);
        let data = [0.0; 8];
        let f = Features {
            data: &data,
            shape: [1, 2, 2, 2],
            pooling: Pooling::Mean,
        };
        assert!(f.summarise(&workspace, Some(&[0.0])).is_err());
        assert!(f.backward(&workspace, &[0.0], None).is_err());
        let f = Features {
            shape: [1, 1, 4, 2],
            pooling: Pooling::MaxPoolMean,
            ..f
        };
        assert!(matches!(
            f.summarise(&workspace, None),
            Err(Error::Size { .. })
        ));
    }
}
