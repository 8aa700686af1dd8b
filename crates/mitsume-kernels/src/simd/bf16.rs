//! Values of bfloat16, two of them in the 32 bits of an f32: the upper half and the lower half.
//!
//! A pair is kept in memory of f32 and in vectors of f32, so that buffers, layouts and the register
//! tile are the same for both formats. Its f32 value means nothing.

/// `x` rounded to bfloat16, to nearest even, in the lower 16 bits. As in the instruction VCVTNE2PS2BF16,
/// subnormal values become 0.
#[inline(always)]
fn round(x: f32) -> u32 {
    let bits = x.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
    let quiet_nan = bits >> 16 | 0x40;
    let zero = bits >> 16 & 0x8000;
    if magnitude > 0x7f80_0000 {
        quiet_nan
    } else if magnitude < 0x0080_0000 {
        zero
    } else {
        rounded
    }
}

/// A pair of both values, rounded.
#[inline(always)]
pub(crate) fn pair(lower: f32, upper: f32) -> f32 {
    f32::from_bits(round(upper) << 16 | round(lower))
}

/// A pair whose upper value is 0, with another as its upper value.
#[inline(always)]
pub(crate) fn with_upper(pair: f32, upper: f32) -> f32 {
    f32::from_bits(round(upper) << 16 | pair.to_bits())
}

/// The upper value of a pair.
#[inline(always)]
pub(crate) fn upper(pair: f32) -> f32 {
    f32::from_bits(pair.to_bits() & 0xffff_0000)
}

/// The lower value of a pair.
#[inline(always)]
pub(crate) fn lower(pair: f32) -> f32 {
    f32::from_bits(pair.to_bits() << 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{Isa, Kernel};
    use crate::simd::{MAX_LANES, Simd};

    #[test]
    fn values_are_rounded_to_the_nearest_of_eight_significant_bits() {
        // 1 + 2^-7 is the next value after 1; halfway cases go to the even one.
        let next = 1.0 + 2.0_f32.powi(-7);
        let half = 2.0_f32.powi(-8);
        let cases = [
            (1.0, 1.0),
            (1.0 + half, 1.0),
            (1.0 + half + half / 256.0, next),
            (next + half, next + 2.0 * half),
            (-1.0 - half, -1.0),
            (3.0e38, f32::from_bits(0x7f62_0000)),
            (f32::MAX, f32::INFINITY),
            (f32::NEG_INFINITY, f32::NEG_INFINITY),
            (-1e-40, -0.0),
            (f32::MIN_POSITIVE, f32::MIN_POSITIVE),
        ];
        for (x, want) in cases {
            assert_eq!(lower(pair(x, 2.0)).to_bits(), want.to_bits(), "{x}");
            assert_eq!(upper(pair(2.0, x)).to_bits(), want.to_bits(), "{x}");
            assert_eq!(upper(with_upper(pair(x, 0.0), 2.0)), 2.0);
        }
        for bits in [0x7f80_0001, 0x7fff_ffff, 0xffff_ffff] {
            assert!(lower(pair(f32::from_bits(bits), 1.0)).is_nan());
        }
    }

    /// All operations on pairs of two vectors; `[f32; MAX_LANES]` each.
    struct Pairs<'a>(&'a [f32], &'a [f32]);
    impl Kernel for Pairs<'_> {
        type Output = [[f32; MAX_LANES]; 3];
        const MULTIPLIES_BF16: bool = true;
        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> Self::Output {
            let (a, b) = (simd.load(self.0), simd.load(self.1));
            let pairs = simd.with_upper_bf16(simd.to_lower_bf16(a), b);
            let mut out = [[0.0; MAX_LANES]; 3];
            simd.store(&mut out[0], pairs);
            // A sum that is not subnormal, which some sets flush to zero.
            simd.store(&mut out[1], simd.fma_bf16(pairs, pairs, simd.splat(0.75)));
            // SAFETY: the array holds more than LANES / 2 values.
            unsafe { simd.store_bf16(out[2].as_mut_ptr(), a) };
            out
        }
    }

    #[test]
    fn vectors_hold_and_multiply_the_same_pairs_on_every_instruction_set() {
        let x = crate::test_values::values(4096, 1);
        let special = [f32::INFINITY, -0.0, 1e-39, f32::MAX, 1e-38, 0.3, 7.0, -2.5];
        let x = [x, special.repeat(4)].concat();
        for isa in Isa::available() {
            let n = isa.lanes();
            for values in x.chunks_exact(2 * n) {
                let (a, b) = values.split_at(n);
                let [pairs, products, neighbours] = isa.run(Pairs(a, b));
                for i in 0..n {
                    let want = pair(a[i], b[i]);
                    assert_eq!(pairs[i].to_bits(), want.to_bits(), "{}", isa.name());
                    let (u, l) = (upper(want), lower(want));
                    let want = l.mul_add(l, u.mul_add(u, 0.75));
                    assert_eq!(products[i].to_bits(), want.to_bits(), "{}", isa.name());
                }
                for i in 0..n / 2 {
                    let want = pair(a[2 * i], a[2 * i + 1]);
                    assert_eq!(neighbours[i].to_bits(), want.to_bits(), "{}", isa.name());
                }
            }
        }
    }
}
