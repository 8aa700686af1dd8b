//! BatchNormalization of a graph that is trained: batch statistics in a training pass, running ones in
//! evaluation.

use burn::tensor::Tensor;
use burn::tensor::module::{batch_norm, batch_norm_train};
use mitsume_kernels::burn_extension::training::{self, BatchNormOptions};
use mitsume_kernels::inference::Activation;

use super::{Binary, BinaryFunction, Inputs, NodeInfo, Operator, OperatorError};
use super::{trains_on_kernels, unary};
use crate::layout::AxisRule;
use crate::value::{Floats, MemoryOrder, Value};

/// Inputs: x [N, C, ...], scale, bias, running mean and running variance, [C] each; and a fused
/// residual, of the shape of x.
#[derive(Clone, Debug)]
pub(crate) struct TrainableBatchNorm {
    epsilon: f64,
    /// Share of the old running statistic that is kept: ONNX's momentum, 1 - PyTorch's.
    momentum: f64,
    /// Fused, after the residual.
    activation: Activation,
    has_residual: bool,
}

/// Position of a fused residual among the inputs.
pub(crate) const RESIDUAL_INPUT: usize = 5;

impl TrainableBatchNorm {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        node.attributes.only("spatial", 1)?;
        node.attributes.ignore("training_mode");
        Ok(Self {
            epsilon: decimal(node.attributes.float("epsilon", 1e-5)),
            momentum: decimal(node.attributes.float("momentum", 0.9)),
            activation: Activation::Identity,
            has_residual: false,
        })
    }

    /// The same with a fused activation; `None` if it has one already, or if the two are not fused.
    pub fn with_activation(&self, activation: Activation) -> Option<Self> {
        let is_fused = !self.has_residual || activation == Activation::Relu;
        (self.activation == Activation::Identity && is_fused).then(|| Self {
            activation,
            ..self.clone()
        })
    }

    /// The same with a fused residual; `None` if it has one already, or an activation.
    pub fn with_residual(&self) -> Option<Self> {
        let is_plain = self.activation == Activation::Identity && !self.has_residual;
        is_plain.then(|| Self {
            has_residual: true,
            ..self.clone()
        })
    }

    /// Adds a residual that was not added by the kernels, and applies the activation.
    fn finish(&self, y: Floats, residual: Option<Floats>) -> Result<Floats, OperatorError> {
        let y = match residual {
            Some(residual) => Binary(BinaryFunction::Add).floats(y, residual)?,
            None => y,
        };
        Ok(y.map(|y| unary::activate(y, self.activation)))
    }
}

/// The decimal number that was rounded to `value`: a file has 1e-5 and 0.9 in single precision, where
/// PyTorch computes with them in double precision.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

impl Operator for TrainableBatchNorm {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let shape = x.shape().to_vec();
        let [n, channels] = match shape[..] {
            [n, channels, ..] => [n, channels],
            _ => {
                return Err(OperatorError::Invalid(format!(
                    "input of shape {shape:?}: two axes or more expected"
                )));
            }
        };
        let mut vector = |i: usize| -> Result<Tensor<1>, OperatorError> {
            let v = inputs.float(i)?;
            if v.shape() != [channels] {
                return Err(OperatorError::Invalid(format!(
                    "input {i} of shape {:?} for {channels} channels",
                    v.shape()
                )));
            }
            Ok(v.into_tensor([channels]))
        };
        let (scale, bias) = (vector(1)?, vector(2)?);
        let (mean, variance) = (vector(3)?, vector(4)?);
        let residual = inputs.optional(RESIDUAL_INPUT).map(Value::float);
        let residual = residual.transpose()?;
        let inner: usize = shape[2..].iter().product();
        let output = |y: Tensor<3>| Floats::from_tensor(y).reshaped(shape.clone());
        if inputs.training.is_none() {
            let x = x.into_tensor([n, channels, inner]);
            let y = output(batch_norm(x, scale, bias, mean, variance, self.epsilon))?;
            return Ok(vec![Value::Float(self.finish(y, residual)?)]);
        }
        let count = (n * inner) as f64;
        if count < 2.0 {
            return Err(OperatorError::Invalid(
                "one value per channel has no variance: more images in a batch, or larger ones"
                    .into(),
            ));
        }
        if trains_on_kernels(&x) && matches!(shape.len(), 2 | 4) {
            return self.run_fused(x, scale, bias, residual);
        }
        let x = x.into_tensor([n, channels, inner]);
        let normalised = batch_norm_train(x, scale, bias, self.epsilon);
        let unbiased = normalised.variance.mul_scalar(count / (count - 1.0));
        Ok(vec![
            Value::Float(self.finish(output(normalised.output)?, residual)?),
            Value::Float(Floats::from_tensor(normalised.mean)),
            Value::Float(Floats::from_tensor(unbiased)),
        ])
    }

    /// With batch statistics `scale / s (g - mean(g) - n mean(g n))`, n the normalised input and s the
    /// batch's standard deviation; with running ones `scale g / s`.
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        if self.has_residual || self.activation != Activation::Identity {
            return Err(OperatorError::Unsupported(
                "a fused batch norm has no gradient through its gradient".into(),
            ));
        }
        let x = inputs.float(0)?;
        let shape = x.shape().to_vec();
        let (n, channels, inner) = (shape[0], shape[1], shape[2..].iter().product());
        let per_channel = |v: Floats| v.into_tensor([1, channels, 1]);
        let scale = per_channel(inputs.float(1)?);
        let variance = per_channel(inputs.float(4)?);
        let g = cotangent.into_tensor([n, channels, inner]);
        let dx = if inputs.training.is_none() {
            g * scale / variance.add_scalar(self.epsilon).sqrt()
        } else {
            let mean = |x: Tensor<3>| x.mean_dim(2).mean_dim(0);
            let x = x.into_tensor([n, channels, inner]);
            let centred = x.clone() - mean(x);
            let variance = mean(centred.clone() * centred.clone());
            let deviation = variance.add_scalar(self.epsilon).sqrt();
            let normalised = centred / deviation.clone();
            let along = normalised.clone() * mean(g.clone() * normalised);
            (g.clone() - mean(g) - along) * (scale / deviation)
        };
        Ok(vec![Some(Floats::from_tensor(dx).reshaped(shape)?)])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::PerChannel
    }

    fn has_several_outputs(&self) -> bool {
        true
    }

    fn running_momentum(&self) -> Option<f64> {
        Some(self.momentum)
    }
}

impl TrainableBatchNorm {
    /// With the batch's statistics, on the kernels.
    fn run_fused(
        &self,
        x: Floats,
        scale: Tensor<1>,
        bias: Tensor<1>,
        residual: Option<Floats>,
    ) -> Result<Vec<Value>, OperatorError> {
        let shape = x.shape().to_vec();
        // Of two axes, rows are pixels already.
        let order = match shape.len() {
            4 => MemoryOrder::ChannelsLast,
            _ => MemoryOrder::RowMajor,
        };
        // A residual of another shape is broadcast, which the kernels do not do.
        let (residual, unfused) = match residual {
            Some(residual) if residual.shape() == shape => (Some(residual), None),
            other => (None, other),
        };
        let options = BatchNormOptions {
            epsilon: self.epsilon,
            activation: match unfused {
                Some(_) => Activation::Identity,
                None => self.activation,
            },
        };
        let x = x.into_channels_last().into_flat();
        let residual = residual.map(|residual| residual.into_channels_last().into_flat());
        let normalised = training::batch_norm_train(x, scale, bias, residual, options)?;
        let mut y = Floats::with_order(normalised.y, shape, order)?;
        if unfused.is_some() {
            y = self.finish(y, unfused)?;
        }
        Ok(vec![
            Value::Float(y),
            Value::Float(Floats::from_tensor(normalised.mean)),
            Value::Float(Floats::from_tensor(normalised.variance)),
        ])
    }
}
