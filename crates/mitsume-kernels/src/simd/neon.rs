//! Vectors of 4 values: NEON.
//!
//! Every `unsafe` block here rests on one reason: a value of the type exists only where the machine
//! has these instructions (see `assume`); memory is touched only through the pointers of
//! `load_ptr` and `store_ptr`, whose callers answer for them.

use super::Simd;
use std::arch::aarch64::*;

/// Proof that the machine has NEON.
#[derive(Clone, Copy)]
pub(crate) struct Neon(());

impl Neon {
    /// # Safety
    /// The machine must have NEON.
    #[inline(always)]
    pub(crate) unsafe fn assume() -> Self {
        Self(())
    }
}

#[allow(clippy::undocumented_unsafe_blocks)] // One reason for all, at the top of the file.
impl Simd for Neon {
    type V = float32x4_t;
    type M = uint32x4_t;
    const LANES: usize = 4;
    const TILE_ROWS: usize = 12;
    const PARTIAL_ROWS: usize = 4;

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        unsafe { vdupq_n_f32(x) }
    }
    #[inline(always)]
    unsafe fn load_ptr(self, p: *const f32) -> Self::V {
        unsafe { vld1q_f32(p) }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, p: *mut f32, v: Self::V) {
        unsafe { vst1q_f32(p, v) }
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        unsafe { vaddq_f32(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        unsafe { vsubq_f32(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        unsafe { vmulq_f32(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        unsafe { vfmaq_f32(c, a, b) }
    }
    #[inline(always)]
    fn fnma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        unsafe { vfmsq_f32(c, a, b) }
    }
    #[inline(always)]
    fn relu(self, x: Self::V) -> Self::V {
        // FMAX gives NaN where either operand is NaN.
        unsafe { vmaxq_f32(x, vdupq_n_f32(0.0)) }
    }
    #[inline(always)]
    fn gt(self, a: Self::V, b: Self::V) -> Self::M {
        unsafe { vcgtq_f32(a, b) }
    }
    #[inline(always)]
    fn greater_or_nan(self, candidate: Self::V, held: Self::V) -> Self::M {
        unsafe {
            vorrq_u32(
                vcgtq_f32(candidate, held),
                vmvnq_u32(vceqq_f32(candidate, candidate)),
            )
        }
    }
    #[inline(always)]
    fn select(self, m: Self::M, a: Self::V, b: Self::V) -> Self::V {
        unsafe { vbslq_f32(m, a, b) }
    }
    #[inline(always)]
    fn upper_bf16(self, pairs: Self::V) -> Self::V {
        unsafe {
            let bits = vreinterpretq_u32_f32(pairs);
            vreinterpretq_f32_u32(vandq_u32(bits, vdupq_n_u32(0xffff_0000)))
        }
    }
    #[inline(always)]
    fn lower_bf16(self, pairs: Self::V) -> Self::V {
        unsafe { vreinterpretq_f32_u32(vshlq_n_u32::<16>(vreinterpretq_u32_f32(pairs))) }
    }
}
