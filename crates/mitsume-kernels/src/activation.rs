//! Activation functions of vectors.

use crate::simd::Simd;

/// An activation function, applied to each value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Activation {
    /// The identity.
    #[default]
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, low), high)`
    Clip(f32, f32),
    /// `x * min(max(x / 6 + 1/2, 0), 1)`
    HardSwish,
    /// `x / (1 + exp(-x))`
    Silu,
    /// `x (1 + erf(x / sqrt(2))) / 2`, the exact one.
    Gelu,
}

impl Activation {
    /// ReLU if `relu`, else the identity.
    pub(crate) fn relu_if(relu: bool) -> Self {
        if relu { Self::Relu } else { Self::Identity }
    }
}

/// A function of each lane of a vector. Inner loops are compiled for each type that implements it.
pub(crate) trait Elementwise: Copy {
    fn apply<S: Simd>(self, simd: S, v: S::V) -> S::V;

    /// Its derivative at `v`; where it has none, what PyTorch takes.
    fn derivative<S: Simd>(self, simd: S, v: S::V) -> S::V;
}

#[derive(Clone, Copy)]
pub(crate) struct Identity;
#[derive(Clone, Copy)]
pub(crate) struct Relu;
#[derive(Clone, Copy)]
pub(crate) struct Clip(pub f32, pub f32);

/// Expands `$body` once per activation type, so that the loop in it is specialised and no vector
/// tests the activation. SiLU, GELU and hard-swish share one expansion: their arithmetic outweighs
/// the test.
macro_rules! for_activation {
    ($activation:expr, $f:ident => $body:expr) => {
        match $activation {
            $crate::activation::Activation::Identity => {
                let $f = $crate::activation::Identity;
                $body
            }
            $crate::activation::Activation::Relu => {
                let $f = $crate::activation::Relu;
                $body
            }
            $crate::activation::Activation::Clip(low, high) => {
                let $f = $crate::activation::Clip(low, high);
                $body
            }
            $f => $body,
        }
    };
}
pub(crate) use for_activation;

impl Elementwise for Identity {
    #[inline(always)]
    fn apply<S: Simd>(self, _: S, v: S::V) -> S::V {
        v
    }

    #[inline(always)]
    fn derivative<S: Simd>(self, simd: S, _: S::V) -> S::V {
        simd.splat(1.0)
    }
}

impl Elementwise for Relu {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, v: S::V) -> S::V {
        simd.relu(v)
    }

    /// 0 at 0.
    #[inline(always)]
    fn derivative<S: Simd>(self, simd: S, v: S::V) -> S::V {
        simd.select(simd.gt(v, simd.zero()), simd.splat(1.0), simd.zero())
    }
}

impl Elementwise for Clip {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, v: S::V) -> S::V {
        simd.clamp_max(simd.clamp_min(v, simd.splat(self.0)), simd.splat(self.1))
    }

    /// 0 at both bounds.
    #[inline(always)]
    fn derivative<S: Simd>(self, simd: S, v: S::V) -> S::V {
        let (one, zero) = (simd.splat(1.0), simd.zero());
        let below = simd.select(simd.gt(simd.splat(self.1), v), one, zero);
        simd.select(simd.gt(v, simd.splat(self.0)), below, zero)
    }
}

impl Elementwise for Activation {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, v: S::V) -> S::V {
        match self {
            Activation::Identity => v,
            Activation::Relu => simd.relu(v),
            Activation::Clip(low, high) => Clip(low, high).apply(simd, v),
            Activation::HardSwish => {
                let gate = simd.fma(v, simd.splat(1.0 / 6.0), simd.splat(0.5));
                simd.mul(v, Clip(0.0, 1.0).apply(simd, gate))
            }
            Activation::Silu => {
                let e = exp(simd, simd.sub(simd.zero(), v));
                simd.div(v, simd.add(simd.splat(1.0), e))
            }
            Activation::Gelu => simd.mul(v, normal_distribution(simd, v)),
        }
    }

    #[inline(always)]
    fn derivative<S: Simd>(self, simd: S, v: S::V) -> S::V {
        match self {
            Activation::Identity => Identity.derivative(simd, v),
            Activation::Relu => Relu.derivative(simd, v),
            Activation::Clip(low, high) => Clip(low, high).derivative(simd, v),
            Activation::HardSwish => {
                // The gate, plus v times the gate's slope.
                let gate = simd.fma(v, simd.splat(1.0 / 6.0), simd.splat(0.5));
                let slope = simd.mul(Clip(0.0, 1.0).derivative(simd, gate), simd.splat(1.0 / 6.0));
                simd.fma(v, slope, Clip(0.0, 1.0).apply(simd, gate))
            }
            Activation::Silu => {
                // s (1 + v (1 - s)), s the sigmoid.
                let one = simd.splat(1.0);
                let e = exp(simd, simd.sub(simd.zero(), v));
                let s = simd.div(one, simd.add(one, e));
                simd.mul(s, simd.fma(v, simd.sub(one, s), one))
            }
            Activation::Gelu => {
                // The distribution function, plus v times its density.
                let half_square = simd.mul(simd.mul(v, v), simd.splat(-0.5));
                let density = simd.mul(
                    exp(simd, half_square),
                    simd.splat(
                        std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2 / 2.0,
                    ),
                );
                simd.fma(v, density, normal_distribution(simd, v))
            }
        }
    }
}

/// `exp(x)` as in Cephes' `expf`: `2^n exp(r)` with `|r| <= ln(2) / 2`, and a polynomial for
/// `exp(r)`. x is clipped to where the result is a normal number.
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::V) -> S::V {
    /// Added and subtracted again, it rounds to the nearest whole number.
    const ROUND: f32 = 12_582_912.0;
    /// ln(2) in two parts; the first times n is exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const POLYNOMIAL: [f32; 6] = [
        1.987_569_1e-4,
        1.398_2e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_6e-1,
        0.5,
    ];
    let x = Clip(-87.0, 88.0).apply(simd, x);
    let n = simd.fma(x, simd.splat(std::f32::consts::LOG2_E), simd.splat(ROUND));
    let n = simd.sub(n, simd.splat(ROUND));
    let r = simd.fnma(n, simd.splat(LN_2[0]), x);
    let r = simd.fnma(n, simd.splat(LN_2[1]), r);
    let mut p = simd.splat(POLYNOMIAL[0]);
    for c in &POLYNOMIAL[1..] {
        p = simd.fma(p, r, simd.splat(*c));
    }
    let p = simd.fma(simd.mul(p, r), r, simd.add(r, simd.splat(1.0)));
    simd.mul(p, simd.exp2_int(n))
}

/// The standard normal cumulative distribution function, `(1 + erf(x / sqrt(2))) / 2`, to 1e-7:
/// Abramowitz and Stegun 7.1.26 for `1 - erf`, so that nothing cancels below 0.
#[inline(always)]
fn normal_distribution<S: Simd>(simd: S, x: S::V) -> S::V {
    /// The formula's p, and its a_5 to a_1, halved.
    const P: f32 = 0.327_591_1;
    const A: [f32; 5] = [
        1.061_405_4 / 2.0,
        -1.453_152 / 2.0,
        1.421_413_8 / 2.0,
        -0.284_496_74 / 2.0,
        0.254_829_6 / 2.0,
    ];
    let minus = simd.sub(simd.zero(), x);
    let z = simd.mul(
        simd.clamp_min(x, minus),
        simd.splat(std::f32::consts::FRAC_1_SQRT_2),
    );
    let t = simd.div(simd.splat(1.0), simd.fma(z, simd.splat(P), simd.splat(1.0)));
    let mut a = simd.splat(A[0]);
    for c in &A[1..] {
        a = simd.fma(a, t, simd.splat(*c));
    }
    let e = exp(simd, simd.sub(simd.zero(), simd.mul(z, z)));
    let above = simd.mul(simd.mul(a, t), e);
    simd.select(
        simd.gt(x, simd.zero()),
        simd.sub(simd.splat(1.0), above),
        above,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{Isa, Kernel};

    /// Applies the activation to every value.
    struct Activate<'a>(Activation, &'a mut [f32]);

    impl Kernel for Activate<'_> {
        type Output = ();

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            for x in self.1.chunks_mut(S::LANES) {
                let v = self.0.apply(simd, simd.load_partial(x));
                simd.store_partial(x, v);
            }
        }
    }

    #[test]
    fn silu_is_accurate_to_a_few_units_in_the_last_place() {
        for isa in Isa::available() {
            let x: Vec<f32> = (-8000..=8000).map(|i| i as f32 / 100.0).collect();
            let mut y = x.clone();
            isa.run(Activate(Activation::Silu, &mut y));
            for (x, y) in x.into_iter().zip(y) {
                let expected = f64::from(x) / (1.0 + (-f64::from(x)).exp());
                let off = (f64::from(y) - expected).abs();
                // About eight units in the last place of float32.
                assert!(
                    off <= expected.abs() * 5e-7,
                    "{}: {x} {y} {expected}",
                    isa.name()
                );
            }
            let mut ends = [f32::INFINITY, 1e30, -1e4, f32::NAN, 0.0];
            isa.run(Activate(Activation::Silu, &mut ends));
            assert_eq!(ends[..2], [f32::INFINITY, 1e30], "{}", isa.name());
            assert!(
                ends[2].abs() < 1e-30 && ends[3].is_nan() && ends[4] == 0.0,
                "{}",
                isa.name()
            );
        }
    }

    /// The error function by its Maclaurin series; the terms stay below 1e4 here, so eleven digits
    /// are correct.
    fn erf(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..100 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    }

    #[test]
    fn gelu_agrees_with_its_definition() {
        for isa in Isa::available() {
            let x: Vec<f32> = (-450..=450).map(|i| i as f32 / 100.0).collect();
            let mut y = x.clone();
            isa.run(Activate(Activation::Gelu, &mut y));
            for (x, y) in x.into_iter().zip(y) {
                let x = f64::from(x);
                let expected = x * (1.0 + erf(x / std::f64::consts::SQRT_2)) / 2.0;
                // Relative to x, the formula is good to 1.5e-7 / 2; a few roundings add three times
                // 6e-8.
                let off = (f64::from(y) - expected).abs();
                assert!(
                    off < 3e-7 * x.abs().max(0.1),
                    "{}: {x} {y} {expected}",
                    isa.name()
                );
            }
            let mut ends = [f32::INFINITY, 50.0, -50.0, f32::NAN, 0.0];
            isa.run(Activate(Activation::Gelu, &mut ends));
            assert_eq!(ends[..2], [f32::INFINITY, 50.0], "{}", isa.name());
            assert!(
                ends[2].abs() < 1e-30 && ends[3].is_nan() && ends[4] == 0.0,
                "{}",
                isa.name()
            );
        }
    }

    /// Replaces every value by the derivative there.
    struct Differentiate<'a>(Activation, &'a mut [f32]);

    impl Kernel for Differentiate<'_> {
        type Output = ();

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            for x in self.1.chunks_mut(S::LANES) {
                let v = self.0.derivative(simd, simd.load_partial(x));
                simd.store_partial(x, v);
            }
        }
    }

    #[test]
    fn derivatives_agree_with_differences_of_the_definitions() {
        let clip = |x: f64, low: f64, high: f64| x.max(low).min(high);
        type Definition<'a> = &'a dyn Fn(f64) -> f64;
        let gelu = |x: f64| x * (1.0 + erf(x / std::f64::consts::SQRT_2)) / 2.0;
        let definitions: [(Activation, Definition); 6] = [
            (Activation::Identity, &|x| x),
            (Activation::Relu, &|x| x.max(0.0)),
            (Activation::Clip(0.0, 6.0), &|x| clip(x, 0.0, 6.0)),
            (Activation::HardSwish, &|x| {
                x * clip(x / 6.0 + 0.5, 0.0, 1.0)
            }),
            (Activation::Silu, &|x| x / (1.0 + (-x).exp())),
            (Activation::Gelu, &gelu),
        ];
        for isa in Isa::available() {
            for (activation, f) in &definitions {
                // Never at a corner (0, 3); beyond 4.5 the series of erf loses digits.
                let x: Vec<f32> = (-220..=220).map(|i| i as f32 / 50.0 + 0.007).collect();
                let mut found = x.clone();
                isa.run(Differentiate(*activation, &mut found));
                for (x, found) in x.into_iter().zip(found) {
                    let (x, h) = (f64::from(x), 1e-5);
                    let expected = (f(x + h) - f(x - h)) / (2.0 * h);
                    // Differences of f64 are good to 1e-10 here, GELU's formula to 3e-7.
                    let off = (f64::from(found) - expected).abs();
                    assert!(
                        off < 1e-6,
                        "{} {activation:?}: {x} {found} {expected}",
                        isa.name()
                    );
                }
            }
        }
    }

    #[test]
    fn clip_clamps_values_and_propagates_nan() {
        for isa in Isa::available() {
            let mut x = [-2.0, -1.0, 0.5, 3.0, f32::NAN, f32::INFINITY];
            isa.run(Activate(Activation::Clip(-1.0, 2.0), &mut x));
            assert_eq!(x[..4], [-1.0, -1.0, 0.5, 2.0], "{}", isa.name());
            assert!(x[4].is_nan() && x[5] == 2.0, "{}", isa.name());
        }
    }
}
