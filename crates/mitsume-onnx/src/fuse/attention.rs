//! Attention as products, scales and a softmax.

use super::FusionPass;
use crate::graph::ValueId;
use crate::op::{BinaryFunction, MatMul, Op, ScaledDotProduct};

/// An operand of the product of queries and keys.
struct Operand {
    value: ValueId,
    /// Product of the scalar factors between `value` and the product.
    factor: f32,
    /// Nodes between `value` and the product.
    nodes: Vec<usize>,
}

/// What the nodes of an attention are replaced by.
struct AttentionMatch {
    op: ScaledDotProduct,
    queries: ValueId,
    keys: ValueId,
    values: ValueId,
    /// The nodes, but for the last.
    nodes: Vec<usize>,
}

impl FusionPass<'_> {
    /// `softmax(q k) v`, scaled by constants, as one operator; node `index` is the last product.
    pub(super) fn fuse_attention(&mut self, index: usize) {
        let Some(found) = self.nodes[index]
            .as_ref()
            .and_then(|_| self.match_attention(index))
        else {
            return;
        };
        for node in found.nodes {
            self.nodes[node] = None;
        }
        let node = self.nodes[index].as_mut().expect("the node exists");
        node.op = Op::Other(std::sync::Arc::new(found.op));
        node.inputs = [found.queries, found.keys, found.values].map(Some).to_vec();
    }

    fn match_attention(&self, index: usize) -> Option<AttentionMatch> {
        let [weights, values] = self.product(index)?;
        let softmax_at = self.sole_producer(weights)?;
        let softmax = self.node(softmax_at);
        let Op::Softmax(over) = softmax.op else {
            return None;
        };
        let rank = self.shapes.get(&weights).map(Vec::len);
        let logits = (*softmax.inputs.first()?).filter(|_| over.is_over_last_axis(rank))?;
        let logits = self.without_factors(logits);
        let product_at = self.sole_producer(logits.value)?;
        let [queries, keys] = self.product(product_at)?;
        let (queries, mut keys) = (self.without_factors(queries), self.without_factors(keys));
        let transpose = self.last_axes_swap(keys.value);
        if let Some((at, before)) = transpose {
            keys.value = before;
            keys.nodes.push(at);
        }
        let op = ScaledDotProduct {
            scale: logits.factor * queries.factor * keys.factor,
            keys_transposed: transpose.is_none(),
        };
        let nodes = [softmax_at, product_at].into_iter();
        Some(AttentionMatch {
            op,
            queries: queries.value,
            keys: keys.value,
            values,
            nodes: nodes
                .chain(logits.nodes)
                .chain(queries.nodes)
                .chain(keys.nodes)
                .collect(),
        })
    }

    /// The inputs of node `index`, if it is a product.
    fn product(&self, index: usize) -> Option<[ValueId; 2]> {
        let node = self.node(index);
        match (&node.op, &node.inputs[..]) {
            (Op::MatMul(MatMul), &[Some(a), Some(b)]) => Some([a, b]),
            _ => None,
        }
    }

    /// `value` before it was multiplied or divided by scalars.
    fn without_factors(&self, value: ValueId) -> Operand {
        let mut operand = Operand {
            value,
            factor: 1.0,
            nodes: Vec::new(),
        };
        while let Some((at, before, factor)) = self.factor(operand.value) {
            operand.value = before;
            operand.factor *= factor;
            operand.nodes.push(at);
        }
        operand
    }

    /// If `value` is another value times a scalar: the node, the other value, and the scalar.
    fn factor(&self, value: ValueId) -> Option<(usize, ValueId, f32)> {
        let at = self.sole_producer(value)?;
        // A factor of more axes would add axes to the product.
        let scalar = |id| {
            let axes = self.constants.get(&id)?.shape().len();
            (axes <= 2).then(|| self.scalar(id))?
        };
        if let Some([dividend, by]) = self.pair(at, BinaryFunction::Div) {
            return Some((at, dividend, 1.0 / scalar(by)?));
        }
        let [a, b] = self.pair(at, BinaryFunction::Mul)?;
        [(a, b), (b, a)]
            .into_iter()
            .find_map(|(x, factor)| Some((at, x, scalar(factor)?)))
    }

    /// If `value` is another value with its last two axes swapped: the node, and the other value.
    fn last_axes_swap(&self, value: ValueId) -> Option<(usize, ValueId)> {
        let at = self.sole_producer(value)?;
        let node = self.node(at);
        match (&node.op, &node.inputs[..]) {
            (Op::Transpose(transpose), &[Some(x)]) if transpose.swaps_last_axes() => Some((at, x)),
            _ => None,
        }
    }
}
