//! Operator fusion: adjacent operators become one, so that intermediate values are not written to
//! memory.

mod activation;
mod linear;
mod separable;

use std::collections::{HashMap, HashSet};

use crate::execution_plan::Values;
use crate::graph::{Node, ValueId};
use crate::op::{Binary, BinaryFunction, Op, Unary};
use crate::value::Value;
use separable::SEPARABLE_MIN_VALUES;

/// Shapes of values, known from a run with one image.
pub(crate) type Shapes = HashMap<ValueId, Vec<usize>>;

/// What is known of values beforehand.
#[derive(Clone, Copy)]
pub(crate) struct KnownValues<'a> {
    pub shapes: &'a Shapes,
    pub constants: &'a Values,
}

/// `nodes` with batch norms, biases, residual adds and activations fused into the convolutions and
/// matrix products before them, and depthwise convolutions of large maps fused with those before and
/// after them. Values in `kept` are still computed.
pub(crate) fn fused(nodes: &[Node], kept: &HashSet<ValueId>, known: KnownValues) -> Vec<Node> {
    fuse_with_threshold(SEPARABLE_MIN_VALUES, nodes, kept, known)
}

fn fuse_with_threshold(
    large: usize,
    nodes: &[Node],
    kept: &HashSet<ValueId>,
    known: KnownValues,
) -> Vec<Node> {
    let mut fusing = FusionPass::new(nodes, kept, known);
    for index in 0..nodes.len() {
        fusing.linear(index);
        fusing.gate(index);
        fusing.gelu(index);
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

struct FusionPass<'a> {
    nodes: Vec<Option<Node>>,
    /// How many inputs each value is.
    uses: HashMap<ValueId, usize>,
    /// Which node makes each value.
    maker: HashMap<ValueId, usize>,
    kept: &'a HashSet<ValueId>,
    shapes: &'a Shapes,
    constants: &'a Values,
}

impl<'a> FusionPass<'a> {
    fn new(nodes: &[Node], kept: &'a HashSet<ValueId>, known: KnownValues<'a>) -> Self {
        let mut uses = HashMap::new();
        let mut maker = HashMap::new();
        for (index, node) in nodes.iter().enumerate() {
            for id in node.runtime_inputs() {
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
            shapes: known.shapes,
            constants: known.constants,
        }
    }

    /// The numbers of a known tensor.
    fn known(&self, id: ValueId) -> Option<Vec<f32>> {
        match self.constants.get(&id)? {
            Value::Float(floats) => floats.clone().into_host().ok(),
            Value::Int(_) => None,
        }
    }

    /// The producer of `id`, if `id` has a single use.
    fn sole_producer(&self, id: ValueId) -> Option<usize> {
        let alone = self.uses.get(&id) == Some(&1) && !self.kept.contains(&id);
        let index = *self.maker.get(&id)?;
        (alone && self.nodes[index].is_some()).then_some(index)
    }

    /// Fuses node `index` into its producer if possible.
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
                let has_add = self.adds(before).is_some();
                let conv = conv.scaled(scale, shift).filter(|_| !has_add)?;
                Some((before, Op::Convolution(conv.into()), None))
            }),
            Op::Unary(Unary::Activation(kind)) => self.before(node, 0).and_then(|before| {
                let op = match &self.at(before).op {
                    Op::Convolution(conv) => Op::Convolution(conv.with_activation(*kind)?.into()),
                    Op::BatchNorm(norm) => Op::BatchNorm(norm.with_activation(*kind)?.into()),
                    Op::Linear(linear) => Op::Linear(linear.with_activation(*kind)?.into()),
                    _ => return None,
                };
                Some((before, op, None))
            }),
            Op::Binary(Binary(BinaryFunction::Add)) => match self.bias(node) {
                Some((before, linear)) => Some((before, Op::Linear(linear.into()), None)),
                None => self.skip(node),
            },
            _ => None,
        };
        if let Some((before, op, add)) = joined {
            self.join(before, index, op, add);
        }
    }

    /// A convolution or matrix product plus another value of the same shape.
    fn skip(&self, node: &Node) -> Option<(usize, Op, Option<ValueId>)> {
        let &[Some(a), Some(b)] = &node.inputs[..] else {
            return None;
        };
        let shape = |id| self.shapes.get(&id);
        if a == b || shape(a)? != shape(b)? || !self.maker.contains_key(&a) {
            return None;
        }
        // The later of the two producers, because the other's result is available by then.
        let candidates = [(a, b), (b, a)].into_iter().filter_map(|(sum, other)| {
            let before = self.sole_producer(sum)?;
            let plain = match &self.at(before).op {
                Op::Convolution(convolution) => convolution.is_plain(),
                Op::Linear(linear) => linear.is_plain(),
                _ => false,
            };
            (plain && self.adds(before).is_none()).then_some((before, other))
        });
        let (before, other) = candidates.max_by_key(|(before, _)| *before)?;
        Some((before, self.at(before).op.clone(), Some(other)))
    }

    /// What node `index`, a convolution or a matrix product, adds to its sums.
    fn adds(&self, index: usize) -> Option<ValueId> {
        let node = self.at(index);
        node.inputs.get(residual_index(&node.op)).copied().flatten()
    }

    fn before(&self, node: &Node, input: usize) -> Option<usize> {
        self.sole_producer((*node.inputs.get(input)?)?)
    }

    fn at(&self, index: usize) -> &Node {
        self.nodes[index].as_ref().expect("sole_producer gave it")
    }

    /// One node with `op` in the place of `after`, where all inputs of both are there.
    fn join(&mut self, before: usize, after: usize, op: Op, add: Option<ValueId>) {
        let mut first = self.nodes[before].take().expect("sole_producer gave it");
        let last = self.nodes[after].take().expect("it is being looked at");
        if let Some(add) = add {
            first.inputs.resize(residual_index(&op), None);
            first.inputs.push(Some(add));
        }
        self.nodes[after] = Some(Node {
            op,
            inputs: first.inputs,
            ..last
        });
    }
}

/// Which input of an operator is added to its sums.
fn residual_index(op: &Op) -> usize {
    match op {
        // After weights and bias, which are known.
        Op::Convolution(_) => 3,
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

    /// `nodes` of a model, joined from maps of `large` values on.
    fn joined(model: &Classifier, large: usize) -> Vec<Node> {
        let kept = HashSet::from([model.graph.output]);
        fuse_with_threshold(large, &model.graph.nodes, &kept, model.known())
    }

    /// The logits of two images.
    fn logits(model: &Classifier, nodes: &[Node], tracked: bool) -> Vec<f32> {
        let output = model.graph.output;
        let device = Device::flex();
        let [channels, height, width] = model.image();
        let shape = [2, channels, height, width];
        let count = shape.iter().product();
        let pixels = (0..count).map(|i| (i * 7919 % 2003) as f32 / 1001.5 - 1.0);
        let images = TensorData::new(pixels.collect(), shape);
        let mut images = Floats::from_tensor(Tensor::<4>::from_data(images, &device));
        if tracked {
            images = images.into_autodiff();
        }
        let values = Values::from([(model.graph.input.id, Value::Float(images))]);
        let constants = &model.graph.constants;
        let steps = ExecutionPlan::new(nodes.to_vec(), vec![output], constants, &device);
        let mut values = steps.run(values, tracked).unwrap();
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
        // Joined: expansions before squeeze-and-excitation, whole inverted residuals with and without a skip
        // connection, and a depthwise convolution with what follows it.
        for (name, count) in [("inverted", 3), ("inverted-silu", 2), ("shuffle", 3)] {
            let model = open(name);
            let (apart, together) = (joined(&model, usize::MAX), joined(&model, 1));
            let found = together.iter().filter(|n| matches!(n.op, Op::Separable(_)));
            assert_eq!(found.count(), count, "{name}");
            let apart = logits(&model, &apart, false);
            assert_eq!(apart, logits(&model, &together, false), "{name}");
            assert_close(&apart, &logits(&model, &together, true), name);
        }
    }

    #[test]
    fn matrix_products_take_in_bias_activation_and_skip_connection() {
        // GELU spelled out by either exporter, and as one operator.
        for name in ["next-op13", "next-op20", "vision-transformer", "swin"] {
            let model = open(name);
            let nodes = joined(&model, SEPARABLE_MIN_VALUES);
            let of_known = |node: &&Node| {
                let second = node.inputs.get(1).copied().flatten();
                matches!(node.op, Op::MatMul(_) | Op::Gemm(_))
                    && second.is_some_and(|id| model.graph.constants.contains_key(&id))
            };
            assert!(
                model.graph.nodes.iter().filter(of_known).count() > 2,
                "{name}"
            );
            // Of the classifier at the end there is one row for each image.
            assert_eq!(nodes.iter().filter(of_known).count(), 1, "{name}");
            let alone =
                |node: &&Node| matches!(node.op, Op::Unary(Unary::Erf | Unary::Activation(_)));
            assert_eq!(nodes.iter().filter(alone).count(), 0, "{name}");
            let adds = |node: &&Node| matches!(node.op, Op::Linear(_)) && node.inputs.len() > 1;
            let expected = logits(&model, &model.graph.nodes, false);
            assert_close(&expected, &logits(&model, &nodes, false), name);
            assert_close(&expected, &logits(&model, &nodes, true), name);
            // ConvNeXt's skip connections come after a scale.
            let skips = nodes.iter().filter(adds).count();
            assert_eq!(skips > 0, !name.starts_with("next"), "{name}");
        }
    }
}
