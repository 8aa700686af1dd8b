//! Normalisation, residual add, ReLU and max-pool in one pass over memory, and its backward pass.

mod gradient;
mod residual_add;

pub(crate) use gradient::{
    OutputGradient, SqueezeExciteGradient, input_gradient_in_place, max_pool_gradient,
    norm_gradient_sums,
};
pub(crate) use residual_add::residual_add_gradient;

use crate::grid::{Grid, chunk_ranges, split_at_ranges};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::Workspace;
use rayon::prelude::*;
use std::ops::Range;

/// Approximate number of pixels per task.
const PIXELS_PER_TASK: usize = 448;

/// The layers after a convolution's output `z` [images, height, width, channels]:
/// `z * scale + shift` (the batch norm), plus a residual if given, then ReLU and 2x2 max-pool if
/// requested.
#[derive(Clone, Copy)]
pub(crate) struct NormActivation<'a> {
    pub grid: Grid,
    pub scale: &'a [f32],
    pub shift: &'a [f32],
    pub relu: bool,
    pub pool: bool,
}

impl NormActivation<'_> {
    fn channels(&self) -> usize {
        self.scale.len()
    }

    /// The grid of the result.
    pub(crate) fn output_grid(&self) -> Grid {
        if self.pool {
            self.grid.pooled()
        } else {
            self.grid
        }
    }

    /// Tasks: ranges of output rows, each with the range of pixel rows of `z` it covers;
    /// independent of the number of threads. The last task of an image includes an odd last row.
    fn tasks(&self) -> Vec<(Range<usize>, Range<usize>)> {
        let side = if self.pool { 2 } else { 1 };
        let out = self.output_grid();
        let rows = (PIXELS_PER_TASK / self.grid.width.max(1) / side).max(1);
        let images = 0..self.grid.images;
        let per_image = |image: usize| {
            let (h, oh) = (self.grid.height, out.height);
            let mut parts: Vec<_> = chunk_ranges(oh, rows)
                .map(|r| {
                    (
                        image * oh + r.start..image * oh + r.end,
                        image * h + r.start * side..image * h + r.end * side,
                    )
                })
                .collect();
            match parts.last_mut() {
                Some(last) => last.1.end = (image + 1) * h,
                None => parts.push((image * oh..image * oh, image * h..(image + 1) * h)),
            }
            parts
        };
        images.flat_map(per_image).collect()
    }
}

/// Writes the result to `out`. `totals` [images, channels], if given, receives the sums over all
/// pixels before pooling (squeeze-excite's mean).
pub(crate) fn norm_activation(
    workspace: &Workspace,
    layers: NormActivation,
    z: &[f32],
    residual: Option<&[f32]>,
    out: &mut [f32],
    totals: Option<&mut [f32]>,
) {
    let (channels, to) = (layers.channels(), layers.output_grid());
    assert_eq!(z.len(), layers.grid.pixels() * channels);
    assert_eq!(out.len(), to.pixels() * channels);
    assert!(residual.is_none_or(|r| r.len() == z.len()));
    let tasks = layers.tasks();
    let parts = split_at_ranges(out, tasks.iter().map(|t| t.0.clone()), to.width * channels);
    let images: Vec<usize> = tasks
        .iter()
        .map(|t| t.1.start / layers.grid.height.max(1))
        .collect();
    let kept = if totals.is_some() { channels } else { 0 };
    let mut sums = workspace.zeros(tasks.len() * kept);
    let sum_parts = split_at_ranges(&mut sums, (0..tasks.len()).map(|i| i..i + 1), kept);
    tasks
        .into_par_iter()
        .zip(parts)
        .zip(sum_parts)
        .for_each(|(((rows, from), out), sums)| {
            let values =
                from.start * layers.grid.width * channels..from.end * layers.grid.width * channels;
            let (z, residual) = (&z[values.clone()], residual.map(|r| &r[values]));
            workspace.isa().run(Forward {
                layers,
                rows: rows.len(),
                z,
                residual,
                out,
                sums,
            });
        });
    if let Some(totals) = totals {
        totals.fill(0.0);
        for (image, sums) in images.iter().zip(sums.chunks_exact(channels)) {
            let total = &mut totals[image * channels..][..channels];
            total.iter_mut().zip(sums).for_each(|(t, s)| *t += s);
        }
    }
}

struct Forward<'a> {
    layers: NormActivation<'a>,
    rows: usize,
    z: &'a [f32],
    residual: Option<&'a [f32]>,
    out: &'a mut [f32],
    /// Sums over the pixels of this task, per channel; empty if not requested.
    sums: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match (self.layers.pool, self.residual.is_some()) {
            (false, false) => self.run_specialised::<S, false, false>(simd),
            (false, true) => self.run_specialised::<S, false, true>(simd),
            (true, false) => self.run_specialised::<S, true, false>(simd),
            (true, true) => self.run_specialised::<S, true, true>(simd),
        }
    }
}

/// Offsets of the values that an output pixel is computed from: the four pixels of its 2x2 window,
/// or four times the same pixel without pooling.
#[inline(always)]
fn window_offsets(
    grid: Grid,
    channels: usize,
    pool: bool,
    row: usize,
    column: usize,
) -> [usize; 4] {
    let (side, w) = (if pool { 2 } else { 1 }, grid.width);
    let first = (row * side * w + column * side) * channels;
    if pool {
        [
            first,
            first + channels,
            first + w * channels,
            first + (w + 1) * channels,
        ]
    } else {
        [first; 4]
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn run_specialised<S: Simd, const POOL: bool, const RESIDUAL: bool>(mut self, simd: S) {
        let NormActivation {
            grid,
            scale,
            shift,
            relu,
            ..
        } = self.layers;
        let channels = scale.len();
        let columns = self.layers.output_grid().width;
        if !self.sums.is_empty() {
            self.sum_pixels(simd);
        }
        for row in 0..self.rows {
            for column in 0..columns {
                let at = window_offsets(grid, channels, POOL, row, column);
                let out = &mut self.out[(row * columns + column) * channels..][..channels];
                for c in (0..channels).step_by(S::LANES) {
                    let n = S::LANES.min(channels - c);
                    let a = simd.load_partial(&scale[c..c + n]);
                    let b = simd.load_partial(&shift[c..c + n]);
                    let mut max = simd.zero();
                    for (q, at) in at.iter().enumerate().take(if POOL { 4 } else { 1 }) {
                        let range = at + c..at + c + n;
                        let mut y = simd.fma(simd.load_partial(&self.z[range.clone()]), a, b);
                        if RESIDUAL && let Some(residual) = self.residual {
                            y = simd.add(y, simd.load_partial(&residual[range]));
                        }
                        max = if q == 0 {
                            y
                        } else {
                            simd.select(simd.greater_or_nan(y, max), y, max)
                        };
                    }
                    // ReLU does not change which value is largest, except among those it makes
                    // zero, and those pass no gradient.
                    let y = if relu { simd.relu(max) } else { max };
                    simd.store_partial(&mut out[c..c + n], y);
                }
            }
        }
    }
}

impl Forward<'_> {
    /// Sums this task's pixels in a separate pass, after which they are in the cache.
    #[inline(always)]
    fn sum_pixels<S: Simd>(&mut self, simd: S) {
        let NormActivation { scale, shift, .. } = self.layers;
        let channels = scale.len();
        for pixel in self.z.chunks_exact(channels) {
            for c in (0..channels).step_by(S::LANES) {
                let range = c..(c + S::LANES).min(channels);
                let a = simd.load_partial(&scale[range.clone()]);
                let b = simd.load_partial(&shift[range.clone()]);
                let y = simd.relu(simd.fma(simd.load_partial(&pixel[range.clone()]), a, b));
                let sum = &mut self.sums[range];
                simd.store_partial(sum, simd.add(simd.load_partial(sum), y));
            }
        }
    }
}
