//! Products with known matrices, and what follows them.

use super::FusionPass;
use crate::graph::{Node, ValueId};
use crate::op::{Linear, MatMul, Op};
use crate::value::Value;

/// With fewer rows per image (a classifier's last layer) packing would double the memory of the
/// weights for no gain.
const ROWS: usize = 8;

impl FusionPass<'_> {
    /// Node `index` as a product with a known matrix, if it is one.
    pub(super) fn linear(&mut self, index: usize) {
        let Some(linear) = self.nodes[index]
            .as_ref()
            .and_then(|node| self.match_linear(node))
        else {
            return;
        };
        let node = self.nodes[index].as_mut().expect("it is there");
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
        let [of_image @ .., _] = &self.shapes.get(&x)?[..] else {
            return None;
        };
        if of_image.iter().product::<usize>() < ROWS {
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

    /// A product with a known matrix plus a known bias: the former's node, and both as one.
    pub(super) fn bias(&self, node: &Node) -> Option<(usize, Linear)> {
        let &[Some(a), Some(b)] = &node.inputs[..] else {
            return None;
        };
        [(a, b), (b, a)].into_iter().find_map(|(product, bias)| {
            let before = self.sole_producer(product)?;
            let Op::Linear(linear) = &self.at(before).op else {
                return None;
            };
            let rank = self.shapes.get(&product)?.len();
            let axes = self.constants.get(&bias)?.shape().len();
            let bias = self.along_last_axis(bias).filter(|_| axes <= rank)?;
            Some((
                before,
                linear
                    .with_bias(&bias)
                    .filter(|_| self.adds(before).is_none())?,
            ))
        })
    }

    /// The values of a known tensor with no axis but the last.
    fn along_last_axis(&self, id: ValueId) -> Option<Vec<f32>> {
        let value = self.constants.get(&id)?;
        let only = value.shape().last().copied().unwrap_or(1) == value.count();
        only.then(|| self.known(id))?
    }
}
