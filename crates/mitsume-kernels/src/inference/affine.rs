//! Batch norm in evaluation that could not be folded into a convolution: a scale and shift per
//! channel.

use crate::activation::{Activation, Elementwise};
use crate::error::Error;
use crate::isa::Kernel;
use crate::scale_shift::ScaleShift;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// `activation(x * scale + shift)` of each pixel of `x` [pixels, channels], scale and shift
/// `[channels]`.
///
/// # Errors
/// If the lengths do not fit.
pub fn affine(
    workspace: &Workspace,
    x: &[f32],
    ScaleShift { scale, shift }: ScaleShift,
    activation: Activation,
) -> Result<Buffer, Error> {
    let channels = scale.len();
    if shift.len() != channels || channels == 0 || !x.len().is_multiple_of(channels) {
        return Err(Error::Length {
            what: "scale and shift".into(),
            expected: channels,
            found: shift.len(),
        });
    }
    let isa = workspace.isa();
    let mut out = workspace.take(x.len());
    let values_per_task = (16_384 / channels).max(1) * channels;
    let tasks = out
        .par_chunks_mut(values_per_task)
        .zip(x.par_chunks(values_per_task));
    tasks.for_each(|(out, x)| {
        isa.run(AffineKernel {
            x,
            scale,
            shift,
            activation,
            out,
        });
    });
    Ok(out)
}

struct AffineKernel<'a> {
    x: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    activation: Activation,
    out: &'a mut [f32],
}

impl Kernel for AffineKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let channels = self.scale.len();
        let pixels = self.x.chunks_exact(channels);
        for (x, out) in pixels.zip(self.out.chunks_exact_mut(channels)) {
            let mut at = 0;
            while at < channels {
                let to = (at + S::LANES).min(channels);
                let scale = simd.load_partial(&self.scale[at..to]);
                let shift = simd.load_partial(&self.shift[at..to]);
                let v = simd.fma(simd.load_partial(&x[at..to]), scale, shift);
                simd.store_partial(&mut out[at..to], self.activation.apply(simd, v));
                at = to;
            }
        }
    }
}
