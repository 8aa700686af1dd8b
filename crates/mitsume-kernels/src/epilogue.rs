//! The epilogue of a convolution or product: bias, residual and activation in the same pass.

use crate::activation::{Activation, Elementwise, for_activation};
use crate::simd::Simd;

/// `activation(sum + bias (+ residual))`
#[derive(Clone, Copy)]
pub(crate) struct Epilogue<'a> {
    /// [channels]
    pub bias: &'a [f32],
    /// The residual, of the shape of the result.
    pub residual: Option<&'a [f32]>,
    pub activation: Activation,
}

/// The sums of a product that the epilogue is applied to.
#[derive(Clone, Copy)]
pub(crate) struct Accumulators<'a> {
    /// [pixels][row_stride]; rows are whole vectors.
    pub values: &'a [f32],
    pub row_stride: usize,
    /// The channel of the result that the first of each row belongs to.
    pub first_channel: usize,
    /// Number of channels.
    pub channels: usize,
}

impl Epilogue<'_> {
    /// Writes the channels of `out` [pixels, channels] whose sums are given.
    #[inline(always)]
    pub fn apply<S: Simd>(&self, simd: S, sums: Accumulators, out: &mut [f32]) {
        for_activation!(self.activation, f => self.apply_with(simd, sums, out, f));
    }

    #[inline(always)]
    fn apply_with<S: Simd, F: Elementwise>(
        &self,
        simd: S,
        sums: Accumulators,
        out: &mut [f32],
        f: F,
    ) {
        let all = self.bias.len();
        let Accumulators {
            values,
            row_stride,
            first_channel,
            channels,
        } = sums;
        assert!(first_channel + channels <= all && out.len().is_multiple_of(all));
        assert!(self.residual.is_none_or(|r| r.len() == out.len()));
        let pixels = out.len() / all;
        assert!(channels.next_multiple_of(S::LANES) <= row_stride);
        assert!(values.len() >= pixels * row_stride);
        let mut channel = 0;
        while channel < channels {
            let n = (channels - channel).min(S::LANES);
            let bias = simd.load_partial(&self.bias[first_channel + channel..][..n]);
            for pixel in 0..pixels {
                let index = pixel * all + first_channel + channel;
                // SAFETY: rows of sums are whole vectors, as asserted above; `index` is inside
                // `out` and the residual, of the same length, and `n` values from it on are the
                // pixel's.
                unsafe {
                    let mut v = simd.load_ptr(values.as_ptr().add(pixel * row_stride + channel));
                    v = simd.add(v, bias);
                    if let Some(residual) = self.residual {
                        v = simd.add(v, load_lanes(simd, residual.as_ptr().add(index), n));
                    }
                    store_lanes(simd, out.as_mut_ptr().add(index), n, f.apply(simd, v));
                }
            }
            channel += n;
        }
    }
}

/// # Safety
/// `lanes` values, which are at most a vector, must be readable at `p`.
#[inline(always)]
pub(crate) unsafe fn load_lanes<S: Simd>(simd: S, p: *const f32, lanes: usize) -> S::V {
    // SAFETY: required of the caller.
    unsafe {
        match lanes == S::LANES {
            true => simd.load_ptr(p),
            false => simd.load_partial(std::slice::from_raw_parts(p, lanes)),
        }
    }
}

/// # Safety
/// `lanes` values, which are at most a vector, must be writable at `p`.
#[inline(always)]
pub(crate) unsafe fn store_lanes<S: Simd>(simd: S, p: *mut f32, lanes: usize, v: S::V) {
    // SAFETY: required of the caller.
    unsafe {
        match lanes == S::LANES {
            true => simd.store_ptr(p, v),
            false => simd.store_partial(std::slice::from_raw_parts_mut(p, lanes), v),
        }
    }
}
