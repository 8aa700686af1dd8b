//! Activations that a file expresses by simpler operators.

use mitsume_kernels::inference::Activation;

use super::FusionPass;
use crate::graph::ValueId;
use crate::op::{Binary, BinaryFunction, Op, Unary};

impl FusionPass<'_> {
    /// `x * sigmoid(x)` and `x * hard_sigmoid(x)` as one operator.
    pub(super) fn fuse_sigmoid_product(&mut self, index: usize) {
        let Some(node) = &self.nodes[index] else {
            return;
        };
        let (Op::Binary(Binary(BinaryFunction::Mul)), &[Some(a), Some(b)]) =
            (&node.op, &node.inputs[..])
        else {
            return;
        };
        for (x, gate) in [(a, b), (b, a)] {
            let Some(before) = self.sole_producer(gate) else {
                continue;
            };
            let from = self.nodes[before].as_ref().expect("the node exists");
            if from.inputs.first() != Some(&Some(x)) {
                continue;
            }
            let activation = match from.op {
                Op::Unary(Unary::Sigmoid) => Activation::Silu,
                Op::Unary(Unary::HardSigmoid(alpha, beta))
                    if (alpha - 1.0 / 6.0).abs() < 1e-6 && beta == 0.5 =>
                {
                    Activation::HardSwish
                }
                _ => continue,
            };
            self.nodes[before] = None;
            if let Some(uses) = self.uses.get_mut(&x) {
                *uses -= 1;
            }
            let node = self.nodes[index].as_mut().expect("the node exists");
            node.op = Op::Unary(Unary::Activation(activation));
            node.inputs = vec![Some(x)];
            return;
        }
    }

    /// `x (1 + erf(x / sqrt(2))) / 2`, its factors in any order, as one operator.
    pub(super) fn fuse_gelu(&mut self, index: usize) {
        let Some((x, between)) = self.nodes[index].as_ref().and(self.match_gelu(index)) else {
            return;
        };
        for between in between {
            self.nodes[between] = None;
        }
        if let Some(uses) = self.uses.get_mut(&x) {
            *uses -= 1;
        }
        let node = self.nodes[index].as_mut().expect("the node exists");
        node.op = Op::Unary(Unary::Activation(Activation::Gelu));
        node.inputs = vec![Some(x)];
    }

    /// If node `index` is the last of a GELU: its input and the other four nodes.
    fn match_gelu(&self, index: usize) -> Option<(ValueId, [usize; 4])> {
        let outer = self.pair(index, BinaryFunction::Mul)?;
        [outer, [outer[1], outer[0]]]
            .into_iter()
            .find_map(|[inner, third]| {
                let inner_at = self.sole_producer(inner)?;
                let [first, second] = self.pair(inner_at, BinaryFunction::Mul)?;
                let orders = [
                    [first, second, third],
                    [second, first, third],
                    [first, third, second],
                    [second, third, first],
                    [third, first, second],
                    [third, second, first],
                ];
                orders.into_iter().find_map(|[half, x, sum]| {
                    let nodes =
                        (self.scalar(half)? == 0.5).then(|| self.match_one_plus_erf(sum, x))??;
                    Some((x, [inner_at, nodes[0], nodes[1], nodes[2]]))
                })
            })
    }

    /// If `sum` is `1 + erf(x / sqrt(2))`: its nodes.
    fn match_one_plus_erf(&self, sum: ValueId, x: ValueId) -> Option<[usize; 3]> {
        let sum_at = self.sole_producer(sum)?;
        let [a, b] = self.pair(sum_at, BinaryFunction::Add)?;
        [(a, b), (b, a)].into_iter().find_map(|(one, erf)| {
            let erf_at = self
                .sole_producer(erf)
                .filter(|_| self.scalar(one) == Some(1.0))?;
            let node = self.node(erf_at);
            let scaled = node.inputs.first().copied().flatten()?;
            let scaled_at = self.sole_producer(scaled)?;
            let by = match self.node(scaled_at).op {
                Op::Binary(Binary(BinaryFunction::Div)) => {
                    let [dividend, by] = self.pair(scaled_at, BinaryFunction::Div)?;
                    (dividend == x).then(|| self.scalar(by))??
                }
                _ => {
                    let [a, b] = self.pair(scaled_at, BinaryFunction::Mul)?;
                    let by = [(a, b), (b, a)]
                        .into_iter()
                        .find(|(factor, _)| *factor == x)?
                        .1;
                    1.0 / self.scalar(by)?
                }
            };
            let is_erf = matches!(node.op, Op::Unary(Unary::Erf));
            let is_root = (by - std::f32::consts::SQRT_2).abs() < 1e-6;
            (is_erf && is_root).then_some([sum_at, erf_at, scaled_at])
        })
    }

    /// The inputs of node `index`, if it computes `function`.
    pub(super) fn pair(&self, index: usize, function: BinaryFunction) -> Option<[ValueId; 2]> {
        let node = self.node(index);
        match (&node.op, &node.inputs[..]) {
            (Op::Binary(Binary(found)), &[Some(a), Some(b)]) if *found == function => Some([a, b]),
            _ => None,
        }
    }

    /// The value of a constant with one float.
    pub(super) fn scalar(&self, id: ValueId) -> Option<f32> {
        let is_one = self.constants.get(&id)?.count() == 1;
        is_one.then(|| self.constant_floats(id))??.first().copied()
    }
}
