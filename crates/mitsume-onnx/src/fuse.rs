//! Neighbouring operators made one, so that a value passes through memory once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use mitsume_kernels::inference::{Activation, Kind};

use crate::graph::{Id, Node};
use crate::op::{Arithmetic, Binary, Convolution, Op, Separable, Unary};

/// Shapes of values, known from a run with one image.
pub(crate) type Shapes = HashMap<Id, Vec<usize>>;

/// Values of one image's feature map from which on it is not to leave the cache: a quarter of a MiB, of the one or
/// two of a core. Below that, whole images make longer products than their lines.
const LARGE: usize = 1 << 16;

/// `nodes` with batch norms, skip connections and activations drawn into the convolutions before them, and
/// depthwise convolutions of large maps joined with those around them. Values in `kept` are still computed.
pub(crate) fn fused(nodes: &[Node], kept: &HashSet<Id>, shapes: &Shapes) -> Vec<Node> {
    fused_from(LARGE, nodes, kept, shapes)
}

fn fused_from(large: usize, nodes: &[Node], kept: &HashSet<Id>, shapes: &Shapes) -> Vec<Node> {
    let mut fusing = Fusing::new(nodes, kept, shapes);
    for index in 0..nodes.len() {
        fusing.gate(index);
        fusing.node(index);
    }
    for index in 0..nodes.len() {
        fusing.project(index, large);
    }
    for index in 0..nodes.len() {
        fusing.expand(index, large);
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

    /// Node `index`, a pointwise convolution, with the depthwise one before it and the one before that.
    fn project(&mut self, index: usize, large: usize) {
        let Some((project, Kind::Pointwise)) = self.convolution(index) else {
            return;
        };
        let before = self.before(self.at(index), 0);
        let before = before.filter(|&before| self.adds(before).is_none());
        let Some((before, depthwise)) =
            before.and_then(|at| Some((at, self.depthwise(at, large)?)))
        else {
            return;
        };
        let expand = self.expands(before);
        let convolutions = expand.as_ref().map(|(_, expand)| Arc::clone(expand));
        let separable = Separable::new(convolutions, depthwise, Some(project));
        self.join_lines(expand.map(|(at, _)| at), before, index, separable);
    }

    /// Node `index`, a depthwise convolution, with the one before it.
    fn expand(&mut self, index: usize, large: usize) {
        let Some(depthwise) = self.depthwise(index, large) else {
            return;
        };
        if let Some((before, expand)) = self.expands(index) {
            let separable = Separable::new(Some(expand), depthwise, None);
            self.join_lines(Some(before), index, index, separable);
        }
    }

    /// What convolution `index` adds to its sums.
    fn adds(&self, index: usize) -> Option<Id> {
        self.at(index).inputs.get(3).copied().flatten()
    }

    /// The convolution that node `index` is, and how it is computed.
    fn convolution(&self, index: usize) -> Option<(Arc<Convolution>, Kind)> {
        let node = self.nodes[index].as_ref()?;
        let Op::Convolution(convolution) = &node.op else {
            return None;
        };
        let input = self.shapes.get(&(*node.inputs.first()?)?)?;
        let &[_, _, h, w] = &input[..] else {
            return None;
        };
        Some((Arc::clone(convolution), convolution.kind([h, w])))
    }

    /// The depthwise convolution that node `index` is, of maps of `large` values and more.
    fn depthwise(&self, index: usize, large: usize) -> Option<Arc<Convolution>> {
        let (convolution, kind) = self.convolution(index)?;
        let input = self.shapes.get(&self.at(index).inputs[0]?)?;
        let is_large = input[1..].iter().product::<usize>() >= large;
        (kind == Kind::Depthwise && is_large).then_some(convolution)
    }

    /// The convolution before node `index`, if it can make that one's lines.
    fn expands(&self, index: usize) -> Option<(usize, Arc<Convolution>)> {
        let before = self.before(self.at(index), 0)?;
        let (convolution, kind) = self.convolution(before)?;
        let by_pixel = matches!(kind, Kind::Patches | Kind::Pointwise);
        (by_pixel && self.adds(before).is_none()).then_some((before, convolution))
    }

    /// `separable` in the place of node `last`, of that and those before it.
    fn join_lines(
        &mut self,
        expand: Option<usize>,
        depthwise: usize,
        last: usize,
        separable: Separable,
    ) {
        let add = self.adds(last);
        let input = self.at(expand.unwrap_or(depthwise)).inputs[0];
        for index in expand.into_iter().chain([depthwise]) {
            if index != last {
                self.nodes[index] = None;
            }
        }
        let node = self.nodes[last].as_mut().expect("it is being looked at");
        node.op = Op::Separable(separable.into());
        node.inputs = vec![input, add];
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::{Classifier, Images};
    use crate::steps::{Steps, Values};
    use crate::value::{Floats, Value};
    use burn::tensor::{Device, Tensor, TensorData};
    use std::path::Path;

    /// The logits of two images, and the steps they took.
    fn logits(model: &Classifier, large: usize, tracked: bool) -> (Vec<f32>, Vec<Node>) {
        let output = model.graph.output;
        let kept = HashSet::from([output]);
        let nodes = fused_from(large, &model.graph.nodes, &kept, &model.shapes);
        let device = Device::flex();
        let [channels, height, width] = model.image();
        let shape = [2, channels, height, width];
        let count = shape.iter().product();
        let pixels = (0..count).map(|i| (i * 7919 % 2003) as f32 / 1001.5 - 1.0);
        let images = TensorData::new(pixels.collect(), shape);
        let mut images = Floats::from_tensor(Tensor::<4>::from_data(images, &device));
        if tracked {
            images = images.tracked();
        }
        let values = Values::from([(model.graph.input.id, Value::Float(images))]);
        let steps = Steps::new(nodes.clone(), vec![output], &model.graph.constants, &device);
        let mut values = steps.run(values, tracked).unwrap();
        let logits = values.remove(&output).unwrap().float().unwrap();
        (
            logits.into_flat().into_data().try_into_vec().unwrap(),
            nodes,
        )
    }

    #[test]
    fn convolutions_joined_line_by_line_give_the_same_bits() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
        // Joined: expansions before squeeze-and-excitation, whole inverted residuals with and without a skip
        // connection, and a depthwise convolution with what follows it.
        for (name, joined) in [("inverted", 3), ("inverted-silu", 2), ("shuffle", 3)] {
            let path = folder.join(format!("{name}.onnx"));
            let model = Classifier::open(&path, Images::default(), &Device::flex()).unwrap();
            let (apart, _) = logits(&model, usize::MAX, false);
            let (together, nodes) = logits(&model, 1, false);
            let found = nodes.iter().filter(|n| matches!(n.op, Op::Separable(_)));
            assert_eq!(found.count(), joined, "{name}");
            assert_eq!(apart, together, "{name}");
            // Burn's own convolutions sum up in another order.
            let (composed, _) = logits(&model, 1, true);
            for (a, b) in apart.iter().zip(&composed) {
                assert!((a - b).abs() < 1e-5, "{name}: {a} {b}");
            }
        }
    }
}
