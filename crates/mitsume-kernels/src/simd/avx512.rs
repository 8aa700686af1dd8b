//! Vectors of 16 values: AVX-512F, and AVX512-BF16 for the products of bfloat16.
//!
//! Every `unsafe` block here rests on one reason: a value of the type exists only where the machine
//! has these instructions (see `assume`); memory is touched only through the pointers of
//! `load_ptr` and `store_ptr`, whose callers answer for them, and by masks inside a slice.

use super::Simd;
use std::arch::x86_64::*;

/// Proof that the machine has AVX-512F and, if `BF16`, AVX512-BF16.
#[derive(Clone, Copy)]
pub(crate) struct Avx512<const BF16: bool>(());

impl<const BF16: bool> Avx512<BF16> {
    /// # Safety
    /// The machine must have AVX-512F and, if `BF16`, AVX512-BF16.
    #[inline(always)]
    pub(crate) unsafe fn assume() -> Self {
        Self(())
    }
}

#[allow(clippy::undocumented_unsafe_blocks)] // One reason for all, at the top of the file.
impl<const BF16: bool> Simd for Avx512<BF16> {
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
    fn fma_bf16(self, a: Self::V, b: Self::V, sum: Self::V) -> Self::V {
        if BF16 {
            return unsafe { _mm512_dpbf16_ps(sum, pairs(a), pairs(b)) };
        }
        let sum = self.fma(self.upper_bf16(a), self.upper_bf16(b), sum);
        self.fma(self.lower_bf16(a), self.lower_bf16(b), sum)
    }
    #[inline(always)]
    fn upper_bf16(self, pairs: Self::V) -> Self::V {
        unsafe {
            let upper = _mm512_set1_epi32(0xffff_0000_u32 as i32);
            _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(pairs), upper))
        }
    }
    #[inline(always)]
    fn lower_bf16(self, pairs: Self::V) -> Self::V {
        unsafe { _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_castps_si512(pairs))) }
    }
    #[inline(always)]
    fn to_lower_bf16(self, v: Self::V) -> Self::V {
        unsafe { _mm512_castsi512_ps(_mm512_cvtepu16_epi32(rounded::<BF16>(v))) }
    }
    #[inline(always)]
    fn with_upper_bf16(self, pairs: Self::V, v: Self::V) -> Self::V {
        unsafe {
            let upper = _mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(rounded::<BF16>(v)));
            _mm512_castsi512_ps(_mm512_or_si512(upper, _mm512_castps_si512(pairs)))
        }
    }
    #[inline(always)]
    unsafe fn store_bf16(self, p: *mut f32, v: Self::V) {
        unsafe { _mm256_storeu_si256(p.cast(), rounded::<BF16>(v)) }
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

/// The lanes as pairs of bfloat16.
#[inline(always)]
fn pairs(v: __m512) -> __m512bh {
    // SAFETY: both are 512 bits without invalid patterns.
    unsafe { std::mem::transmute(v) }
}

/// The lanes rounded to bfloat16, to nearest even; subnormal ones become 0.
#[inline(always)]
fn rounded<const BF16: bool>(v: __m512) -> __m256i {
    // SAFETY: as at the top of the file; the transmuted value is 256 bits without invalid patterns.
    unsafe {
        if BF16 {
            return std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(v));
        }
        let bits = _mm512_castps_si512(v);
        let lowest = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
        let half = _mm512_add_epi32(lowest, _mm512_set1_epi32(0x7fff));
        let nearest = _mm512_add_epi32(bits, half);
        let magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fff_ffff));
        let is_nan = _mm512_cmpgt_epi32_mask(magnitude, _mm512_set1_epi32(0x7f80_0000));
        let is_subnormal = _mm512_cmplt_epi32_mask(magnitude, _mm512_set1_epi32(0x0080_0000));
        let quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x0040_0000));
        let zero = _mm512_and_si512(bits, _mm512_set1_epi32(i32::MIN));
        let whole = _mm512_mask_mov_epi32(nearest, is_nan, quiet);
        let whole = _mm512_mask_mov_epi32(whole, is_subnormal, zero);
        _mm512_cvtepi32_epi16(_mm512_srli_epi32::<16>(whole))
    }
}
