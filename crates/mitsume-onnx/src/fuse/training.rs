//! Fusion of a graph that is trained: batch norms take the residual add and the activation after
//! them, linear layers their bias, and attention is one operator.

use std::collections::{HashMap, HashSet};

use super::{FusionPass, KnownValues, Shapes, add_residual};
use crate::execution_plan::Values;
use crate::graph::{Node, ValueId};
use crate::op::{Binary, BinaryFunction, Concat, Op, TrainableLinear, Unary};

/// `nodes` with residual adds and activations fused into the batch norms before them, and
/// activations of several operators made one; products with parameters take the bias after them.
/// Values in `kept` are still computed.
///
/// - `parameters`: their shapes.
pub(crate) fn fuse_for_training(
    nodes: &[Node],
    kept: &HashSet<ValueId>,
    constants: &Values,
    parameters: &Shapes,
) -> Vec<Node> {
    let known = KnownValues {
        shapes: parameters,
        constants,
    };
    let nodes = with_shared_concatenations(nodes.to_vec());
    let mut pass = FusionPass::new(&nodes, kept, known);
    for index in 0..nodes.len() {
        pass.fuse_trainable_linear(index);
        pass.fuse_trainable_bias(index);
        pass.fuse_sigmoid_product(index);
        pass.fuse_gelu(index);
        pass.fuse_attention(index);
        pass.fuse_batch_norm_residual(index);
        pass.fuse_batch_norm_activation(index);
    }
    pass.nodes.into_iter().flatten().collect()
}

/// `nodes` with concatenations of what another concatenates and one more as those of its result and
/// that one, so that the many tensors of a DenseNet's blocks are not copied, nor their gradients added,
/// one by one.
fn with_shared_concatenations(mut nodes: Vec<Node>) -> Vec<Node> {
    let mut known: HashMap<(i64, Vec<Option<ValueId>>), Option<ValueId>> = HashMap::new();
    for node in &mut nodes {
        let Op::Concat(Concat { axis }) = node.op else {
            continue;
        };
        let inputs = node.inputs.clone();
        if let Some((&last, before)) = inputs.split_last()
            && let Some(&shared) = known.get(&(axis, before.to_vec()))
        {
            node.inputs = vec![shared, last];
        }
        known.insert((axis, inputs), node.outputs.first().copied().flatten());
    }
    nodes
}

impl FusionPass<'_> {
    /// A product with a matrix that is a parameter, transposed or not, as a linear layer.
    fn fuse_trainable_linear(&mut self, index: usize) {
        let Some(Node {
            op: Op::MatMul(_),
            inputs,
            ..
        }) = &self.nodes[index]
        else {
            return;
        };
        let &[Some(_), Some(matrix)] = &inputs[..] else {
            return;
        };
        let transpose = self.producers.get(&matrix).copied();
        let transposed = transpose.and_then(|at| {
            let node = self.nodes[at].as_ref()?;
            let Op::Transpose(transpose) = &node.op else {
                return None;
            };
            (*node.inputs.first()?).filter(|_| transpose.is_of_matrix())
        });
        let weights = transposed.unwrap_or(matrix);
        if self.parameter_axes(weights) != Some(2) {
            return;
        }
        if let Some(transpose) = transpose.filter(|_| self.sole_producer(matrix).is_some()) {
            self.nodes[transpose] = None;
        }
        let node = self.nodes[index].as_mut().expect("the node exists");
        node.op = Op::TrainableLinear(TrainableLinear {
            transposed: transposed.is_some(),
        });
        node.inputs[1] = Some(weights);
    }

    /// A linear layer plus a vector that is a parameter, as its bias.
    fn fuse_trainable_bias(&mut self, index: usize) {
        let Some(Node {
            op: Op::Binary(Binary(BinaryFunction::Add)),
            inputs,
            ..
        }) = &self.nodes[index]
        else {
            return;
        };
        let &[Some(a), Some(b)] = &inputs[..] else {
            return;
        };
        let found = [(a, b), (b, a)].into_iter().find_map(|(product, bias)| {
            let before = self.sole_producer(product)?;
            let node = self.node(before);
            let Op::TrainableLinear(linear) = node.op else {
                return None;
            };
            let weights = self.shapes.get(&node.inputs[1]?)?;
            let outputs = weights[usize::from(!linear.transposed)];
            let is_bias = self.parameter_axes(bias) == Some(1)
                && self.shapes[&bias] == [outputs]
                && node.inputs.len() == 2;
            is_bias.then_some((before, bias))
        });
        let Some((before, bias)) = found else {
            return;
        };
        let mut first = self.nodes[before].take().expect("the node exists");
        let last = self.nodes[index].take().expect("it is the current node");
        first.inputs.push(Some(bias));
        self.nodes[index] = Some(Node {
            op: first.op,
            inputs: first.inputs,
            ..last
        });
    }

    /// The number of axes of value `id`, if it is a parameter.
    fn parameter_axes(&self, id: ValueId) -> Option<usize> {
        self.shapes.get(&id).map(Vec::len)
    }

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
