//! Matrix products with constant weights, and a bias add after them.

use super::FusionPass;
use crate::graph::{Node, ValueId};
use crate::op::{Linear, MatMul, Op};
use crate::value::Value;

/// With fewer rows per image (a classifier's last layer) packing would double the memory of the
/// weights for no gain.
const MIN_ROWS: usize = 8;

impl FusionPass<'_> {
    /// Replaces node `index` by [`Linear`] if it is a product with a constant matrix.
    pub(super) fn fuse_linear(&mut self, index: usize) {
        let Some(linear) = self.nodes[index]
            .as_ref()
            .and_then(|node| self.match_linear(node))
        else {
            return;
        };
        let node = self.nodes[index].as_mut().expect("the node exists");
        node.op = Op::Linear(linear.into());
        node.inputs.truncate(1);
    }

    fn match_linear(&self, node: &Node) -> Option<Linear> {
        let &[Some(x), Some(weights), ref bias @ ..] = &node.inputs[..] else {
            return None;
        };
        let Some(Value::Float(weights)) = self.constants.get(&weights) else {
            return None;
        };
        let [rows @ .., _] = &self.shapes.get(&x)?[..] else {
            return None;
        };
        if rows.iter().product::<usize>() < MIN_ROWS {
            return None;
        }
        match node.op {
            Op::MatMul(MatMul) => Linear::new(weights, false),
            Op::Gemm(gemm) if gemm.alpha == 1.0 && gemm.beta == 1.0 && !gemm.transposed[0] => {
                let linear = Linear::new(weights, gemm.transposed[1])?;
                match bias.first().copied().flatten() {
                    Some(bias) => linear.with_bias(&self.along_last_axis(bias)?),
                    None => Some(linear),
                }
            }
            _ => None,
        }
    }

    /// If `node` adds a constant bias to a [`Linear`]: the index of that, and both fused.
    pub(super) fn match_bias_add(&self, node: &Node) -> Option<(usize, Linear)> {
        let &[Some(a), Some(b)] = &node.inputs[..] else {
            return None;
        };
        [(a, b), (b, a)].into_iter().find_map(|(product, bias)| {
            let before = self.sole_producer(product)?;
            let Op::Linear(linear) = &self.node(before).op else {
                return None;
            };
            let rank = self.shapes.get(&product)?.len();
            let axes = self.constants.get(&bias)?.shape().len();
            let bias = self.along_last_axis(bias).filter(|_| axes <= rank)?;
            Some((
                before,
                linear
                    .with_bias(&bias)
                    .filter(|_| self.residual_input(before).is_none())?,
            ))
        })
    }

    /// The values of a constant that varies along its last axis only.
    fn along_last_axis(&self, id: ValueId) -> Option<Vec<f32>> {
        let value = self.constants.get(&id)?;
        let only = value.shape().last().copied().unwrap_or(1) == value.count();
        only.then(|| self.constant_floats(id))?
    }
}
