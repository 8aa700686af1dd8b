//! Identity: its input as it is.

use super::{Inputs, Operator, OperatorError};
use crate::layout::AxisRule;
use crate::value::Value;

/// Its outputs are other names of its input: it is not run where a graph is read.
#[derive(Debug)]
pub(crate) struct Identity;

impl Operator for Identity {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        Ok(vec![inputs.take(0)?])
    }
}
