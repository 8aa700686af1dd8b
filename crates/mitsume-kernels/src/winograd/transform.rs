//! One-dimensional transforms of Winograd's F(4, 3) and its transpose.
//!
//! A 3-tap filter over 6 inputs gives 4 outputs by 6 products instead of 12: y = A^T
//! [(G g) * (B^T d)] (Winograd 1980; Lavin and Gray, "Fast Algorithms for Convolutional Neural
//! Networks", 2016). The points are 0, +-1/sqrt(2), +-sqrt(2) and infinity: with a^2 b^2 = 1 the
//! transforms stay short, and the rounding error is a few times below that of the usual 0, +-1,
//! +-2. The same identity read as a trilinear form gives the gradient of the filter: dg = G^T
//! [(B^T d) * (A dy)].

use crate::simd::Simd;

/// Outputs of a tile along one axis.
pub(crate) const OUTPUT_TILE: usize = 4;
/// Inputs of a tile along one axis.
pub(crate) const INPUT_TILE: usize = 6;
/// Products of a tile (two axes).
pub(crate) const POINTS: usize = INPUT_TILE * INPUT_TILE;

const A: f32 = std::f32::consts::FRAC_1_SQRT_2;
const B: f32 = std::f32::consts::SQRT_2;

/// B^T d
#[inline(always)]
pub(crate) fn input<S: Simd>(s: S, d: [S::V; INPUT_TILE]) -> [S::V; INPUT_TILE] {
    let (two, half, wide) = (s.splat(2.0), s.splat(0.5), s.splat(2.5));
    let even_a = s.fnma(two, d[2], d[4]);
    let odd_a = s.fnma(two, d[1], d[3]);
    let even_b = s.fnma(half, d[2], d[4]);
    let odd_b = s.fnma(half, d[1], d[3]);
    let (a, b) = (s.splat(A), s.splat(B));
    [
        s.add(s.fnma(wide, d[2], d[0]), d[4]),
        s.fma(a, odd_a, even_a),
        s.fnma(a, odd_a, even_a),
        s.fma(b, odd_b, even_b),
        s.fnma(b, odd_b, even_b),
        s.add(s.fnma(wide, d[3], d[1]), d[5]),
    ]
}

/// A^T m
#[inline(always)]
pub(crate) fn output<S: Simd>(s: S, m: [S::V; INPUT_TILE]) -> [S::V; OUTPUT_TILE] {
    let (even_a, odd_a) = (s.add(m[1], m[2]), s.sub(m[1], m[2]));
    let (even_b, odd_b) = (s.add(m[3], m[4]), s.sub(m[3], m[4]));
    [
        s.add(s.add(m[0], even_a), even_b),
        s.fma(s.splat(A), odd_a, s.mul(s.splat(B), odd_b)),
        s.fma(s.splat(0.5), even_a, s.mul(s.splat(2.0), even_b)),
        s.fma(
            s.splat(0.5 * A),
            odd_a,
            s.fma(s.splat(2.0 * B), odd_b, m[5]),
        ),
    ]
}

/// A dy
#[inline(always)]
pub(crate) fn gradient<S: Simd>(s: S, d: [S::V; OUTPUT_TILE]) -> [S::V; INPUT_TILE] {
    let even_a = s.fma(s.splat(0.5), d[2], d[0]);
    let odd_a = s.mul(s.splat(A), s.fma(s.splat(0.5), d[3], d[1]));
    let even_b = s.fma(s.splat(2.0), d[2], d[0]);
    let odd_b = s.mul(s.splat(B), s.fma(s.splat(2.0), d[3], d[1]));
    [
        d[0],
        s.add(even_a, odd_a),
        s.sub(even_a, odd_a),
        s.add(even_b, odd_b),
        s.sub(even_b, odd_b),
        d[3],
    ]
}

/// G: row p holds 1, x, x^2 at point p, divided by the derivative there of the polynomial with all
/// points as roots.
pub(crate) fn filter_matrix() -> [[f64; 3]; INPUT_TILE] {
    let (a, b) = (0.5f64.sqrt(), 2.0f64.sqrt());
    let (na, nb) = (-1.5, 6.0);
    let row = |x: f64, n: f64| [1.0 / n, x / n, x * x / n];
    [
        row(0.0, 1.0),
        row(a, na),
        row(-a, na),
        row(b, nb),
        row(-b, nb),
        [0.0, 0.0, 1.0],
    ]
}
