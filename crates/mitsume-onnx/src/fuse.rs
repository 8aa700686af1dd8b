//! Neighbouring operators made one, so that a value passes through memory once.

use std::collections::{HashMap, HashSet};

use mitsume_kernels::inference::Activation;

use crate::graph::{Id, Node};
use crate::op::{Arithmetic, Binary, Op, Unary};

/// Shapes of values, known from a run with one image.
pub(crate) type Shapes = HashMap<Id, Vec<usize>>;

/// `nodes` with batch norms, skip connections and activations drawn into the convolutions before them. Values in
/// `kept` are still computed.
pub(crate) fn fused(nodes: &[Node], kept: &HashSet<Id>, shapes: &Shapes) -> Vec<Node> {
    let mut fusing = Fusing::new(nodes, kept, shapes);
    for index in 0..nodes.len() {
        fusing.gate(index);
        fusing.node(index);
    }
    fusing.nodes.into_iter().flatten().collect()
}

struct Fusing<'a> {
    nodes: Vec<Option<Node>>,
    /// How many inputs each value is.
    uses: HashMap<Id, usize>,
    /// Which node makes each value.
    maker: HashMap<Id, usize>,
    kept: &'a HashSet<Id>,
    shapes: &'a Shapes,
}

impl<'a> Fusing<'a> {
    fn new(nodes: &[Node], kept: &'a HashSet<Id>, shapes: &'a Shapes) -> Self {
        let mut uses = HashMap::new();
        let mut maker = HashMap::new();
        for (index, node) in nodes.iter().enumerate() {
            for id in node.needs() {
                *uses.entry(id).or_default() += 1;
            }
            for id in node.outputs.iter().flatten() {
                maker.insert(*id, index);
            }
        }
        Self {
            nodes: nodes.iter().cloned().map(Some).collect(),
            uses,
            maker,
            kept,
            shapes,
        }
    }

    /// The node that makes `id`, if nothing else wants what it makes.
    fn only_for(&self, id: Id) -> Option<usize> {
        let alone = self.uses.get(&id) == Some(&1) && !self.kept.contains(&id);
        let index = *self.maker.get(&id)?;
        (alone && self.nodes[index].is_some()).then_some(index)
    }

    /// `x * sigmoid(x)` and `x * hard_sigmoid(x)` as one operator.
    fn gate(&mut self, index: usize) {
        let Some(node) = &self.nodes[index] else {
            return;
        };
        let (Op::Binary(Binary(Arithmetic::Mul)), &[Some(a), Some(b)]) =
            (&node.op, &node.inputs[..])
        else {
            return;
        };
        for (x, gate) in [(a, b), (b, a)] {
            let Some(before) = self.only_for(gate) else {
                continue;
            };
            let from = self.nodes[before].as_ref().expect("it is there");
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
            let node = self.nodes[index].as_mut().expect("it is there");
            node.op = Op::Unary(Unary::Activation(activation));
            node.inputs = vec![Some(x)];
            return;
        }
    }

    /// Draws node `index` into the one before it, where that can be.
    fn node(&mut self, index: usize) {
        let Some(node) = &self.nodes[index] else {
            return;
        };
        let joined = match &node.op {
            Op::BatchNorm(norm) => self.before(node, 0).and_then(|before| {
                let (scale, shift) = norm.scale_and_shift()?;
                let Op::Convolution(conv) = &self.at(before).op else {
                    return None;
                };
                let has_add = self.at(before).inputs.len() > 3;
                let conv = conv.scaled(scale, shift).filter(|_| !has_add)?;
                Some((before, Op::Convolution(conv.into()), None))
            }),
            Op::Unary(Unary::Activation(kind)) => self.before(node, 0).and_then(|before| {
                let op = match &self.at(before).op {
                    Op::Convolution(conv) => Op::Convolution(conv.with_activation(*kind)?.into()),
                    Op::BatchNorm(norm) => Op::BatchNorm(norm.with_activation(*kind)?.into()),
                    _ => return None,
                };
                Some((before, op, None))
            }),
            Op::Binary(Binary(Arithmetic::Add)) => self.skip(node),
            _ => None,
        };
        if let Some((before, op, add)) = joined {
            self.join(before, index, op, add);
        }
    }

    /// A convolution plus another value of the same shape.
    fn skip(&self, node: &Node) -> Option<(usize, Op, Option<Id>)> {
        let &[Some(a), Some(b)] = &node.inputs[..] else {
            return None;
        };
        let shape = |id| self.shapes.get(&id);
        if a == b || shape(a)? != shape(b)? || !self.maker.contains_key(&a) {
            return None;
        }
        // The later of two convolutions: the other's result is there already.
        let candidates = [(a, b), (b, a)].into_iter().filter_map(|(conv, other)| {
            let before = self.only_for(conv)?;
            let free = matches!(&self.at(before).op, Op::Convolution(c) if c.is_plain())
                && self.at(before).inputs.len() <= 3;
            free.then_some((before, other))
        });
        let (before, other) = candidates.max_by_key(|(before, _)| *before)?;
        Some((before, self.at(before).op.clone(), Some(other)))
    }

    fn before(&self, node: &Node, input: usize) -> Option<usize> {
        self.only_for((*node.inputs.get(input)?)?)
    }

    fn at(&self, index: usize) -> &Node {
        self.nodes[index].as_ref().expect("only_for gave it")
    }

    /// One node with `op` in the place of `after`, where all inputs of both are there.
    fn join(&mut self, before: usize, after: usize, op: Op, add: Option<Id>) {
        let mut first = self.nodes[before].take().expect("only_for gave it");
        let last = self.nodes[after].take().expect("it is being looked at");
        if let Some(add) = add {
            first.inputs.resize(3, None);
            first.inputs.push(Some(add));
        }
        self.nodes[after] = Some(Node {
            op,
            inputs: first.inputs,
            ..last
        });
    }
}
