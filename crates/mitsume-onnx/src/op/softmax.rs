//! Softmax and LogSoftmax.

use burn::tensor::{Tensor, activation};

use super::{Inputs, NodeInfo, Operator, OperatorError, shape_of_first};
use crate::ints::axis;
use crate::layout::AxisRule;
use crate::shape::outer_axis_inner;
use crate::value::{Floats, Value};

/// Softmax over one axis; before opset 13 over all axes from `axis` on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Softmax {
    axis: i64,
    /// Whether all axes from `axis` on are flattened to one.
    flattens: bool,
}

impl Operator for Softmax {
    /// `s (g - sum(s g))`
    fn vjp(&self, inputs: Inputs, cotangent: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        let sides = self.sides(cotangent.shape())?;
        let g = cotangent.into_tensor(sides);
        let mut dx = self.run_along_axis(inputs, |x| {
            let s = activation::softmax(x, 1);
            let mean = (s.clone() * g.clone()).sum_dim(1);
            s * (g - mean)
        })?;
        Ok(vec![Some(dx.remove(0).float()?)])
    }

    fn run(&self, inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        self.run_along_axis(inputs, |x| activation::softmax(x, 1))
    }

    fn output_shape(
        &self,
        inputs: &[Option<&[usize]>],
    ) -> Option<Result<Vec<usize>, OperatorError>> {
        shape_of_first(inputs)
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }
}

impl Softmax {
    /// Over the last axis.
    pub const LAST_AXIS: Self = Self {
        axis: -1,
        flattens: false,
    };

    /// Whether it is over the last axis alone, of a tensor of `rank` axes if that is known.
    pub fn is_over_last_axis(self, rank: Option<usize>) -> bool {
        let last = rank.is_some_and(|rank| self.axis + 1 == rank as i64);
        self.axis == -1 || last
    }

    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let flattens = node.opset < 13;
        Ok(Self {
            axis: node.attributes.int("axis", if flattens { 1 } else { -1 }),
            flattens,
        })
    }

    /// `shape` with what is normalised in the middle.
    fn sides(self, shape: &[usize]) -> Result<[usize; 3], OperatorError> {
        let axis = axis(self.axis, shape.len())?;
        Ok(match self.flattens {
            true => {
                let inner = shape[axis..].iter().product();
                [shape[..axis].iter().product(), inner, 1]
            }
            false => outer_axis_inner(shape, axis),
        })
    }

    fn run_along_axis(
        self,
        mut inputs: Inputs,
        function: impl FnOnce(Tensor<3>) -> Tensor<3>,
    ) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let shape = x.shape().to_vec();
        let sides = self.sides(&shape)?;
        let result = Floats::from_tensor(function(x.into_tensor(sides))).reshaped(shape)?;
        Ok(vec![Value::Float(result)])
    }
}

/// The logarithm of the softmax.
#[derive(Debug)]
pub(crate) struct LogSoftmax(pub Softmax);

impl Operator for LogSoftmax {
    /// `g - s sum(g)` with s the softmax.
    fn vjp(&self, inputs: Inputs, cotangent: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        let sides = self.0.sides(cotangent.shape())?;
        let g = cotangent.into_tensor(sides);
        let mut dx = self.0.run_along_axis(inputs, |x| {
            let sum = g.clone().sum_dim(1);
            g - activation::softmax(x, 1) * sum
        })?;
        Ok(vec![Some(dx.remove(0).float()?)])
    }

    fn output_shape(
        &self,
        inputs: &[Option<&[usize]>],
    ) -> Option<Result<Vec<usize>, OperatorError>> {
        shape_of_first(inputs)
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    fn run(&self, inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        self.0
            .run_along_axis(inputs, |x| activation::log_softmax(x, 1))
    }
}
