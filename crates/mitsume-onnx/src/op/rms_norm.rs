//! RMSNormalization and LpNormalization.

use burn::tensor::Tensor;

use super::reduce::norm;
use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::ints::axis;
use crate::layout::AxisRule;
use crate::shape::{outer_axis_inner, rows_from};
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
    /// `(h - n mean(h n)) / r` with h the cotangent times the scale, r the root of the mean square and n
    /// the normalised input.
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let (x, scale) = (inputs.float(0)?, inputs.float(1)?);
        let shape = x.shape().to_vec();
        let [outer, inner] = rows_from(&shape, axis(self.axis, shape.len())?);
        let x = x.into_tensor([outer, inner]);
        let h = cotangent.into_tensor([outer, inner]) * scale.into_tensor([1, inner]);
        let mean = (x.clone() * x.clone()).mean_dim(1);
        let root = mean.add_scalar(self.epsilon).sqrt();
        let normalised = x / root.clone();
        let along = normalised.clone() * (h.clone() * normalised).mean_dim(1);
        let dx = (h - along) / root;
        Ok(vec![Some(Floats::from_tensor(dx).reshaped(shape)?)])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Normalised { axis: self.axis }
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let (x, scale) = (inputs.float(0)?, inputs.float(1)?);
        let shape = x.shape().to_vec();
        let [outer, inner] = rows_from(&shape, axis(self.axis, shape.len())?);
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
    /// `(g - d sum(g y)) / |x|` with y the result and d the length's derivative.
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let x = inputs.float(0)?;
        let shape = x.shape().to_vec();
        let sides = outer_axis_inner(&shape, axis(self.axis, shape.len())?);
        let (x, g) = (x.into_tensor(sides), cotangent.into_tensor(sides));
        let length = self.length(x.clone());
        let y = x.clone() / length.clone();
        let slope = match self.absolute {
            true => x.sign(),
            false => y.clone(),
        };
        let along = slope * (g.clone() * y).sum_dim(1);
        let dx = (g - along) / length;
        Ok(vec![Some(Floats::from_tensor(dx).reshaped(shape)?)])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Kept
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let shape = x.shape().to_vec();
        let sides = outer_axis_inner(&shape, axis(self.axis, shape.len())?);
        let x = x.into_tensor(sides);
        let length = self.length(x.clone());
        Ok(vec![Value::Float(
            Floats::from_tensor(x / length).reshaped(shape)?,
        )])
    }
}

impl LpNorm {
    /// Of the middle axis.
    fn length(&self, x: Tensor<3>) -> Tensor<3> {
        match self.absolute {
            true => x.abs().sum_dim(1),
            false => norm((x.clone() * x).sum_dim(1)),
        }
    }
}
