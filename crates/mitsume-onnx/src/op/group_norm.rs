//! InstanceNormalization and GroupNormalization.

use burn::tensor::Tensor;

use super::layer_norm::{standardised_rows, standardised_rows_vjp};
use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::ints::dimension;
use crate::layout::AxisRule;
use crate::value::{Floats, Value};

/// `(x - mean) / sqrt(variance + epsilon) * scale + bias` of [N, C, ...], with the mean and the variance of
/// each image's groups of channels.
#[derive(Debug)]
pub(super) struct GroupNorm {
    /// Number of groups; `None`: each channel is one.
    groups: Option<usize>,
    epsilon: f32,
}

impl GroupNorm {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        node.attributes.only("stash_type", 1)?;
        let epsilon = node.attributes.float("epsilon", 1e-5);
        if node.op_type == "InstanceNormalization" {
            return Ok(Self {
                groups: None,
                epsilon,
            });
        }
        if node.opset < 21 {
            return Err(OperatorError::Unsupported(format!(
                "opset {}: ONNX has withdrawn this operator before opset 21",
                node.opset
            )));
        }
        Ok(Self {
            groups: Some(dimension(node.attributes.int("num_groups", 0))?),
            epsilon,
        })
    }
}

/// Scale or bias as [1, groups, channels of a group, 1].
fn per_channel(values: Floats, [groups, channels]: [usize; 2]) -> Result<Tensor<4>, OperatorError> {
    if values.shape() != [groups * channels] {
        return Err(OperatorError::Invalid(format!(
            "scale or bias of shape {:?} where {} values are expected",
            values.shape(),
            groups * channels
        )));
    }
    Ok(values.into_tensor([1, groups, channels, 1]))
}

impl Operator for GroupNorm {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::PerChannel
    }

    /// With the cotangent times the scale.
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let (x, scale) = (inputs.float(0)?, inputs.float(1)?);
        let shape = x.shape().to_vec();
        let [n, groups, own, inner] = self.sides(&shape)?;
        let rows = [n * groups, own * inner];
        let h = cotangent.into_tensor([n, groups, own, inner]) * per_channel(scale, [groups, own])?;
        let dx = standardised_rows_vjp(x.into_tensor(rows), h.reshape(rows), self.epsilon);
        Ok(vec![Some(Floats::from_tensor(dx).reshaped(shape)?)])
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let (x, scale, bias) = (inputs.float(0)?, inputs.float(1)?, inputs.float(2)?);
        let shape = x.shape().to_vec();
        let [n, groups, own, inner] = self.sides(&shape)?;
        let scale = per_channel(scale, [groups, own])?;
        let bias = per_channel(bias, [groups, own])?;
        let x = x.into_tensor([n * groups, own * inner]);
        let y = standardised_rows(x, self.epsilon);
        let y = y.reshape([n, groups, own, inner]) * scale + bias;
        Ok(vec![Value::Float(Floats::from_tensor(y).reshaped(shape)?)])
    }
}

impl GroupNorm {
    /// Images, groups, channels of a group, and pixels.
    fn sides(&self, shape: &[usize]) -> Result<[usize; 4], OperatorError> {
        let [n, channels, ..] = shape[..] else {
            return Err(OperatorError::Invalid(format!(
                "input of shape {shape:?}: two axes or more expected"
            )));
        };
        let groups = self.groups.unwrap_or(channels);
        if groups == 0 || !channels.is_multiple_of(groups) {
            return Err(OperatorError::Invalid(format!(
                "{channels} channels in {groups} groups"
            )));
        }
        Ok([n, groups, channels / groups, shape[2..].iter().product()])
    }
}
