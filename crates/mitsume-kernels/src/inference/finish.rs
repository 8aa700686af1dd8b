//! What follows a convolution in the same pass: bias, skip connection, activation.

use crate::simd::Simd;

/// What is done to each value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Activation {
    /// Nothing.
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
}

/// `values` [channels] of one pixel become `activation(values + bias (+ add))`.
#[inline(always)]
pub(crate) fn finish<S: Simd>(
    simd: S,
    values: &mut [f32],
    bias: &[f32],
    add: Option<&[f32]>,
    activation: Activation,
) {
    let n = values.len();
    let mut at = 0;
    while at < n {
        let to = (at + S::LANES).min(n);
        let mut v = simd.add(
            simd.load_some(&values[at..to]),
            simd.load_some(&bias[at..to]),
        );
        if let Some(add) = add {
            v = simd.add(v, simd.load_some(&add[at..to]));
        }
        simd.store_some(&mut values[at..to], activate(simd, v, activation));
        at = to;
    }
}

/// The activation of one vector.
#[inline(always)]
pub(crate) fn activate<S: Simd>(simd: S, v: S::V, activation: Activation) -> S::V {
    match activation {
        Activation::Identity => v,
        Activation::Relu => simd.relu(v),
        Activation::Clip(low, high) => clip(simd, v, low, high),
        Activation::HardSwish => {
            let gate = simd.fma(v, simd.splat(1.0 / 6.0), simd.splat(0.5));
            simd.mul(v, clip(simd, gate, 0.0, 1.0))
        }
        Activation::Silu => {
            let mut lanes = [0.0; crate::simd::MAX_LANES];
            simd.store(&mut lanes, v);
            for x in &mut lanes[..S::LANES] {
                *x /= 1.0 + (-*x).exp();
            }
            simd.load(&lanes)
        }
    }
}

#[inline(always)]
fn clip<S: Simd>(simd: S, v: S::V, low: f32, high: f32) -> S::V {
    let (low, high) = (simd.splat(low), simd.splat(high));
    let v = simd.select(simd.gt(low, v), low, v);
    simd.select(simd.gt(v, high), high, v)
}
