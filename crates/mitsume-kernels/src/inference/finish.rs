//! What follows a convolution in the same pass: bias, skip connection, activation.

use super::curve::{Activation, Clip, Curve, Identity, Relu};
use crate::simd::Simd;

/// What follows the sums of some pixels: `activation(sum + bias (+ add))`.
#[derive(Clone, Copy)]
pub(super) struct Finish<'a> {
    /// [channels]
    pub bias: &'a [f32],
    /// [pixels, channels]
    pub add: Option<&'a [f32]>,
    pub activation: Activation,
}

/// Sums of some pixels, `row` apart from pixel to pixel, of `columns` channels from `first` on; rows are whole vectors.
#[derive(Clone, Copy)]
pub(super) struct Sums<'a> {
    pub values: &'a [f32],
    pub row: usize,
    pub first: usize,
    pub columns: usize,
}

impl Finish<'_> {
    /// The channels of `out` [pixels, channels] whose sums are given.
    #[inline(always)]
    pub fn of<S: Simd>(&self, simd: S, sums: Sums, out: &mut [f32]) {
        // Told apart here, not for each vector.
        match self.activation {
            Activation::Identity => self.with(simd, sums, out, Identity),
            Activation::Relu => self.with(simd, sums, out, Relu),
            Activation::Clip(low, high) => self.with(simd, sums, out, Clip(low, high)),
            other => self.with(simd, sums, out, other),
        }
    }

    #[inline(always)]
    fn with<S: Simd, C: Curve>(&self, simd: S, sums: Sums, out: &mut [f32], curve: C) {
        let channels = self.bias.len();
        let Sums {
            values,
            row,
            first,
            columns,
        } = sums;
        assert!(first + columns <= channels && out.len().is_multiple_of(channels));
        assert!(self.add.is_none_or(|add| add.len() == out.len()));
        let pixels = out.len() / channels;
        assert!(columns.next_multiple_of(S::LANES) <= row && values.len() >= pixels * row);
        let mut at = 0;
        while at < columns {
            let n = (columns - at).min(S::LANES);
            let bias = simd.load_some(&self.bias[first + at..][..n]);
            for pixel in 0..pixels {
                let place = pixel * channels + first + at;
                // SAFETY: the sums' rows are whole vectors, as asserted above; the place is inside `out`
                // and what is added, of the same length, and `n` values from it on are the pixel's.
                unsafe {
                    let mut v = simd.load_ptr(values.as_ptr().add(pixel * row + at));
                    v = simd.add(v, bias);
                    if let Some(add) = self.add {
                        v = simd.add(v, load(simd, add.as_ptr().add(place), n));
                    }
                    store(simd, out.as_mut_ptr().add(place), n, curve.of(simd, v));
                }
            }
            at += n;
        }
    }
}

/// # Safety
/// `lanes` values, which are at most a vector, must be readable at `p`.
#[inline(always)]
pub(super) unsafe fn load<S: Simd>(simd: S, p: *const f32, lanes: usize) -> S::V {
    // SAFETY: required of the caller.
    unsafe {
        match lanes == S::LANES {
            true => simd.load_ptr(p),
            false => simd.load_some(std::slice::from_raw_parts(p, lanes)),
        }
    }
}

/// # Safety
/// `lanes` values, which are at most a vector, must be writable at `p`.
#[inline(always)]
pub(super) unsafe fn store<S: Simd>(simd: S, p: *mut f32, lanes: usize, v: S::V) {
    // SAFETY: required of the caller.
    unsafe {
        match lanes == S::LANES {
            true => simd.store_ptr(p, v),
            false => simd.store_some(std::slice::from_raw_parts_mut(p, lanes), v),
        }
    }
}
