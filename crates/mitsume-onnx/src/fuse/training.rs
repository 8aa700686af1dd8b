//! Fusion of a graph that is trained: batch norms take the residual add and the activation after
//! them, and attention is one operator.

use std::collections::HashSet;

use super::{FusionPass, KnownValues, Shapes, add_residual};
use crate::execution_plan::Values;
use crate::graph::{Node, ValueId};
use crate::op::{Binary, BinaryFunction, Op, Unary};

/// `nodes` with residual adds and activations fused into the batch norms before them, and
/// activations of several operators made one. Values in `kept` are still computed.
pub(crate) fn fuse_for_training(
    nodes: &[Node],
    kept: &HashSet<ValueId>,
    constants: &Values,
) -> Vec<Node> {
    let shapes = &Shapes::new();
    let mut pass = FusionPass::new(nodes, kept, KnownValues { shapes, constants });
    for index in 0..nodes.len() {
        pass.fuse_sigmoid_product(index);
        pass.fuse_gelu(index);
        pass.fuse_attention(index);
        pass.fuse_batch_norm_residual(index);
        pass.fuse_batch_norm_activation(index);
    }
    pass.nodes.into_iter().flatten().collect()
}

impl FusionPass<'_> {
    fn fuse_batch_norm_activation(&mut self, index: usize) {
        let Some(node) = &self.nodes[index] else {
            return;
        };
        let Op::Unary(Unary::Activation(activation)) = node.op else {
            return;
        };
        let Some(before) = self.producer_of(node, 0) else {
            return;
        };
        let Op::TrainableBatchNorm(norm) = &self.node(before).op else {
            return;
        };
        if let Some(norm) = norm.with_activation(activation) {
            self.replace_batch_norm(before, index, Op::TrainableBatchNorm(norm.into()), None);
        }
    }

    fn fuse_batch_norm_residual(&mut self, index: usize) {
        let Some(node) = &self.nodes[index] else {
            return;
        };
        let (Op::Binary(Binary(BinaryFunction::Add)), &[Some(a), Some(b)]) =
            (&node.op, &node.inputs[..])
        else {
            return;
        };
        let candidates = [(a, b), (b, a)].into_iter().filter_map(|(sum, other)| {
            let before = self.sole_producer(sum)?;
            let Op::TrainableBatchNorm(norm) = &self.node(before).op else {
                return None;
            };
            // A constant is not a residual.
            self.producers.get(&other)?;
            Some((before, norm.with_residual()?, other))
        });
        // The later of the two, because the other's result is available by then.
        if let Some((before, norm, other)) = candidates.max_by_key(|(before, ..)| *before) {
            let op = Op::TrainableBatchNorm(norm.into());
            self.replace_batch_norm(before, index, op, Some(other));
        }
    }

    /// Replaces batch norm `before` and node `after` by `op`, at the place of `after`.
    fn replace_batch_norm(
        &mut self,
        before: usize,
        after: usize,
        op: Op,
        residual: Option<ValueId>,
    ) {
        let mut first = self.nodes[before].take().expect("the node exists");
        let last = self.nodes[after].take().expect("it is the current node");
        add_residual(&mut first, &op, residual);
        // Its other outputs are the batch's statistics.
        first.outputs[0] = last.outputs[0];
        self.nodes[after] = Some(Node { op, ..first });
    }
}
