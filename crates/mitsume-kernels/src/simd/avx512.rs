//! Vectors of 16 values: AVX-512F.
//!
//! Every `unsafe` block here rests on one reason: a value of the type exists only where the machine
//! has these instructions (see `assume`); memory is touched only through the pointers of
//! `load_ptr` and `store_ptr`, whose callers answer for them, and by masks inside a slice.

use super::Simd;
use std::arch::x86_64::*;

/// Proof that the machine has AVX-512F.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// # Safety
    /// The machine must have AVX-512F.
    #[inline(always)]
    pub(crate) unsafe fn assume() -> Self {
        Self(())
    }
}

#[allow(clippy::undocumented_unsafe_blocks)] // One reason for all, at the top of the file.
impl Simd for Avx512 {
    type V = __m512;
    type M = __mmask16;
    const LANES: usize = 16;
    const TILE_ROWS: usize = 12;
    const PARTIAL_ROWS: usize = 8;

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load_ptr(self, p: *const f32) -> Self::V {
        unsafe { _mm512_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, p: *mut f32, v: Self::V) {
        unsafe { _mm512_storeu_ps(p, v) }
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn fnma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        unsafe { _mm512_fnmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn relu(self, x: Self::V) -> Self::V {
        // The instruction gives its second operand where either is NaN.
        unsafe { _mm512_max_ps(_mm512_setzero_ps(), x) }
    }
    #[inline(always)]
    fn gt(self, a: Self::V, b: Self::V) -> Self::M {
        unsafe { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b) }
    }
    #[inline(always)]
    fn greater_or_nan(self, candidate: Self::V, held: Self::V) -> Self::M {
        unsafe {
            _mm512_cmp_ps_mask::<_CMP_GT_OQ>(candidate, held)
                | _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(candidate, candidate)
        }
    }
    #[inline(always)]
    fn select(self, m: Self::M, a: Self::V, b: Self::V) -> Self::V {
        unsafe { _mm512_mask_blend_ps(m, b, a) }
    }
    #[inline(always)]
    fn clamp_min(self, x: Self::V, bound: Self::V) -> Self::V {
        unsafe { _mm512_max_ps(bound, x) } // As in `relu`.
    }
    #[inline(always)]
    fn clamp_max(self, x: Self::V, bound: Self::V) -> Self::V {
        unsafe { _mm512_min_ps(bound, x) }
    }
    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    fn exp2_int(self, n: Self::V) -> Self::V {
        unsafe { _mm512_scalef_ps(_mm512_set1_ps(1.0), n) }
    }
    #[inline(always)]
    fn load_partial(self, x: &[f32]) -> Self::V {
        if x.len() >= Self::LANES {
            return self.load(x);
        }
        unsafe { _mm512_maskz_loadu_ps(lane_mask(x.len()), x.as_ptr()) }
    }
    #[inline(always)]
    fn store_partial(self, x: &mut [f32], v: Self::V) {
        if x.len() >= Self::LANES {
            // A masked store is slow even with all lanes, and a load after it waits.
            return self.store(x, v);
        }
        unsafe { _mm512_mask_storeu_ps(x.as_mut_ptr(), lane_mask(x.len()), v) }
    }
}

/// The first `n` lanes, fewer than all.
#[inline(always)]
fn lane_mask(n: usize) -> __mmask16 {
    (1 << n) - 1
}
