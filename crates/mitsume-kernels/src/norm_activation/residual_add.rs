//! The backward pass of a residual add.

use super::{NormActivation, max_pool_gradient, window_offsets};
use crate::batch_norm::NormGradientSums;
use crate::grid::split_at_ranges;
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// The backward pass of `relu(z * scale + shift + skip)`, max-pooled if requested, given the
/// gradient `dy` of the result. Replaces `skip` by the gradient of the sum before the ReLU, and
/// returns the same sums as [`norm_gradient_sums`](super::norm_gradient_sums).
pub(crate) fn residual_add_gradient(
    workspace: &Workspace,
    layers: NormActivation,
    mean: &[f32],
    z: &[f32],
    skip: &mut Buffer,
    dy: &[f32],
) -> NormGradientSums {
    let channels = layers.channels();
    let tasks = layers.tasks();
    let width = layers.grid.width * channels;
    let out_width = layers.output_grid().width * channels;
    let mut sums = workspace.zeros(tasks.len() * 2 * channels);
    let parts = split_at_ranges(skip, tasks.iter().map(|t| t.1.clone()), width);
    (tasks
        .into_par_iter()
        .zip(parts)
        .zip(sums.par_chunks_mut(2 * channels)))
    .for_each(|(((rows, from), skip), sums)| {
        workspace.isa().run(Task {
            layers,
            rows: rows.len(),
            mean,
            z: &z[from.start * width..from.end * width],
            skip,
            dy: &dy[rows.start * out_width..rows.end * out_width],
            sums,
        });
    });
    NormGradientSums::from_parts(&sums, channels)
}

struct Task<'a> {
    layers: NormActivation<'a>,
    rows: usize,
    mean: &'a [f32],
    z: &'a [f32],
    skip: &'a mut [f32],
    dy: &'a [f32],
    sums: &'a mut [f32],
}

impl Kernel for Task<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        if self.layers.pool {
            self.run_specialised::<S, true>(simd)
        } else {
            self.run_specialised::<S, false>(simd)
        }
    }
}

impl Task<'_> {
    #[inline(always)]
    fn run_specialised<S: Simd, const POOL: bool>(self, simd: S) {
        let NormActivation {
            grid, scale, shift, ..
        } = self.layers;
        let channels = scale.len();
        let columns = self.layers.output_grid().width;
        let (sum, product) = self.sums.split_at_mut(channels);
        let cells = if POOL { 4 } else { 1 };
        let pixel_rows = self.skip.len() / (grid.width * channels).max(1);
        for row in 0..self.rows {
            for column in 0..columns {
                let at = window_offsets(grid, channels, POOL, row, column);
                let dy = &self.dy[(row * columns + column) * channels..][..channels];
                for c in (0..channels).step_by(S::LANES) {
                    let n = S::LANES.min(channels - c);
                    let a = simd.load_partial(&scale[c..c + n]);
                    let b = simd.load_partial(&shift[c..c + n]);
                    let mean = simd.load_partial(&self.mean[c..c + n]);
                    let mut y = [simd.zero(); 4];
                    let mut z = [simd.zero(); 4];
                    for q in 0..cells {
                        let range = at[q] + c..at[q] + c + n;
                        z[q] = simd.load_partial(&self.z[range.clone()]);
                        y[q] = simd.add(simd.fma(z[q], a, b), simd.load_partial(&self.skip[range]));
                    }
                    let d = simd.load_partial(&dy[c..c + n]);
                    let dj = if POOL {
                        max_pool_gradient(simd, y, d)
                    } else {
                        [d; 4]
                    };
                    let mut s = simd.load_partial(&sum[c..c + n]);
                    let mut t = simd.load_partial(&product[c..c + n]);
                    for q in 0..cells {
                        let v = simd.select(simd.gt(y[q], simd.zero()), dj[q], simd.zero());
                        simd.store_partial(&mut self.skip[at[q] + c..at[q] + c + n], v);
                        s = simd.add(s, v);
                        t = simd.fma(v, simd.sub(z[q], mean), t);
                    }
                    simd.store_partial(&mut sum[c..c + n], s);
                    simd.store_partial(&mut product[c..c + n], t);
                }
            }
        }
        if POOL {
            for row in 0..pixel_rows {
                let from = if row >= 2 * self.rows {
                    0
                } else {
                    grid.width / 2 * 2
                };
                let line = row * grid.width;
                self.skip[(line + from) * channels..(line + grid.width) * channels].fill(0.0);
            }
        }
    }
}
