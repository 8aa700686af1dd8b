//! Operator fusion: adjacent operators become one, so that intermediate values are not written to
//! memory.

mod activation;
mod attention;
mod linear;
mod separable;
mod training;

use std::collections::{HashMap, HashSet};

use crate::execution_plan::Values;
use crate::graph::{Node, ValueId};
use crate::op::{Binary, BinaryFunction, Op, RESIDUAL_INPUT, Unary};
use crate::value::Value;
use separable::SEPARABLE_MIN_VALUES;

pub(crate) use training::fuse_for_training;

/// Shapes of values for one image.
pub(crate) type Shapes = HashMap<ValueId, Vec<usize>>;

/// Shapes and constants of a graph.
#[derive(Clone, Copy)]
pub(crate) struct KnownValues<'a> {
    pub shapes: &'a Shapes,
    pub constants: &'a Values,
}

/// `nodes` with batch norms, biases, residual adds and activations fused into the convolutions and
/// matrix products before them, and depthwise convolutions of min_values maps fused with those
/// before and after them. Values in `kept` are still computed.
pub(crate) fn fuse(nodes: &[Node], kept: &HashSet<ValueId>, known: KnownValues) -> Vec<Node> {
    fuse_with_threshold(SEPARABLE_MIN_VALUES, nodes, kept, known)
}

fn fuse_with_threshold(
    min_values: usize,
    nodes: &[Node],
    kept: &HashSet<ValueId>,
    known: KnownValues,
) -> Vec<Node> {
    let mut pass = FusionPass::new(nodes, kept, known);
    for index in 0..nodes.len() {
        pass.fuse_linear(index);
        pass.fuse_sigmoid_product(index);
        pass.fuse_gelu(index);
        pass.fuse_attention(index);
        pass.fuse_node(index);
    }
    for index in 0..nodes.len() {
        pass.fuse_inverted_residual(index, min_values);
    }
    for index in 0..nodes.len() {
        pass.fuse_expansion(index, min_values);
    }
    pass.nodes.into_iter().flatten().collect()
}

struct FusionPass<'a> {
    nodes: Vec<Option<Node>>,
    /// Number of node inputs that read each value.
    uses: HashMap<ValueId, usize>,
    /// The node that computes each value.
    producers: HashMap<ValueId, usize>,
    kept: &'a HashSet<ValueId>,
    shapes: &'a Shapes,
    constants: &'a Values,
}

impl<'a> FusionPass<'a> {
    fn new(nodes: &[Node], kept: &'a HashSet<ValueId>, known: KnownValues<'a>) -> Self {
        let mut uses = HashMap::new();
        let mut producers = HashMap::new();
        for (index, node) in nodes.iter().enumerate() {
            for id in node.runtime_inputs() {
                *uses.entry(id).or_default() += 1;
            }
            for id in node.outputs.iter().flatten() {
                producers.insert(*id, index);
            }
        }
        Self {
            nodes: nodes.iter().cloned().map(Some).collect(),
            uses,
            producers,
            kept,
            shapes: known.shapes,
            constants: known.constants,
        }
    }

    /// The values of a constant float tensor.
    fn constant_floats(&self, id: ValueId) -> Option<Vec<f32>> {
        match self.constants.get(&id)? {
            Value::Float(floats) => floats.clone().into_host().ok(),
            Value::Int(_) => None,
        }
    }

    /// The producer of `id`, if `id` has a single use.
    fn sole_producer(&self, id: ValueId) -> Option<usize> {
        let alone = self.uses.get(&id) == Some(&1) && !self.kept.contains(&id);
        let index = *self.producers.get(&id)?;
        (alone && self.nodes[index].is_some()).then_some(index)
    }

    /// Fuses node `index` into its producer if possible.
    fn fuse_node(&mut self, index: usize) {
        let Some(node) = &self.nodes[index] else {
            return;
        };
        let replacement = match &node.op {
            Op::BatchNorm(norm) => self.producer_of(node, 0).and_then(|before| {
                let (scale, shift) = norm.scale_and_shift()?;
                let Op::Convolution(conv) = &self.node(before).op else {
                    return None;
                };
                let has_residual = self.residual_input(before).is_some();
                let conv = conv.scaled(scale, shift).filter(|_| !has_residual)?;
                Some((before, Op::Convolution(conv.into()), None))
            }),
            Op::Unary(Unary::Activation(kind)) => self.producer_of(node, 0).and_then(|before| {
                let op = match &self.node(before).op {
                    Op::Convolution(conv) => Op::Convolution(conv.with_activation(*kind)?.into()),
                    Op::BatchNorm(norm) => Op::BatchNorm(norm.with_activation(*kind)?.into()),
                    Op::Linear(linear) => Op::Linear(linear.with_activation(*kind)?.into()),
                    _ => return None,
                };
                Some((before, op, None))
            }),
            Op::Binary(Binary(BinaryFunction::Add)) => match self.match_bias_add(node) {
                Some((before, linear)) => Some((before, Op::Linear(linear.into()), None)),
                None => self.match_residual_add(node),
            },
            _ => None,
        };
        if let Some((before, op, add)) = replacement {
            self.replace_pair(before, index, op, add);
        }
    }

    /// A residual add: a convolution or matrix product plus another value of the same shape.
    fn match_residual_add(&self, node: &Node) -> Option<(usize, Op, Option<ValueId>)> {
        let &[Some(a), Some(b)] = &node.inputs[..] else {
            return None;
        };
        let shape = |id| self.shapes.get(&id);
        if a == b || shape(a)? != shape(b)? || !self.producers.contains_key(&a) {
            return None;
        }
        // The later of the two producers, because the other's result is available by then.
        let candidates = [(a, b), (b, a)].into_iter().filter_map(|(sum, other)| {
            let before = self.sole_producer(sum)?;
            let plain = match &self.node(before).op {
                Op::Convolution(convolution) => convolution.is_plain(),
                Op::Linear(linear) => linear.is_plain(),
                _ => false,
            };
            (plain && self.residual_input(before).is_none()).then_some((before, other))
        });
        let (before, other) = candidates.max_by_key(|(before, _)| *before)?;
        Some((before, self.node(before).op.clone(), Some(other)))
    }

    /// The residual input of node `index`, a convolution or a matrix product.
    fn residual_input(&self, index: usize) -> Option<ValueId> {
        let node = self.node(index);
        node.inputs.get(residual_index(&node.op)).copied().flatten()
    }

    fn producer_of(&self, node: &Node, input: usize) -> Option<usize> {
        self.sole_producer((*node.inputs.get(input)?)?)
    }

    fn node(&self, index: usize) -> &Node {
        self.nodes[index].as_ref().expect("the node exists")
    }

    /// Replaces nodes `before` and `after` by one with `op` at the place of `after`, where the
    /// inputs of both are available.
    fn replace_pair(&mut self, before: usize, after: usize, op: Op, add: Option<ValueId>) {
        let mut first = self.nodes[before].take().expect("the node exists");
        let last = self.nodes[after].take().expect("it is the current node");
        add_residual(&mut first, &op, add);
        self.nodes[after] = Some(Node {
            op,
            inputs: first.inputs,
            ..last
        });
    }
}

/// Adds a residual to the inputs of a node that becomes `op`.
fn add_residual(node: &mut Node, op: &Op, residual: Option<ValueId>) {
    if let Some(residual) = residual {
        node.inputs.resize(residual_index(op), None);
        node.inputs.push(Some(residual));
    }
}

/// Position of the residual among the inputs of an operator.
fn residual_index(op: &Op) -> usize {
    match op {
        // After weights and bias.
        Op::Convolution(_) => 3,
        Op::TrainableBatchNorm(_) => RESIDUAL_INPUT,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::{Classifier, InputImages};
    use crate::execution_plan::ExecutionPlan;
    use crate::value::Floats;
    use burn::tensor::{Device, Tensor, TensorData};
    use std::path::Path;

    fn open(name: &str) -> Classifier {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
        let path = folder.join(format!("{name}.onnx"));
        Classifier::open(&path, InputImages::default(), &Device::flex()).unwrap()
    }

    /// The nodes of a model with separable fusion for maps of at least `min_values` values.
    fn fused(model: &Classifier, min_values: usize) -> Vec<Node> {
        let kept = HashSet::from([model.graph.output]);
        fuse_with_threshold(min_values, &model.graph.nodes, &kept, model.known_values())
    }

    /// The logits of two images.
    fn logits(model: &Classifier, nodes: &[Node], autodiff: bool) -> Vec<f32> {
        let output = model.graph.output;
        let device = Device::flex();
        let [channels, height, width] = model.image();
        let shape = [2, channels, height, width];
        let count = shape.iter().product();
        let pixels = (0..count).map(|i| (i * 7919 % 2003) as f32 / 1001.5 - 1.0);
        let images = TensorData::new(pixels.collect(), shape);
        let mut images = Floats::from_tensor(Tensor::<4>::from_data(images, &device));
        if autodiff {
            images = images.into_autodiff();
        }
        let values = Values::from([(model.graph.input.id, Value::Float(images))]);
        let constants = &model.graph.constants;
        let plan = ExecutionPlan::new(nodes.to_vec(), vec![output], constants, &device);
        let mut values = plan.run(values, autodiff).unwrap();
        let logits = values.remove(&output).unwrap().float().unwrap();
        logits.into_flat().into_data().try_into_vec().unwrap()
    }

    fn assert_close(a: &[f32], b: &[f32], what: &str) {
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            // float32 sums in another order, of logits of about 1.
            assert!((a - b).abs() < 1e-5, "{what}: {a} {b}");
        }
    }

    #[test]
    fn separable_fusion_gives_the_same_bits() {
        // Fused: expansions before squeeze-and-excitation, inverted residuals with and without a
        // skip connection, and a depthwise convolution with the pointwise one after it.
        for (name, count) in [("inverted", 3), ("inverted-silu", 2), ("shuffle", 3)] {
            let model = open(name);
            let (apart, together) = (fused(&model, usize::MAX), fused(&model, 1));
            let found = together.iter().filter(|n| matches!(n.op, Op::Separable(_)));
            assert_eq!(found.count(), count, "{name}");
            let apart = logits(&model, &apart, false);
            assert_eq!(apart, logits(&model, &together, false), "{name}");
            assert_close(&apart, &logits(&model, &together, true), name);
        }
    }

    #[test]
    fn bias_activation_and_residual_add_are_fused_into_matrix_products() {
        // GELU as simpler operators, by both exporters, and as one operator.
        for name in ["next-op13", "next-op20", "vision-transformer", "swin"] {
            let model = open(name);
            let nodes = fused(&model, SEPARABLE_MIN_VALUES);
            let has_constant_weights = |node: &&Node| {
                let second = node.inputs.get(1).copied().flatten();
                matches!(node.op, Op::MatMul(_) | Op::Gemm(_))
                    && second.is_some_and(|id| model.graph.constants.contains_key(&id))
            };
            assert!(
                model
                    .graph
                    .nodes
                    .iter()
                    .filter(has_constant_weights)
                    .count()
                    > 2,
                "{name}"
            );
            // The classifier at the end has one row per image and is not fused.
            assert_eq!(
                nodes.iter().filter(has_constant_weights).count(),
                1,
                "{name}"
            );
            let alone =
                |node: &&Node| matches!(node.op, Op::Unary(Unary::Erf | Unary::Activation(_)));
            assert_eq!(nodes.iter().filter(alone).count(), 0, "{name}");
            let adds = |node: &&Node| matches!(node.op, Op::Linear(_)) && node.inputs.len() > 1;
            let expected = logits(&model, &model.graph.nodes, false);
            assert_close(&expected, &logits(&model, &nodes, false), name);
            assert_close(&expected, &logits(&model, &nodes, true), name);
            // ConvNeXt's skip connections come after a scale.
            let products = |node: &&Node| matches!(node.op, Op::MatMul(_) | Op::Softmax(_));
            // Swin adds a bias between product and softmax.
            if name == "vision-transformer" {
                assert_eq!(
                    nodes.iter().filter(products).count(),
                    0,
                    "attention is one operator"
                );
            }
            let skips = nodes.iter().filter(adds).count();
            assert_eq!(skips > 0, !name.starts_with("next"), "{name}");
        }
    }
}
