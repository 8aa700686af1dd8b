//! Layer normalization (Ba et al. 2016) in training.

use crate::error::{Error, check_length, check_rows};
use crate::inference::layer_norm::row_statistics;
use crate::isa::Kernel;
use crate::scale_shift::ScaleShift;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// Values in a task; independent of the number of threads.
const VALUES_PER_TASK: usize = 1 << 14;

/// The gradients of [`layer_norm`](crate::inference::layer_norm).
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm<'a> {
    /// `[values]`
    pub scale: &'a [f32],
    /// Added to the variance.
    pub epsilon: f32,
}

/// Result of [`LayerNorm::backward`].
#[derive(Debug)]
pub struct LayerNormGradients {
    /// Of x, of its shape.
    pub x: Buffer,
    /// `[values]`
    pub scale: Vec<f32>,
    /// `[values]`
    pub shift: Vec<f32>,
}

impl LayerNorm<'_> {
    /// The layer norm of rows `x` [rows, values].
    ///
    /// # Errors
    /// If a length does not fit.
    pub fn forward(
        &self,
        workspace: &Workspace,
        x: &[f32],
        shift: &[f32],
    ) -> Result<Buffer, Error> {
        let parameters = ScaleShift {
            scale: self.scale,
            shift,
        };
        crate::inference::layer_norm(workspace, x, parameters, self.epsilon)
    }

    /// With h = dy scale and n the normalised row: `(h - mean(h) - n mean(h n)) / s`, s the row's
    /// standard deviation. Rows [rows, values].
    ///
    /// # Errors
    /// If a length does not fit.
    pub fn backward(
        &self,
        workspace: &Workspace,
        x: &[f32],
        dy: &[f32],
    ) -> Result<LayerNormGradients, Error> {
        let values = self.scale.len();
        check_length("gradient of the result", x.len(), dy.len())?;
        check_rows("rows", values, x.len())?;
        let part = (VALUES_PER_TASK / values).max(1) * values;
        let mut sums = workspace.zeros(x.len().div_ceil(part) * 2 * values);
        let mut dx = workspace.take(x.len());
        dx.par_chunks_mut(part)
            .zip(x.par_chunks(part).zip(dy.par_chunks(part)))
            .zip(sums.par_chunks_exact_mut(2 * values))
            .for_each(|((dx, (x, dy)), sums)| {
                workspace.isa().run(RowGradients {
                    norm: *self,
                    x,
                    dy,
                    dx,
                    sums,
                });
            });
        let mut totals = vec![0.0f64; 2 * values];
        for part in sums.chunks_exact(2 * values) {
            let pairs = totals.iter_mut().zip(part);
            pairs.for_each(|(total, sum)| *total += f64::from(*sum));
        }
        let [scale, shift] =
            [0, values].map(|at| totals[at..at + values].iter().map(|t| *t as f32).collect());
        Ok(LayerNormGradients {
            x: dx,
            scale,
            shift,
        })
    }
}

struct RowGradients<'a> {
    norm: LayerNorm<'a>,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    /// Of dy n and of dy, [2, values].
    sums: &'a mut [f32],
}

impl Kernel for RowGradients<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let values = self.norm.scale.len();
        let count = values as f32;
        let (scale_sums, shift_sums) = self.sums.split_at_mut(values);
        let rows = self
            .x
            .chunks_exact(values)
            .zip(self.dy.chunks_exact(values));
        for ((x, dy), dx) in rows.zip(self.dx.chunks_exact_mut(values)) {
            let [mean, inverse_std] = row_statistics(simd, x, self.norm.epsilon);
            let [mean, inverse_std] = [simd.splat(mean), simd.splat(inverse_std)];
            let mut sum = simd.zero();
            let mut product = simd.zero();
            for first in (0..values).step_by(S::LANES) {
                let range = first..(first + S::LANES).min(values);
                let centred = simd.sub(simd.load_partial(&x[range.clone()]), mean);
                let n = simd.mul(centred, inverse_std);
                let d = simd.load_partial(&dy[range.clone()]);
                // Lanes beyond the row have a gradient of 0, so they add nothing.
                let h = simd.mul(d, simd.load_partial(&self.norm.scale[range.clone()]));
                sum = simd.add(sum, h);
                product = simd.fma(h, n, product);
                let total = &mut scale_sums[range.clone()];
                simd.store_partial(total, simd.fma(d, n, simd.load_partial(total)));
                let total = &mut shift_sums[range];
                simd.store_partial(total, simd.add(simd.load_partial(total), d));
            }
            let mean_h = simd.splat(simd.sum(sum) / count);
            let mean_hn = simd.splat(simd.sum(product) / count);
            for first in (0..values).step_by(S::LANES) {
                let range = first..(first + S::LANES).min(values);
                let centred = simd.sub(simd.load_partial(&x[range.clone()]), mean);
                let n = simd.mul(centred, inverse_std);
                let d = simd.load_partial(&dy[range.clone()]);
                let h = simd.mul(d, simd.load_partial(&self.norm.scale[range.clone()]));
                let v = simd.fnma(n, mean_hn, simd.sub(h, mean_h));
                simd.store_partial(&mut dx[range], simd.mul(v, inverse_std));
            }
        }
    }
}

#[cfg(test)]
mod tests;
