//! The number format of a matrix product's operands.
//!
//! Operands lie in memory of f32. A slot of 32 bits holds one f32, or two values of bfloat16 that
//! follow one another along the depth of the product, the dimension that is summed over. Layouts
//! count slots, so that transforms, loops and the register tile are the same for both formats.
//!
//! Why bfloat16 in the Winograd domain: AVX512-BF16 multiplies twice as many operands as f32 in the
//! same time, and the transformed values take half the memory. A direct convolution with such
//! operands would still be slower than F(4x4, 3x3) in f32, which needs a quarter of its products.
//! Values are transformed in f32 and rounded afterwards; rounding them before as well adds 1 to 2 %
//! to the error.
//!
//! The price is precision. Root mean square error over that of the result, of convolutions of 32 to
//! 512 channels with normal weights and rectified normal inputs, from a simulation in f64:
//!
//! | convolution | error |
//! | --- | --- |
//! | direct, operands rounded | 0.23 % |
//! | direct, operands and result rounded, as PyTorch's | 0.29 % |
//! | F(2x2, 3x3) | 0.35 % |
//! | F(4x4, 3x3), points 0, +-1/sqrt(2), +-sqrt(2) (ours) | 1.0 % |
//! | F(4x4, 3x3), points 0, +-1, +-2 | 2.1 % |
//!
//! F(2x2, 3x3) needs 1.8 times the products, which would take back the whole gain. For gradients
//! the ratios are the same, some 20 % higher.

use crate::simd::{Simd, bf16};
use mitsume_levels::Precision;

/// A number format of operands.
pub(crate) trait Element: Send + Sync + 'static {
    const PRECISION: Precision;
    /// Whether the kernels that multiply it use instructions for bfloat16.
    const IS_BFLOAT16: bool = matches!(Self::PRECISION, Precision::Bfloat16);
    /// Values of the depth in one slot.
    const PER_SLOT: usize;

    /// `sum` and the products of the slots' values.
    fn multiply<S: Simd>(simd: S, a: S::V, b: S::V, sum: S::V) -> S::V;

    /// Writes value `index` of the depth; those of a slot must be written in order, the last ones
    /// may be missing and count as 0.
    fn put(slot: &mut f32, index: usize, value: f32);

    /// [`Element::put`] into `LANES` neighbouring slots.
    ///
    /// # Safety
    /// `LANES` slots must be readable and writable at `p`.
    unsafe fn put_lanes<S: Simd>(simd: S, p: *mut f32, index: usize, values: S::V);

    /// Writes `LANES` values that follow one another along the depth.
    ///
    /// # Safety
    /// `LANES / PER_SLOT` slots must be writable at `p`.
    unsafe fn put_along_depth<S: Simd>(simd: S, p: *mut f32, values: S::V);
}

/// Not rounded.
pub(crate) struct Float32;

impl Element for Float32 {
    const PRECISION: Precision = Precision::Float32;
    const PER_SLOT: usize = 1;

    #[inline(always)]
    fn multiply<S: Simd>(simd: S, a: S::V, b: S::V, sum: S::V) -> S::V {
        simd.fma(a, b, sum)
    }

    #[inline(always)]
    fn put(slot: &mut f32, _: usize, value: f32) {
        *slot = value;
    }

    #[inline(always)]
    unsafe fn put_lanes<S: Simd>(simd: S, p: *mut f32, _: usize, values: S::V) {
        // SAFETY: required of the caller.
        unsafe { simd.store_ptr(p, values) }
    }

    #[inline(always)]
    unsafe fn put_along_depth<S: Simd>(simd: S, p: *mut f32, values: S::V) {
        // SAFETY: required of the caller.
        unsafe { simd.store_ptr(p, values) }
    }
}

/// Rounded to bfloat16; the first of two values is in the lower half of the slot.
pub(crate) struct Bfloat16;

impl Element for Bfloat16 {
    const PRECISION: Precision = Precision::Bfloat16;
    const PER_SLOT: usize = 2;

    #[inline(always)]
    fn multiply<S: Simd>(simd: S, a: S::V, b: S::V, sum: S::V) -> S::V {
        simd.fma_bf16(a, b, sum)
    }

    #[inline(always)]
    fn put(slot: &mut f32, index: usize, value: f32) {
        *slot = match index % 2 {
            0 => bf16::pair(value, 0.0),
            _ => bf16::with_upper(*slot, value),
        };
    }

    #[inline(always)]
    unsafe fn put_lanes<S: Simd>(simd: S, p: *mut f32, index: usize, values: S::V) {
        // SAFETY: required of the caller.
        unsafe {
            let slots = match index % 2 {
                0 => simd.to_lower_bf16(values),
                _ => simd.with_upper_bf16(simd.load_ptr(p), values),
            };
            simd.store_ptr(p, slots);
        }
    }

    #[inline(always)]
    unsafe fn put_along_depth<S: Simd>(simd: S, p: *mut f32, values: S::V) {
        // SAFETY: required of the caller.
        unsafe { simd.store_bf16(p, values) }
    }
}

/// Evaluates an expression with `$E` as the [`Element`] of a [`Precision`].
macro_rules! for_precision {
    ($precision:expr, $E:ident => $body:expr) => {
        match $precision {
            ::mitsume_levels::Precision::Float32 => {
                type $E = $crate::element::Float32;
                $body
            }
            ::mitsume_levels::Precision::Bfloat16 => {
                type $E = $crate::element::Bfloat16;
                $body
            }
        }
    };
}
pub(crate) use for_precision;
