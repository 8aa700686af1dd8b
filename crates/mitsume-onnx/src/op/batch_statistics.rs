//! BatchNormalization by the statistics of its own input.

use burn::tensor::Tensor;

use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::layout::AxisRule;
use crate::value::{Floats, Value};

/// `training_mode = 1` on constants: models standardise the weights of convolutions by it. Of images it is
/// refused, because what it says of one would depend on the others.
#[derive(Debug)]
pub(super) struct BatchStatistics {
    epsilon: f32,
    momentum: f32,
}

impl BatchStatistics {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        node.attributes.only("training_mode", 1)?;
        if (0..5).any(|i| node.constant(i).is_none()) {
            return Err(OperatorError::Unsupported(
                "training_mode = 1 is supported of constants only: export in evaluation mode"
                    .into(),
            ));
        }
        Ok(Self {
            epsilon: node.attributes.float("epsilon", 1e-5),
            momentum: node.attributes.float("momentum", 0.9),
        })
    }
}

impl Operator for BatchStatistics {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::PerChannel
    }

    fn has_several_outputs(&self) -> bool {
        true
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let shape = x.shape().to_vec();
        let [n, channels, ..] = shape[..] else {
            return Err("two axes or more expected".into());
        };
        let inner: usize = shape[2..].iter().product();
        let mut given = Vec::new();
        for i in 1..5 {
            let values = inputs.float(i)?;
            if values.shape() != [channels] {
                return Err(OperatorError::Invalid(format!(
                    "input {i} of shape {:?} for {channels} channels",
                    values.shape()
                )));
            }
            given.push(values.into_tensor([1, channels, 1]));
        }
        let [scale, bias, old_mean, old_variance] = &given[..] else {
            return Err("five inputs expected".into());
        };
        let x = x.into_tensor([n, channels, inner]);
        let mean_of = |x: Tensor<3>| x.mean_dim(2).mean_dim(0);
        let mean = mean_of(x.clone());
        let centred = x - mean.clone();
        let variance = mean_of(centred.clone() * centred.clone());
        let deviation = variance.clone().add_scalar(self.epsilon).sqrt();
        let y = centred / deviation * scale.clone() + bias.clone();
        let running = |old: &Tensor<3>, new: Tensor<3>| {
            let running = old.clone().mul_scalar(self.momentum)
                + new.mul_scalar(1.0 - f64::from(self.momentum));
            Floats::from_tensor(running).reshaped(vec![channels])
        };
        Ok(vec![
            Value::Float(Floats::from_tensor(y).reshaped(shape)?),
            Value::Float(running(old_mean, mean)?),
            Value::Float(running(old_variance, variance)?),
        ])
    }
}
