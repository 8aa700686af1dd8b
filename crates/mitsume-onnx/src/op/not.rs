//! Not.

use super::{Inputs, Operator, OperatorError, OutputType};
use crate::ints::Ints;
use crate::layout::AxisRule;
use crate::value::Value;

/// Logical negation.
#[derive(Debug)]
pub(crate) struct Not;

impl Operator for Not {
    fn output_type(&self) -> OutputType {
        OutputType::Int
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?.int()?;
        Ok(vec![Value::Int(Ints {
            data: x.data.into_iter().map(|v| (v == 0).into()).collect(),
            shape: x.shape,
        })])
    }
}
