//! Identity.

use super::{Inputs, Operator, OperatorError};
use crate::layout::AxisRule;
use crate::value::Value;

/// Not run in a graph, where its outputs become aliases of its input.
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
