//! What follows a convolution in the same pass: bias, skip connection, activation.

use crate::isa::Kernel;
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

/// What follows the sums of some pixels.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    /// [channels]
    pub bias: &'a [f32],
    /// Of the same pixels.
    pub add: Option<&'a [f32]>,
    pub activation: Activation,
}

impl Finish<'_> {
    /// `out` [pixels, channels] becomes `activation(out + bias (+ add))`.
    #[inline(always)]
    pub fn apply<S: Simd>(&self, simd: S, out: &mut [f32]) {
        // Told apart here, not for each vector.
        match self.activation {
            Activation::Identity => self.with(simd, out, Identity),
            Activation::Relu => self.with(simd, out, Relu),
            Activation::Clip(low, high) => self.with(simd, out, Clip(low, high)),
            other => self.with(simd, out, Other(other)),
        }
    }

    #[inline(always)]
    fn with<S: Simd, C: Curve>(&self, simd: S, out: &mut [f32], curve: C) {
        let channels = self.bias.len();
        let whole = channels / S::LANES * S::LANES;
        for (i, pixel) in out.chunks_exact_mut(channels).enumerate() {
            let add = self.add.map(|add| &add[i * channels..(i + 1) * channels]);
            let mut at = 0;
            while at < whole {
                let mut v = simd.add(simd.load(&pixel[at..]), simd.load(&self.bias[at..]));
                if let Some(add) = add {
                    v = simd.add(v, simd.load(&add[at..]));
                }
                simd.store(&mut pixel[at..], curve.of(simd, v));
                at += S::LANES;
            }
            if at < channels {
                let rest = simd.load_some(&pixel[at..]);
                let mut v = simd.add(rest, simd.load_some(&self.bias[at..]));
                if let Some(add) = add {
                    v = simd.add(v, simd.load_some(&add[at..]));
                }
                simd.store_some(&mut pixel[at..], curve.of(simd, v));
            }
        }
    }
}

impl Kernel for (Finish<'_>, &mut [f32]) {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.0.apply(simd, self.1);
    }
}

/// An activation known at compile time.
trait Curve: Copy {
    fn of<S: Simd>(self, simd: S, v: S::V) -> S::V;
}

#[derive(Clone, Copy)]
struct Identity;
#[derive(Clone, Copy)]
struct Relu;
#[derive(Clone, Copy)]
struct Clip(f32, f32);
#[derive(Clone, Copy)]
struct Other(Activation);

impl Curve for Identity {
    #[inline(always)]
    fn of<S: Simd>(self, _: S, v: S::V) -> S::V {
        v
    }
}

impl Curve for Relu {
    #[inline(always)]
    fn of<S: Simd>(self, simd: S, v: S::V) -> S::V {
        simd.relu(v)
    }
}

impl Curve for Clip {
    #[inline(always)]
    fn of<S: Simd>(self, simd: S, v: S::V) -> S::V {
        clip(simd, v, self.0, self.1)
    }
}

impl Curve for Other {
    #[inline(always)]
    fn of<S: Simd>(self, simd: S, v: S::V) -> S::V {
        activate(simd, v, self.0)
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
