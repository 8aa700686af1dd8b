//! The nodes at the end of a file that make probabilities of its logits.

use super::{Node, OutputActivation, ValueId};
use crate::op::{Op, OutputType, Unary};

/// The nodes at the end of a file that make probabilities of its logits.
pub(super) struct OutputNodes {
    pub logits: ValueId,
    pub activation: OutputActivation,
    /// Their positions.
    pub nodes: Vec<usize>,
}

/// The softmax or sigmoid that makes `output`, with conversions of floats after it.
pub(super) fn output_nodes(nodes: &[Node], mut output: ValueId) -> Option<OutputNodes> {
    let mut positions = Vec::new();
    loop {
        let makes = |node: &Node| node.outputs.first() == Some(&Some(output));
        let position = nodes.iter().position(makes)?;
        let node = &nodes[position];
        let input = (*node.inputs.first()?)?;
        positions.push(position);
        let activation = match &node.op {
            Op::Softmax(_) => OutputActivation::Softmax,
            Op::Unary(Unary::Sigmoid) => OutputActivation::Sigmoid,
            op if node.op_type == "Cast"
                && matches!(op.operator().output_type(), OutputType::Float) =>
            {
                output = input;
                continue;
            }
            _ => return None,
        };
        return Some(OutputNodes {
            logits: input,
            activation,
            nodes: positions,
        });
    }
}
