//! Layer normalization (Ba et al. 2016) in evaluation.

use crate::error::{Error, check_length, check_rows};
use crate::isa::Kernel;
use crate::scale_shift::ScaleShift;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// `(x - mean) / sqrt(variance + epsilon) * scale + shift` of each row of `x` [rows, values]; scale
/// and shift `[values]`, mean and variance (over n, not n - 1) of the row.
///
/// # Errors
/// If the lengths do not fit.
pub fn layer_norm(
    workspace: &Workspace,
    x: &[f32],
    ScaleShift { scale, shift }: ScaleShift,
    epsilon: f32,
) -> Result<Buffer, Error> {
    let values = scale.len();
    check_length("shift", values, shift.len())?;
    check_rows("rows", values, x.len())?;
    let isa = workspace.isa();
    let mut out = workspace.take(x.len());
    let values_per_task = (16_384 / values).max(1) * values;
    let tasks = out
        .par_chunks_mut(values_per_task)
        .zip(x.par_chunks(values_per_task));
    tasks.for_each(|(out, x)| {
        isa.run(LayerNormKernel {
            x,
            scale,
            shift,
            epsilon,
            out,
        });
    });
    Ok(out)
}

struct LayerNormKernel<'a> {
    x: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    epsilon: f32,
    out: &'a mut [f32],
}

impl Kernel for LayerNormKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let values = self.scale.len();
        let rows = self.x.chunks_exact(values);
        for (x, out) in rows.zip(self.out.chunks_exact_mut(values)) {
            let [mean, by] = row_statistics(simd, x, self.epsilon);
            let (mean, by) = (simd.splat(mean), simd.splat(by));
            for (at, out) in (0..).step_by(S::LANES).zip(out.chunks_mut(S::LANES)) {
                let part = at..at + out.len();
                let centred = simd.sub(simd.load_partial(&x[part.clone()]), mean);
                let scale = simd.mul(simd.load_partial(&self.scale[part.clone()]), by);
                let shift = simd.load_partial(&self.shift[part]);
                simd.store_partial(out, simd.fma(centred, scale, shift));
            }
        }
    }
}

/// The mean of a row, and 1 over the root of its variance plus epsilon.
#[inline(always)]
pub(crate) fn row_statistics<S: Simd>(simd: S, x: &[f32], epsilon: f32) -> [f32; 2] {
    let count = x.len() as f32;
    let mut sum = simd.zero();
    for x in x.chunks(S::LANES) {
        sum = simd.add(sum, simd.load_partial(x));
    }
    let mean = simd.sum(sum) / count;
    // In a separate pass, because a difference of two large sums would lose precision.
    let whole = x.len() / S::LANES * S::LANES;
    let mut squares = simd.zero();
    for x in x[..whole].chunks_exact(S::LANES) {
        let centred = simd.sub(simd.load(x), simd.splat(mean));
        squares = simd.fma(centred, centred, squares);
    }
    let mut variance = simd.sum(squares);
    for x in &x[whole..] {
        variance += (x - mean) * (x - mean);
    }
    [mean, 1.0 / (variance / count + epsilon).sqrt()]
}
