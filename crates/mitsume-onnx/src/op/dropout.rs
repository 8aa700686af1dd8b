//! Dropout: the identity in evaluation.

use super::{NodeInfo, Op, OperatorError};
use crate::constant::Constant;

/// An error in training mode.
pub(super) fn parse(node: &mut NodeInfo) -> Result<Op, OperatorError> {
    for name in ["ratio", "seed"] {
        node.attributes.ignore(name);
    }
    let in_training = match node.constant(2) {
        Some(Constant::Int(ints)) => ints.data != [0],
        Some(Constant::Float(..)) => {
            return Err(OperatorError::Invalid(
                "a training_mode that is no truth value".into(),
            ));
        }
        None => node.is_given(2),
    };
    if in_training {
        return Err(OperatorError::Unsupported(
            "training_mode is not supported: export in evaluation mode".into(),
        ));
    }
    Ok(Op::Identity)
}
