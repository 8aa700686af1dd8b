//! Vectors of 8 values: AVX2 and FMA.
//!
//! Every `unsafe` block here rests on one reason: a value of the type exists only where the machine
//! has these instructions (see `assume`); memory is touched only through the pointers of
//! `load_ptr` and `store_ptr`, whose callers answer for them, and by masks inside a slice.

use super::Simd;
use std::arch::x86_64::*;

/// Proof that the machine has AVX2 and FMA.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// # Safety
    /// The machine must have AVX2 and FMA.
    #[inline(always)]
    pub(crate) unsafe fn assume() -> Self {
        Self(())
    }
}

#[allow(clippy::undocumented_unsafe_blocks)] // One reason for all, at the top of the file.
impl Simd for Avx2 {
    type V = __m256;
    type M = __m256;
    const LANES: usize = 8;
    const TILE_ROWS: usize = 6;
    const PARTIAL_ROWS: usize = 4;

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load_ptr(self, p: *const f32) -> Self::V {
        unsafe { _mm256_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, p: *mut f32, v: Self::V) {
        unsafe { _mm256_storeu_ps(p, v) }
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn fnma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        unsafe { _mm256_fnmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn relu(self, x: Self::V) -> Self::V {
        // The instruction gives its second operand where either is NaN.
        unsafe { _mm256_max_ps(_mm256_setzero_ps(), x) }
    }
    #[inline(always)]
    fn gt(self, a: Self::V, b: Self::V) -> Self::M {
        unsafe { _mm256_cmp_ps::<_CMP_GT_OQ>(a, b) }
    }
    #[inline(always)]
    fn greater_or_nan(self, candidate: Self::V, held: Self::V) -> Self::M {
        unsafe {
            _mm256_or_ps(
                _mm256_cmp_ps::<_CMP_GT_OQ>(candidate, held),
                _mm256_cmp_ps::<_CMP_UNORD_Q>(candidate, candidate),
            )
        }
    }
    #[inline(always)]
    fn select(self, m: Self::M, a: Self::V, b: Self::V) -> Self::V {
        unsafe { _mm256_blendv_ps(b, a, m) }
    }
    #[inline(always)]
    fn clamp_min(self, x: Self::V, bound: Self::V) -> Self::V {
        unsafe { _mm256_max_ps(bound, x) } // As in `relu`.
    }
    #[inline(always)]
    fn clamp_max(self, x: Self::V, bound: Self::V) -> Self::V {
        unsafe { _mm256_min_ps(bound, x) }
    }
    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    fn upper_bf16(self, pairs: Self::V) -> Self::V {
        unsafe {
            let upper = _mm256_set1_epi32(0xffff_0000_u32 as i32);
            _mm256_and_ps(pairs, _mm256_castsi256_ps(upper))
        }
    }
    #[inline(always)]
    fn lower_bf16(self, pairs: Self::V) -> Self::V {
        unsafe { _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_castps_si256(pairs))) }
    }
    #[inline(always)]
    fn load_partial(self, x: &[f32]) -> Self::V {
        unsafe { _mm256_maskload_ps(x.as_ptr(), lane_mask(x.len())) }
    }
    #[inline(always)]
    fn store_partial(self, x: &mut [f32], v: Self::V) {
        unsafe { _mm256_maskstore_ps(x.as_mut_ptr(), lane_mask(x.len()), v) }
    }
}

/// The first `n` lanes, or all.
#[inline(always)]
fn lane_mask(n: usize) -> __m256i {
    const WINDOW: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    // SAFETY: eight values from at most the eighth on; the machine has AVX2, as the caller shows.
    unsafe { _mm256_loadu_si256(WINDOW[8 - n.min(8)..].as_ptr().cast()) }
}
