//! RMSNormalization and LpNormalization.

use super::reduce::norm;
use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::ints::axis;
use crate::layout::AxisRule;
use crate::shape::outer_axis_inner;
use crate::value::{Floats, Value};

/// `x / sqrt(mean(x^2) + epsilon) * scale`, the mean over all axes from `axis` on.
#[derive(Debug)]
pub(super) struct RmsNorm {
    axis: i64,
    epsilon: f32,
}

impl RmsNorm {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        node.attributes.only("stash_type", 1)?;
        Ok(Self {
            axis: node.attributes.int("axis", -1),
            epsilon: node.attributes.float("epsilon", 1e-5),
        })
    }
}

impl Operator for RmsNorm {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Normalised { axis: self.axis }
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let (x, scale) = (inputs.float(0)?, inputs.float(1)?);
        let shape = x.shape().to_vec();
        let axis = axis(self.axis, shape.len())?;
        let inner: usize = shape[axis..].iter().product();
        let outer: usize = shape[..axis].iter().product();
        if scale.shape().iter().product::<usize>() != inner {
            return Err(OperatorError::Unsupported(format!(
                "a scale of shape {:?} for {inner} values",
                scale.shape()
            )));
        }
        let x = x.into_tensor([outer, inner]);
        let mean = (x.clone() * x.clone()).mean_dim(1);
        let y = x / mean.add_scalar(self.epsilon).sqrt() * scale.into_tensor([1, inner]);
        Ok(vec![Value::Float(Floats::from_tensor(y).reshaped(shape)?)])
    }
}

/// `x / |x|` along an axis, with the sum of absolute values or the Euclidean norm.
#[derive(Debug)]
pub(super) struct LpNorm {
    axis: i64,
    absolute: bool,
}

impl LpNorm {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let absolute = match node.attributes.int("p", 2) {
            1 => true,
            2 => false,
            other => {
                return Err(OperatorError::Unsupported(format!(
                    "p = {other} is not supported, only 1 and 2"
                )));
            }
        };
        Ok(Self {
            axis: node.attributes.int("axis", -1),
            absolute,
        })
    }
}

impl Operator for LpNorm {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Kept
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let shape = x.shape().to_vec();
        let sides = outer_axis_inner(&shape, axis(self.axis, shape.len())?);
        let x = x.into_tensor(sides);
        let length = match self.absolute {
            true => x.clone().abs().sum_dim(1),
            false => norm((x.clone() * x.clone()).sum_dim(1)),
        };
        Ok(vec![Value::Float(
            Floats::from_tensor(x / length).reshaped(shape)?,
        )])
    }
}
