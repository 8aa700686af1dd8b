//! IsNaN and IsInf.

use super::{Inputs, NodeInfo, Operator, OperatorError, OutputType};
use crate::ints::Ints;
use crate::layout::AxisRule;
use crate::value::Value;

/// Whether each value is NaN, or infinite.
#[derive(Debug)]
pub(super) enum IsNotFinite {
    NaN,
    Infinite { negative: bool, positive: bool },
}

impl IsNotFinite {
    pub fn parse(node: &mut NodeInfo) -> Self {
        if node.op_type == "IsNaN" {
            return Self::NaN;
        }
        Self::Infinite {
            negative: node.attributes.int("detect_negative", 1) != 0,
            positive: node.attributes.int("detect_positive", 1) != 0,
        }
    }

    fn holds(&self, x: f32) -> bool {
        match *self {
            Self::NaN => x.is_nan(),
            Self::Infinite { negative, positive } => {
                (negative && x == f32::NEG_INFINITY) || (positive && x == f32::INFINITY)
            }
        }
    }
}

impl Operator for IsNotFinite {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    fn output_type(&self) -> OutputType {
        OutputType::Int
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let shape = x.shape().to_vec();
        // A truth value has no gradient.
        let values = x.without_gradient().into_host()?;
        let truth = values.into_iter().map(|x| self.holds(x).into());
        Ok(vec![Value::Int(Ints::new(truth.collect(), shape)?)])
    }
}
