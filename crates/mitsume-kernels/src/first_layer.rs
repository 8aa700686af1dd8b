//! The first convolution: few input channels, so its output is never stored.
//!
//! Convolution, normalisation, ReLU and pooling run in one pass that writes only the pooled result,
//! and the backward pass computes the convolution again to find the largest pixel of each pooling
//! window. Batch norm needs no pass of its own in either direction. The output is linear in the 3x3
//! patches p of the image: its mean is w . E[p] + b and its variance w^T Cov(p) w, so the patches'
//! second moments, which do not depend on the weights, give the statistics; and with G = sum over
//! pixels of dn p (dn the gradient after the norm), every sum of the backward pass follows from G,
//! sum(dn) and the same moments.

use crate::batch_norm::{EPSILON, Moments};
use crate::grid::{Grid, chunk_ranges, split_at_ranges};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::winograd::input::Input;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;
use std::ops::Range;

/// Most input channels that this layer supports.
pub(crate) const MAX_INPUT_CHANNELS: usize = 4;

/// Rows of pooled output or of the image per task.
const ROWS_PER_TASK: usize = 8;

/// Images [images, height, width, channels].
#[derive(Clone, Copy)]
pub(crate) struct Images<'a> {
    pub grid: Grid,
    pub channels: usize,
    pub data: &'a [f32],
}

impl<'a> From<Input<'a>> for Images<'a> {
    fn from(input: Input<'a>) -> Self {
        Self {
            grid: input.grid,
            channels: input.channels,
            data: input.data,
        }
    }
}

impl Images<'_> {
    fn taps(&self) -> usize {
        9 * self.channels
    }

    /// Values of one padded row.
    fn padded_row_len(&self) -> usize {
        self.grid.width + 2
    }

    /// Copies rows `first - 1 ..` of an image, zero-padded, into channel planes
    /// [channels][rows][width + 2].
    #[inline(always)]
    fn copy_padded_rows(&self, image: usize, first: usize, rows: usize, out: &mut [f32]) {
        let Grid { height, width, .. } = self.grid;
        for c in 0..self.channels {
            for r in 0..rows {
                let line = &mut out[(c * rows + r) * self.padded_row_len()..][..width + 2];
                let y = first + r;
                if y == 0 || y > height {
                    line.fill(0.0);
                    continue;
                }
                let from = &self.data[(image * height + y - 1) * width * self.channels..];
                line[0] = 0.0;
                line[width + 1] = 0.0;
                let pixels = from[..width * self.channels].chunks_exact(self.channels);
                for (to, pixel) in line[1..=width].iter_mut().zip(pixels) {
                    *to = pixel[c];
                }
            }
        }
    }
}

/// Weights [tap][output], the taps ordered [channel][y][x], outputs padded to whole vectors; and a
/// bias.
pub(crate) struct Weights {
    data: Vec<f32>,
    bias: Vec<f32>,
    outputs: usize,
    row_stride: usize,
}

impl Weights {
    /// From PyTorch's [outputs, channels, 3, 3], each output's multiplied by its `scale`.
    pub(crate) fn new(
        workspace: &Workspace,
        weights: &[f32],
        scale: Option<&[f32]>,
        shift: &[f32],
    ) -> Self {
        let outputs = shift.len();
        let taps = weights.len() / outputs;
        let row_stride = outputs.next_multiple_of(workspace.isa().lanes());
        let (mut data, mut bias) = (vec![0.0; taps * row_stride], vec![0.0; row_stride]);
        bias[..outputs].copy_from_slice(shift);
        for (o, filter) in weights.chunks_exact(taps).enumerate() {
            for (t, w) in filter.iter().enumerate() {
                data[t * row_stride + o] = w * scale.map_or(1.0, |s| s[o]);
            }
        }
        Self {
            data,
            bias,
            outputs,
            row_stride,
        }
    }
}

/// Ranges of rows, none of which crosses from one image to the next.
fn tasks(rows: Grid) -> Vec<Range<usize>> {
    let per_image = |i: usize| {
        chunk_ranges(rows.height, ROWS_PER_TASK)
            .map(move |r| i * rows.height + r.start..i * rows.height + r.end)
    };
    (0..rows.images).flat_map(per_image).collect()
}

/// relu and 2x2 max-pool of the convolution, [images, height / 2, width / 2, outputs].
pub(crate) fn forward(workspace: &Workspace, images: Images, weights: &Weights, out: &mut [f32]) {
    let pooled = images.grid.pooled();
    assert_eq!(images.data.len(), images.grid.pixels() * images.channels);
    assert_eq!(out.len(), pooled.pixels() * weights.outputs);
    let tasks = tasks(pooled);
    let parts = split_at_ranges(out, tasks.iter().cloned(), pooled.width * weights.outputs);
    tasks.into_par_iter().zip(parts).for_each(|(rows, out)| {
        let mut planes = workspace.take(images.channels * 4 * images.padded_row_len());
        workspace.isa().run(Forward {
            images,
            weights,
            rows,
            planes: &mut planes,
            out,
        });
    });
}

struct Forward<'a> {
    images: Images<'a>,
    weights: &'a Weights,
    rows: Range<usize>,
    planes: &'a mut [f32],
    out: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.images.channels {
            1 => self.run_specialised::<S, 9>(simd),
            2 => self.run_specialised::<S, 18>(simd),
            3 => self.run_specialised::<S, 27>(simd),
            _ => self.run_specialised::<S, 36>(simd),
        }
    }
}

/// Loads `T` vectors, `row_stride` values apart. (A closure would be compiled without the
/// instruction set.)
#[inline(always)]
fn load_taps<S: Simd, const T: usize>(simd: S, from: &[f32], row_stride: usize) -> [S::V; T] {
    let mut all = [simd.zero(); T];
    for (t, v) in all.iter_mut().enumerate() {
        *v = simd.load(&from[t * row_stride..]);
    }
    all
}

/// The convolution at the 2x2 pixels of the pooling window of pooled column `x`, for one vector of
/// outputs.
#[inline(always)]
fn convolve_2x2<S: Simd, const T: usize>(
    simd: S,
    planes: &[f32],
    line: usize,
    x: usize,
    w: &[S::V; T],
    bias: S::V,
) -> [S::V; 4] {
    let mut y = [bias; 4];
    for (t, w) in w.iter().enumerate() {
        let at = (t / 9 * 4 + t / 3 % 3) * line + t % 3 + 2 * x;
        for (q, y) in y.iter_mut().enumerate() {
            let v = simd.splat(planes[at + q / 2 * line + q % 2]);
            *y = simd.fma(v, *w, *y);
        }
    }
    y
}

impl Forward<'_> {
    #[inline(always)]
    fn run_specialised<S: Simd, const T: usize>(self, simd: S) {
        let Forward {
            images,
            weights,
            rows,
            planes,
            out,
        } = self;
        let pooled = images.grid.pooled();
        let (line, outputs) = (images.padded_row_len(), weights.outputs);
        for (r, row) in rows.enumerate() {
            let (image, py) = (row / pooled.height, row % pooled.height);
            images.copy_padded_rows(image, 2 * py, 4, planes);
            for o in (0..outputs).step_by(S::LANES) {
                let w = load_taps::<S, T>(simd, &weights.data[o..], weights.row_stride);
                let bias = simd.load(&weights.bias[o..]);
                let n = S::LANES.min(outputs - o);
                for x in 0..pooled.width {
                    let y = convolve_2x2(simd, planes, line, x, &w, bias);
                    let mut max = y[0];
                    for v in &y[1..] {
                        max = simd.select(simd.greater_or_nan(*v, max), *v, max);
                    }
                    let at = (r * pooled.width + x) * outputs + o;
                    simd.store_partial(&mut out[at..at + n], simd.relu(max));
                }
            }
        }
    }
}

/// Sums over all pixels of the gradient dn after the norm: [outputs][taps], and [outputs].
pub(crate) struct PatchGradient {
    pub patch: Vec<f64>,
    pub sum: Vec<f64>,
}

/// The sums from the gradient `dy` of the pooled result, which must be zero where the ReLU's input
/// was not positive.
pub(crate) fn patch_gradient(
    workspace: &Workspace,
    images: Images,
    weights: &Weights,
    dy: &[f32],
) -> PatchGradient {
    let pooled = images.grid.pooled();
    let (taps, outputs) = (images.taps(), weights.outputs);
    assert_eq!(dy.len(), pooled.pixels() * outputs);
    let tasks = tasks(pooled);
    let kept = (taps + 1) * weights.row_stride;
    let mut sums = workspace.zeros(tasks.len() * kept);
    tasks
        .into_par_iter()
        .zip(sums.par_chunks_mut(kept))
        .for_each(|(rows, sums)| {
            let mut planes = workspace.take(images.channels * 4 * images.padded_row_len());
            let line = pooled.width * outputs;
            let dy = &dy[rows.start * line..rows.end * line];
            workspace.isa().run(Gradient {
                images,
                weights,
                rows,
                planes: &mut planes,
                dy,
                sums,
            });
        });
    let mut total = PatchGradient {
        patch: vec![0.0; outputs * taps],
        sum: vec![0.0; outputs],
    };
    for part in sums.chunks_exact(kept) {
        for o in 0..outputs {
            for t in 0..taps {
                total.patch[o * taps + t] += f64::from(part[t * weights.row_stride + o]);
            }
            total.sum[o] += f64::from(part[taps * weights.row_stride + o]);
        }
    }
    total
}

struct Gradient<'a> {
    images: Images<'a>,
    weights: &'a Weights,
    rows: Range<usize>,
    planes: &'a mut [f32],
    dy: &'a [f32],
    sums: &'a mut [f32],
}

impl Kernel for Gradient<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.images.channels {
            1 => self.run_specialised::<S, 9>(simd),
            2 => self.run_specialised::<S, 18>(simd),
            3 => self.run_specialised::<S, 27>(simd),
            _ => self.run_specialised::<S, 36>(simd),
        }
    }
}

impl Gradient<'_> {
    #[inline(always)]
    fn run_specialised<S: Simd, const T: usize>(self, simd: S) {
        let Gradient {
            images,
            weights,
            rows,
            planes,
            dy,
            sums,
        } = self;
        let pooled = images.grid.pooled();
        let (line, outputs) = (images.padded_row_len(), weights.outputs);
        for (r, row) in rows.enumerate() {
            let (image, py) = (row / pooled.height, row % pooled.height);
            images.copy_padded_rows(image, 2 * py, 4, planes);
            for o in (0..outputs).step_by(S::LANES) {
                let w = load_taps::<S, T>(simd, &weights.data[o..], weights.row_stride);
                let bias = simd.load(&weights.bias[o..]);
                let n = S::LANES.min(outputs - o);
                let mut g = load_taps::<S, T>(simd, &sums[o..], weights.row_stride);
                let mut total = simd.load(&sums[T * weights.row_stride + o..]);
                for x in 0..pooled.width {
                    let y = convolve_2x2(simd, planes, line, x, &w, bias);
                    let at = (r * pooled.width + x) * outputs + o;
                    let d = simd.load_partial(&dy[at..at + n]);
                    total = simd.add(total, d);
                    let d = crate::norm_activation::max_pool_gradient(simd, y, d);
                    for (t, g) in g.iter_mut().enumerate() {
                        let at = (t / 9 * 4 + t / 3 % 3) * line + t % 3 + 2 * x;
                        for (q, d) in d.iter().enumerate() {
                            let v = simd.splat(planes[at + q / 2 * line + q % 2]);
                            *g = simd.fma(v, *d, *g);
                        }
                    }
                }
                for (t, g) in g.iter().enumerate() {
                    simd.store(&mut sums[t * weights.row_stride + o..], *g);
                }
                simd.store(&mut sums[T * weights.row_stride + o..], total);
            }
        }
    }
}

/// Sums over all pixels of the 3x3 patches: of each tap, and of each product of two taps.
#[derive(Debug)]
pub(crate) struct PatchMoments {
    taps: usize,
    first: Vec<f64>,
    second: Vec<f64>,
    count: f64,
}

/// The patches' moments over a batch.
pub(crate) fn patch_moments(workspace: &Workspace, images: Images) -> PatchMoments {
    let taps = images.taps();
    let tasks = tasks(images.grid);
    let kept = taps * (taps + 1);
    let mut sums = vec![0.0f64; tasks.len() * kept];
    tasks
        .into_par_iter()
        .zip(sums.par_chunks_mut(kept))
        .for_each(|(rows, sums)| {
            let mut planes: Buffer = workspace.take(images.channels * 3 * images.padded_row_len());
            workspace.isa().run(PatchMomentsKernel {
                images,
                rows,
                planes: &mut planes,
                sums,
            });
        });
    let mut moments = PatchMoments {
        taps,
        first: vec![0.0; taps],
        second: vec![0.0; taps * taps],
        count: images.grid.pixels() as f64,
    };
    for part in sums.chunks_exact(kept) {
        for (i, row) in part.chunks_exact(taps + 1).enumerate() {
            moments.first[i] += row[taps];
            for j in i..taps {
                moments.second[i * taps + j] += row[j];
            }
        }
    }
    for i in 0..taps {
        for j in 0..i {
            moments.second[i * taps + j] = moments.second[j * taps + i];
        }
    }
    moments
}

struct PatchMomentsKernel<'a> {
    images: Images<'a>,
    rows: Range<usize>,
    planes: &'a mut [f32],
    sums: &'a mut [f64],
}

impl Kernel for PatchMomentsKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let PatchMomentsKernel {
            images,
            rows,
            planes,
            sums,
        } = self;
        let (taps, line, width) = (images.taps(), images.padded_row_len(), images.grid.width);
        for row in rows {
            let (image, y) = (row / images.grid.height, row % images.grid.height);
            images.copy_padded_rows(image, y, 3, planes);
            for i in 0..taps {
                let a = &planes[i / 3 * line + i % 3..][..width];
                let mut first = simd.zero();
                for x in (0..width).step_by(S::LANES) {
                    first = simd.add(first, simd.load_partial(&a[x..(x + S::LANES).min(width)]));
                }
                sums[i * (taps + 1) + taps] += f64::from(simd.sum(first));
                for j in i..taps {
                    let b = &planes[j / 3 * line + j % 3..][..width];
                    let mut second = simd.zero();
                    for x in (0..width).step_by(S::LANES) {
                        let end = (x + S::LANES).min(width);
                        let v = simd.load_partial(&a[x..end]);
                        second = simd.fma(v, simd.load_partial(&b[x..end]), second);
                    }
                    sums[i * (taps + 1) + j] += f64::from(simd.sum(second));
                }
            }
        }
    }
}

impl PatchMoments {
    /// Mean and variance of the convolution's output without bias.
    pub(crate) fn output(&self, weights: &[f32]) -> Moments {
        let mut moments = Moments {
            mean: Vec::new(),
            variance: Vec::new(),
            count: self.count,
        };
        for w in weights.chunks_exact(self.taps) {
            let mean = dot(w, &self.first) / self.count;
            let mut variance = 0.0;
            for (i, wi) in w.iter().enumerate() {
                for (j, wj) in w.iter().enumerate() {
                    let own = self.first[i] / self.count * self.first[j] / self.count;
                    let covariance = self.second[i * self.taps + j] / self.count - own;
                    variance += f64::from(*wi) * f64::from(*wj) * covariance;
                }
            }
            moments.mean.push(mean);
            moments.variance.push(variance.max(0.0));
        }
        moments
    }

    /// Gradients through convolution and batch norm: of the filters, and of the norm's weight and
    /// bias.
    pub(crate) fn backward(
        &self,
        weights: &[f32],
        moments: &Moments,
        norm_weight: &[f32],
        gradient: &PatchGradient,
        [filters, weight, bias]: [&mut [f32]; 3],
    ) {
        let taps = self.taps;
        for (o, w) in weights.chunks_exact(taps).enumerate() {
            let g = &gradient.patch[o * taps..][..taps];
            let (sum, mean) = (gradient.sum[o], moments.mean[o]);
            let inverse_std = 1.0 / (moments.variance[o] + EPSILON).sqrt();
            // sum(dn xhat), as xhat = (w . p - mean) / sqrt(var + eps).
            let product = (dot(w, g) - mean * sum) * inverse_std;
            weight[o] = product as f32;
            bias[o] = sum as f32;
            let gain = f64::from(norm_weight[o]) * inverse_std;
            for t in 0..taps {
                // sum(xhat p_t)
                let along = dot(w, &self.second[t * taps..][..taps]) - mean * self.first[t];
                let rest = (sum * self.first[t] + product * along * inverse_std) / self.count;
                filters[o * taps + t] = (gain * (g[t] - rest)) as f32;
            }
        }
    }
}

fn dot(a: &[f32], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * b).sum()
}
