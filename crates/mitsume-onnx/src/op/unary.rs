//! Element-wise operators of one input.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn::tensor::{Tensor, activation};
use mitsume_kernels::burn_extension::training::activate_train;
use mitsume_kernels::inference::Activation;

use super::{Inputs, NodeInfo, Operator, OperatorError, differentiates_on_kernels};
use crate::ints::Ints;
use crate::layout::AxisRule;
use crate::value::{Floats, MemoryOrder, Value};

/// `x (1 + tanh(GELU_SCALE (x + GELU_CUBE x^3))) / 2`: GELU in its tanh approximation.
const GELU_SCALE: f32 = 0.797_884_6;
const GELU_CUBE: f32 = 0.044_715;

/// An element-wise function of one tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unary {
    Abs,
    Neg,
    Exp,
    Log,
    Sqrt,
    Reciprocal,
    Erf,
    Tanh,
    Sigmoid,
    Floor,
    Ceil,
    Softplus,
    Softsign,
    Sin,
    Cos,
    Sign,
    /// To the nearest integer, half way to the even one.
    Round,
    /// `x tanh(softplus(x))`
    Mish,
    /// `gamma x`, or `gamma alpha (exp(x) - 1)` below 0: alpha and gamma.
    Selu(f32, f32),
    /// `x`, or `alpha (exp(x / alpha) - 1)` below 0.
    Celu(f32),
    /// `x` above the threshold, else 0.
    ThresholdedRelu(f32),
    /// `max(0, min(1, alpha x + beta))`
    HardSigmoid(f32, f32),
    LeakyRelu(f32),
    Elu(f32),
    /// GELU in its tanh approximation; the exact one is an [`Activation`].
    GeluTanh,
    /// An activation that can be fused into the operator before it.
    Activation(Activation),
}

impl Operator for Unary {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let value = match inputs.take(0)? {
            Value::Float(x) => Value::Float(x.map(|x| self.apply(x))),
            Value::Int(x) => {
                let function: fn(i64) -> i64 = match self {
                    Self::Abs => i64::wrapping_abs,
                    Self::Neg => i64::wrapping_neg,
                    Self::Floor | Self::Ceil | Self::Round => |x| x,
                    Self::Sign => i64::signum,
                    Self::Activation(Activation::Relu) => |x| x.max(0),
                    _ => return Err(OperatorError::FloatExpected),
                };
                Value::Int(Ints {
                    data: x.data.into_iter().map(function).collect(),
                    shape: x.shape,
                })
            }
        };
        Ok(vec![value])
    }

    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let x = inputs.float(0)?;
        let (order, shape) = (x.order(), x.shape().to_vec());
        let slope = self.derivative(x.into_flat());
        let g = match order {
            MemoryOrder::ChannelsLast => cotangent.into_channels_last(),
            MemoryOrder::RowMajor | MemoryOrder::GroupsLast => cotangent.into_row_major(),
        };
        let dx = Floats::with_order(g.into_flat() * slope, shape, order)?;
        Ok(vec![Some(dx)])
    }

    fn output_shape(
        &self,
        inputs: &[Option<&[usize]>],
    ) -> Option<Result<Vec<usize>, OperatorError>> {
        Some(Ok((*inputs.first()?)?.to_vec()))
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    /// The bounds of Clip.
    fn parsed_inputs(&self) -> &'static [usize] {
        &[1, 2]
    }
}

impl Unary {
    /// Defaults: `alpha` 0.2, `beta` 0.5.
    pub fn hard_sigmoid(node: &mut NodeInfo) -> Self {
        let alpha = node.attributes.float("alpha", 0.2);
        Self::HardSigmoid(alpha, node.attributes.float("beta", 0.5))
    }

    /// Default: `alpha` 0.01.
    pub fn leaky_relu(node: &mut NodeInfo) -> Self {
        Self::LeakyRelu(node.attributes.float("alpha", 0.01))
    }

    /// Default: `alpha` 1.
    pub fn elu(node: &mut NodeInfo) -> Self {
        Self::Elu(node.attributes.float("alpha", 1.0))
    }

    /// Defaults: those of the paper.
    pub fn selu(node: &mut NodeInfo) -> Self {
        let alpha = node.attributes.float("alpha", 1.673_263_2);
        Self::Selu(alpha, node.attributes.float("gamma", 1.050_701))
    }

    /// Default: `alpha` 1.
    pub fn celu(node: &mut NodeInfo) -> Self {
        Self::Celu(node.attributes.float("alpha", 1.0))
    }

    /// Default: `alpha` 1.
    pub fn thresholded_relu(node: &mut NodeInfo) -> Self {
        Self::ThresholdedRelu(node.attributes.float("alpha", 1.0))
    }

    /// Exact, or the tanh approximation.
    pub fn gelu(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        match node.attributes.text("approximate")?.as_str() {
            "" | "none" => Ok(Self::Activation(Activation::Gelu)),
            "tanh" => Ok(Self::GeluTanh),
            other => Err(OperatorError::Unsupported(format!(
                "approximate = {other} is not known"
            ))),
        }
    }

    /// The bounds are inputs since opset 11, attributes before that.
    pub fn clip(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let mut bound = |i: usize, name: &str, none: f32| {
            let attribute = node.attributes.float(name, none);
            if !node.is_given(i) {
                return Ok(attribute);
            }
            node.constant_scalar(i).ok_or_else(|| {
                OperatorError::Unsupported(format!("a {name} that is computed is not supported"))
            })
        };
        let low = bound(1, "min", f32::NEG_INFINITY)?;
        let high = bound(2, "max", f32::INFINITY)?;
        if low.is_nan() || high.is_nan() || low > high {
            return Err(OperatorError::Invalid(format!("bounds {low} and {high}")));
        }
        Ok(Self::Activation(Activation::Clip(low, high)))
    }

    fn apply(self, x: Tensor<1>) -> Tensor<1> {
        match self {
            Self::Abs => x.abs(),
            Self::Neg => x.neg(),
            Self::Exp => x.exp(),
            Self::Log => x.log(),
            Self::Sqrt => x.sqrt(),
            Self::Reciprocal => x.recip(),
            Self::Erf => x.erf(),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => activation::sigmoid(x),
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::Softplus => activation::softplus(x, 1.0),
            Self::Softsign => activation::softsign(x),
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Sign => x.sign(),
            Self::Round => x.round(),
            Self::Mish => x.clone() * activation::softplus(x, 1.0).tanh(),
            Self::Selu(alpha, gamma) => activation::elu(x, alpha.into()).mul_scalar(gamma),
            Self::Celu(alpha) => {
                let below = x.clone().clamp_max(0.0).div_scalar(alpha).exp();
                x.clamp_min(0.0) + below.sub_scalar(1.0).mul_scalar(alpha)
            }
            Self::ThresholdedRelu(threshold) => {
                let above = x.clone().greater_scalar(threshold).float();
                x * above
            }
            Self::HardSigmoid(alpha, beta) => hard_sigmoid(x, alpha, beta),
            Self::LeakyRelu(slope) => activation::leaky_relu(x, slope.into()),
            Self::Elu(alpha) => activation::elu(x, alpha.into()),
            Self::GeluTanh => activation::gelu_approximate(x),
            Self::Activation(kind) => activate(x, kind),
        }
    }
}

impl Unary {
    /// The derivative at `x`.
    fn derivative(self, x: Tensor<1>) -> Tensor<1> {
        match self {
            Self::Neg => x.ones_like().neg(),
            Self::Abs => x.sign(),
            Self::Exp => x.exp(),
            Self::Log => x.recip(),
            Self::Sqrt => x.sqrt().recip().mul_scalar(0.5),
            Self::Reciprocal => x.powf_scalar(-2.0).neg(),
            Self::Erf => (x.clone() * x).neg().exp().mul_scalar(FRAC_2_SQRT_PI),
            Self::Tanh => {
                let y = x.tanh();
                (y.clone() * y).neg().add_scalar(1.0)
            }
            Self::Sigmoid => {
                let y = activation::sigmoid(x);
                y.clone() * y.neg().add_scalar(1.0)
            }
            Self::Softplus => activation::sigmoid(x),
            Self::Softsign => x.abs().add_scalar(1.0).powf_scalar(-2.0),
            Self::Sin => x.cos(),
            Self::Cos => x.sin().neg(),
            Self::ThresholdedRelu(threshold) => x.greater_scalar(threshold).float(),
            Self::HardSigmoid(alpha, beta) => {
                let inner = x.mul_scalar(alpha).add_scalar(beta);
                between(inner, 0.0, 1.0).mul_scalar(alpha)
            }
            Self::LeakyRelu(slope) => {
                let positive = x.greater_scalar(0.0).float();
                positive.mul_scalar(1.0 - slope).add_scalar(slope)
            }
            Self::Elu(alpha) => {
                let positive = x.clone().greater_scalar(0.0).float();
                let negative = positive.clone().neg().add_scalar(1.0);
                positive + negative * x.clamp_max(0.0).exp().mul_scalar(alpha)
            }
            // Constant almost everywhere.
            Self::Floor | Self::Ceil | Self::Round | Self::Sign => x.zeros_like(),
            Self::Mish => {
                let t = activation::softplus(x.clone(), 1.0).tanh();
                let rest = (t.clone() * t.clone()).neg().add_scalar(1.0);
                t + x.clone() * rest * activation::sigmoid(x)
            }
            Self::Selu(alpha, gamma) => Self::Elu(alpha).derivative(x).mul_scalar(gamma),
            Self::Celu(alpha) => x.clamp_max(0.0).div_scalar(alpha).exp(),
            Self::GeluTanh => {
                let square = x.clone() * x.clone();
                let inner = square.clone().mul_scalar(GELU_CUBE).add_scalar(1.0);
                let t = (inner * x.clone()).mul_scalar(GELU_SCALE).tanh();
                let inner_slope = square.mul_scalar(3.0 * GELU_CUBE).add_scalar(1.0);
                let rest = (t.clone() * t.clone()).neg().add_scalar(1.0);
                let along = x * rest * inner_slope.mul_scalar(GELU_SCALE);
                (t.add_scalar(1.0) + along).mul_scalar(0.5)
            }
            Self::Activation(kind) => activation_derivative(kind, x),
        }
    }
}

/// 1 where `x` lies strictly between the bounds, else 0.
fn between(x: Tensor<1>, low: f32, high: f32) -> Tensor<1> {
    x.clone().greater_scalar(low).float() * x.lower_scalar(high).float()
}

/// The derivative of an activation at `x`.
fn activation_derivative(kind: Activation, x: Tensor<1>) -> Tensor<1> {
    match kind {
        Activation::Identity => x.ones_like(),
        Activation::Relu => x.greater_scalar(0.0).float(),
        Activation::Clip(low, high) => between(x, low, high),
        Activation::HardSwish => {
            let inner = x.clone().div_scalar(6.0).add_scalar(0.5);
            let slope = between(inner.clone(), 0.0, 1.0).div_scalar(6.0);
            inner.clamp(0.0, 1.0) + x * slope
        }
        Activation::Silu => {
            let s = activation::sigmoid(x.clone());
            s.clone() + x * s.clone() * s.neg().add_scalar(1.0)
        }
        Activation::Gelu => {
            let cdf = x.clone().mul_scalar(FRAC_1_SQRT_2).erf();
            let cdf = cdf.add_scalar(1.0).mul_scalar(0.5);
            let density = (x.clone() * x.clone()).mul_scalar(-0.5).exp();
            cdf + x * density.mul_scalar(0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2)
        }
    }
}

fn hard_sigmoid(x: Tensor<1>, alpha: f32, beta: f32) -> Tensor<1> {
    x.mul_scalar(alpha).add_scalar(beta).clamp(0.0, 1.0)
}

/// Applies an activation element-wise.
pub(super) fn activate(x: Tensor<1>, kind: Activation) -> Tensor<1> {
    if kind != Activation::Identity && differentiates_on_kernels(&x.device()) {
        return activate_train(kind, x);
    }
    match kind {
        Activation::Identity => x,
        Activation::Relu => activation::relu(x),
        Activation::Clip(low, high) => x.clamp(low, high),
        Activation::HardSwish => x.clone() * hard_sigmoid(x, 1.0 / 6.0, 0.5),
        Activation::Silu => activation::silu(x),
        Activation::Gelu => activation::gelu(x),
    }
}
