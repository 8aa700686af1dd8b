//! Softmax of the rows of a block, and its gradient.

use super::packed::Packed;
use crate::activation::exp;
use crate::simd::{MAX_LANES, Simd};

/// Below this, `exp` is no normal number; it is taken as 0, so that a key that is masked with minus
/// infinity has no part.
const SMALLEST_EXPONENT: f32 = -87.0;

/// The softmax of each of the first `rows` rows.
#[inline(always)]
pub(super) fn softmax_rows<S: Simd>(simd: S, x: &mut Packed<S>, rows: usize) {
    for row in 0..rows {
        softmax(simd, x.row_mut(row));
    }
}

#[inline(always)]
fn softmax<S: Simd>(simd: S, x: &mut [f32]) {
    let largest = simd.splat(largest(simd, x));
    let mut sum = simd.zero();
    for x in x.chunks_mut(S::LANES) {
        let shifted = simd.sub(simd.load_partial(x), largest);
        // NaN stays NaN.
        let tiny = simd.gt(simd.splat(SMALLEST_EXPONENT), shifted);
        let e = simd.select(tiny, simd.zero(), exp(simd, shifted));
        simd.store_partial(x, e);
        // Zero beyond the end of the row.
        sum = simd.add(sum, simd.load_partial(x));
    }
    let by = simd.splat(1.0 / simd.sum(sum));
    for x in x.chunks_mut(S::LANES) {
        let scaled = simd.mul(simd.load_partial(x), by);
        simd.store_partial(x, scaled);
    }
}

#[inline(always)]
fn largest<S: Simd>(simd: S, x: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; MAX_LANES];
    let whole = x.chunks_exact(S::LANES);
    let rest = whole.remainder();
    let mut largest = simd.splat(f32::NEG_INFINITY);
    for x in whole {
        let x = simd.load(x);
        largest = simd.select(simd.gt(x, largest), x, largest);
    }
    simd.store(&mut lanes, largest);
    lanes
        .iter()
        .chain(rest)
        .copied()
        .fold(f32::NEG_INFINITY, f32::max)
}

/// Replaces the gradients of the weights in `gradients` by those of their logits:
/// `p (g - sum(p g))` for each of the first `rows` rows, p the weights.
#[inline(always)]
pub(super) fn softmax_gradients<S: Simd>(
    simd: S,
    weights: &Packed<S>,
    gradients: &mut Packed<S>,
    rows: usize,
) {
    for row in 0..rows {
        let (p, g) = (weights.row(row), gradients.row_mut(row));
        let mut sum = simd.zero();
        for (p, g) in p.chunks(S::LANES).zip(g.chunks(S::LANES)) {
            sum = simd.fma(simd.load_partial(p), simd.load_partial(g), sum);
        }
        let sum = simd.splat(simd.sum(sum));
        for (p, g) in p.chunks(S::LANES).zip(g.chunks_mut(S::LANES)) {
            let centred = simd.sub(simd.load_partial(g), sum);
            simd.store_partial(g, simd.mul(simd.load_partial(p), centred));
        }
    }
}
