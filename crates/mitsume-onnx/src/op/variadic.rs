//! Sum, Min and Max of any number of tensors, broadcast to one shape.

use super::binary::summed_to;
use super::{Binary, BinaryFunction, Inputs, NodeInfo, Op, Operator, OperatorError};
use crate::layout::AxisRule;
use crate::value::{Floats, Value};

/// A binary function applied from the first input to the last.
#[derive(Debug)]
struct Variadic(BinaryFunction);

/// With two inputs it is a [`Binary`], which can be fused.
pub(super) fn parse(function: BinaryFunction, node: &NodeInfo) -> Result<Op, OperatorError> {
    match node.given.len() {
        2 => Ok(Op::Binary(Binary(function))),
        _ => super::other(Variadic(function)),
    }
}

impl Operator for Variadic {
    /// Of a sum.
    fn vjp(&self, inputs: Inputs, cotangent: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        if self.0 != BinaryFunction::Add {
            return Err(OperatorError::Unsupported(
                "a gradient through the gradient of an extreme of three or more is not supported"
                    .into(),
            ));
        }
        let inputs = inputs.all()?.into_iter();
        inputs
            .map(|input| summed_to(cotangent.clone(), input.shape()).map(Some))
            .collect()
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    fn run(&self, inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let device = inputs.device.clone();
        let mut values = inputs.all()?.into_iter();
        let mut result = values.next().ok_or("no inputs")?;
        for value in values {
            let pair = Inputs::new(vec![Some(result), Some(value)], device.clone());
            result = Binary(self.0).run(pair)?.remove(0);
        }
        Ok(vec![result])
    }
}
