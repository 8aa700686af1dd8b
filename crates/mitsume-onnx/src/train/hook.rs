//! A trainable classifier divided at one layer or several, and its forward pass.

use burn::tensor::Tensor;

use super::classifier::TrainableClassifier;
use super::parameters::GraphParameters;
use crate::error::{Error, Result};
use crate::execution_plan::{ExecutionPlan, Pass, Values};
use crate::feature_maps::FeatureMaps;
use crate::fuse::fuse_for_training;
use crate::graph::{Graph, Node, ValueId};
use crate::hooked::class_scores;
use crate::layers::{self, LayoutRequest};
use crate::op::{OperatorError, TrainingPass};
use crate::split::{Split, ancestors, outputs, split_at};
use crate::value::{Floats, Value};

/// A trainable classifier divided at the hooked layers.
pub struct TrainableHook {
    trunk: ExecutionPlan,
    head: ExecutionPlan,
    /// The head node by node, for a gradient through its gradient.
    recorded_head: ExecutionPlan,
    layers: Vec<HookedLayer>,
    /// Of each parameter, its value in the graph and its shape.
    parameters: Vec<(ValueId, Vec<usize>)>,
    input: ValueId,
    output: ValueId,
    norms: Vec<[ValueId; 2]>,
}

/// A layer whose maps are taken.
struct HookedLayer {
    name: String,
    hook: ValueId,
    feature_maps: FeatureMaps,
    is_gap_linear: bool,
    /// From it alone to the logits.
    head: ExecutionPlan,
    /// What that reads.
    boundary: Vec<ValueId>,
}

/// What the masks of dropout are a function of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropoutKey {
    /// Seed of the run.
    pub seed: u64,
    /// Step of the run.
    pub step: u64,
}

/// A training-mode forward pass.
pub struct ForwardPass {
    /// Logits [N, K], to be differentiated.
    pub logits: Tensor<2>,
    /// Feature maps A of each hooked layer, [N, C, h, w], to be differentiated.
    pub features: Vec<Tensor<4>>,
    /// What the heads of the layers read.
    boundary: Values,
    /// Values of the head, if they were recorded.
    head: Option<Values>,
    /// Means and unbiased variances of the batch norms.
    pub(super) statistics: Vec<[Tensor<1>; 2]>,
    pass: Pass,
}

impl TrainableHook {
    pub(super) fn new(
        model: &TrainableClassifier,
        layers: &[Option<&str>],
        requested: LayoutRequest,
    ) -> Result<Self> {
        let layers = layers
            .iter()
            .map(|&layer| hooked_layer(model, layer, requested));
        let layers: Vec<HookedLayer> = layers.collect::<Result<_>>()?;
        for (at, layer) in layers.iter().enumerate() {
            if layers[..at].iter().any(|other| other.hook == layer.hook) {
                let name = &layer.name;
                return Err(Error::Request(format!("layer {name} is named twice")));
            }
        }
        let graph = &model.graph;
        let hooks: Vec<ValueId> = layers.iter().map(|layer| layer.hook).collect();
        let Split { head, mut boundary } =
            split_at(graph, &hooks).expect("the logits depend on each of them");
        let read: Vec<ValueId> = layers.iter().flat_map(|l| l.boundary.clone()).collect();
        let in_head: Vec<ValueId> = head.iter().flat_map(outputs).collect();
        boundary.extend(read.iter().filter(|id| !in_head.contains(id)));
        boundary.sort_unstable();
        boundary.dedup();
        let mut head_outputs = vec![graph.output];
        head_outputs.extend(read.into_iter().filter(|id| in_head.contains(id)));
        head_outputs.dedup();
        let batch: Vec<ValueId> = model.norms.iter().flat_map(|norm| norm.batch).collect();
        let trunk = ancestors(graph.nodes.clone(), &boundary);
        let [trunk_outputs, head_outputs] = [boundary, head_outputs].map(|mut wanted| {
            wanted.extend(&batch);
            wanted
        });
        Ok(Self {
            trunk: plan(model, fused(model, &trunk, &trunk_outputs), trunk_outputs),
            head: plan(
                model,
                fused(model, &head, &head_outputs),
                head_outputs.clone(),
            ),
            recorded_head: plan(model, head, head_outputs),
            layers,
            parameters: graph
                .trained
                .iter()
                .map(|p| (p.id, p.shape.clone()))
                .collect(),
            input: graph.input.id,
            output: graph.output,
            norms: model.norms.iter().map(|norm| norm.batch).collect(),
        })
    }

    /// The hooked layers' names.
    pub fn layers(&self) -> Vec<&str> {
        self.layers.iter().map(|layer| &*layer.name).collect()
    }

    /// Channels, rows and columns of the feature maps of each, [C, h, w].
    pub fn map_shapes(&self) -> Vec<[usize; 3]> {
        let layers = self.layers.iter();
        layers.map(|layer| layer.feature_maps.shape).collect()
    }

    /// Whether only a global average pool and a linear layer follow each of them.
    pub fn is_gap_linear(&self) -> bool {
        self.layers.iter().all(|layer| layer.is_gap_linear)
    }

    /// A forward pass in training mode.
    ///
    /// - `images`: `[N, C, H, W]`, on the device with autodiff.
    /// - `key`: what the masks of dropout are a function of.
    /// - `records`: whether [`Self::gradients`] follows.
    ///
    /// # Errors
    /// What an operator refuses.
    pub fn forward(
        &self,
        parameters: &GraphParameters,
        images: Tensor<4>,
        key: DropoutKey,
        records: bool,
    ) -> Result<ForwardPass> {
        let pass = Pass {
            autodiff: true,
            training: Some(TrainingPass {
                seed: key.seed,
                step: key.step,
            }),
            records: false,
        };
        let mut values = self.parameter_values(parameters);
        values.insert(self.input, Value::Float(Floats::from_tensor(images)));
        let mut statistics = Values::new();
        let mut boundary = self.run(&self.trunk, values, pass, &mut statistics)?;
        let mut values = self.parameter_values(parameters);
        values.extend(boundary.iter().map(|(id, value)| (*id, value.clone())));
        let pass = Pass { records, ..pass };
        let head = match records {
            true => &self.recorded_head,
            false => &self.head,
        };
        let outputs = self.run(head, values, pass, &mut statistics)?;
        let logits = self.logits(&outputs)?;
        let read = outputs.iter().filter(|(id, _)| **id != self.output);
        boundary.extend(read.map(|(id, value)| (*id, value.clone())));
        boundary.retain(|id, _| self.layers.iter().any(|l| l.boundary.contains(id)));
        let features = self.layers.iter().map(|layer| {
            let hooked = layer.hooked_value(&boundary)?;
            Ok(layer.feature_maps.extract(hooked))
        });
        let features = features.collect::<Result<_>>()?;
        let statistics = self.norms.iter().map(|ids| {
            ids.map(|id| {
                let value = statistics.remove(&id).expect("every batch norm ran");
                let value = value.float().expect("floats");
                let count = value.shape()[0];
                value.into_tensor([count]).inner()
            })
        });
        Ok(ForwardPass {
            logits,
            features,
            statistics: statistics.collect(),
            boundary,
            head: records.then_some(outputs),
            pass,
        })
    }

    /// The gradient of each image's logit of `targets` (N indices) with respect to its feature maps of each
    /// layer, [N, C, h, w], as an expression of the parameters and the feature maps: a loss of it can be
    /// differentiated.
    ///
    /// # Errors
    /// An operator after the layer whose gradient cannot be differentiated.
    ///
    /// # Panics
    /// If the pass did not record its values, or there is not one target for each image.
    pub fn gradients(&self, forward: &ForwardPass, targets: &[usize]) -> Result<Vec<Tensor<4>>> {
        let values = forward.head.as_ref().expect("a pass that recorded");
        let [n, classes] = forward.logits.dims();
        let mut one_hot = vec![0f32; n * classes];
        for (row, &target) in one_hot.chunks_exact_mut(classes).zip(targets) {
            row[target] = 1.0;
        }
        let device = forward.logits.device();
        let cotangent = Floats::from_values(one_hot, vec![n, classes], &device);
        let cotangent = cotangent.map_err(|reason| self.layers[0].error(reason))?;
        let hooks: Vec<ValueId> = self.layers.iter().map(|layer| layer.hook).collect();
        let end = (self.output, cotangent);
        let mut found = self.recorded_head.vjp(values, forward.pass, &hooks, end)?;
        let gradients = self.layers.iter().map(|layer| {
            let gradient = match found.remove(&layer.hook) {
                Some(gradient) => gradient,
                None => layer
                    .hooked_value(&forward.boundary)?
                    .map(|x| x.zeros_like()),
            };
            Ok(layer.feature_maps.extract(gradient))
        });
        gradients.collect()
    }

    /// The gradient of each image's logit of `targets` (N indices) with respect to its feature maps of each
    /// layer, [N, C, h, w], as numbers: no gradient flows through it.
    ///
    /// # Errors
    /// What an operator refuses.
    pub fn detached_gradients(
        &self,
        forward: &ForwardPass,
        parameters: &GraphParameters,
        targets: &[usize],
    ) -> Result<Vec<Tensor<4>>> {
        let layers = self.layers.iter();
        let gradients = layers.map(|layer| self.detached(layer, forward, parameters, targets));
        gradients.collect()
    }

    /// [`Self::detached_gradients`] of one layer.
    fn detached(
        &self,
        layer: &HookedLayer,
        forward: &ForwardPass,
        parameters: &GraphParameters,
        targets: &[usize],
    ) -> Result<Tensor<4>> {
        let detached = |value: Value| match value {
            Value::Float(floats) => Value::Float(floats.map(Tensor::detach)),
            ints => ints,
        };
        let values = self.parameter_values(parameters).into_iter();
        let boundary = layer.boundary.iter();
        let boundary = boundary.map(|id| (*id, forward.boundary[id].clone()));
        let values = values.chain(boundary);
        let mut values: Values = values.map(|(id, value)| (id, detached(value))).collect();
        let hooked = layer.hooked_value(&values)?;
        let (shape, order) = (hooked.shape().to_vec(), hooked.order());
        let leaf = hooked.into_flat().require_grad();
        let floats = |data| {
            let floats = Floats::with_order(data, shape.clone(), order);
            floats.map_err(|reason| layer.error(reason))
        };
        values.insert(layer.hook, Value::Float(floats(leaf.clone())?));
        let pass = Pass {
            records: false,
            ..forward.pass
        };
        let outputs = layer.head.run_pass(values, pass)?;
        let classes = targets.iter().map(|&target| target as i64).collect();
        let scores = class_scores(&self.logits(&outputs)?, classes);
        let mut gradients = scores.sum().backward();
        let gradient = leaf.grad_remove(&mut gradients);
        let gradient = gradient.unwrap_or_else(|| leaf.clone().inner().zeros_like());
        let gradient = floats(Tensor::from_inner(gradient))?;
        Ok(layer.feature_maps.extract(gradient))
    }

    fn run(
        &self,
        plan: &ExecutionPlan,
        values: Values,
        pass: Pass,
        statistics: &mut Values,
    ) -> Result<Values> {
        let mut outputs = plan.run_pass(values, pass)?;
        for id in self.norms.iter().flatten() {
            if let Some(value) = outputs.remove(id) {
                statistics.insert(*id, value);
            }
        }
        Ok(outputs)
    }

    fn parameter_values(&self, parameters: &GraphParameters) -> Values {
        let values = self.parameters.iter().zip(&parameters.values);
        values
            .map(|((id, shape), value)| {
                let floats = Floats::new(value.val(), shape.clone()).expect("its own shape");
                (*id, Value::Float(floats))
            })
            .collect()
    }

    fn logits(&self, outputs: &Values) -> Result<Tensor<2>> {
        match outputs.get(&self.output).cloned().map(Value::float) {
            Some(Ok(logits)) if logits.rank() == 2 => {
                let [n, k] = [logits.shape()[0], logits.shape()[1]];
                Ok(logits.into_tensor([n, k]))
            }
            _ => Err(Error::Request(
                "the model's output is not logits [N, K]".into(),
            )),
        }
    }
}

impl HookedLayer {
    fn hooked_value(&self, values: &Values) -> Result<Floats> {
        let value = values[&self.hook].clone().float();
        value.map_err(|reason| self.error(reason))
    }

    fn error(&self, reason: OperatorError) -> Error {
        Error::Request(format!("layer {}: {reason}", self.name))
    }
}

/// The layer of this name; the default one for `None`.
fn hooked_layer(
    model: &TrainableClassifier,
    layer: Option<&str>,
    requested: LayoutRequest,
) -> Result<HookedLayer> {
    let weights = model.weights()?;
    let evaluated = &weights.evaluated;
    let found = layers::find(evaluated, layer)?;
    let feature_maps = layers::feature_maps(evaluated, found.id, requested)
        .map_err(|reason| Error::Request(format!("layer {}: {reason}", found.name)))?;
    let graph = &model.graph;
    let hook = same_value(&evaluated.graph, found.id, graph);
    let split = hook.and_then(|hook| split_at(graph, &[hook]).map(|split| (hook, split)));
    let Some((hook, Split { head, boundary })) = split else {
        let name = found.name;
        return Err(Error::Request(format!(
            "layer {name} does not lead to the logits"
        )));
    };
    let wanted = vec![graph.output];
    Ok(HookedLayer {
        name: found.name,
        hook,
        feature_maps,
        is_gap_linear: evaluated.hook(layer, requested)?.is_gap_linear(),
        head: plan(model, fused(model, &head, &wanted), wanted),
        boundary,
    })
}

fn plan(model: &TrainableClassifier, nodes: Vec<Node>, wanted: Vec<ValueId>) -> ExecutionPlan {
    ExecutionPlan::new(nodes, wanted, &model.graph.constants, &model.device)
}

/// `nodes` fused, but for the values in `kept`.
fn fused(model: &TrainableClassifier, nodes: &[Node], kept: &[ValueId]) -> Vec<Node> {
    let graph = &model.graph;
    let shapes = graph.trained.iter().map(|p| (p.id, p.shape.clone()));
    let kept = kept.iter().copied().collect();
    fuse_for_training(nodes, &kept, &graph.constants, &shapes.collect())
}

/// Value `id` of `graph` in another reading of the same file.
fn same_value(graph: &Graph, id: ValueId, other: &Graph) -> Option<ValueId> {
    let names = graph.names.iter().filter(|(_, named)| **named == id);
    let same: Vec<ValueId> = names
        .filter_map(|(name, _)| other.names.get(name).copied())
        .collect();
    // Names that are one value in evaluation may be the steps to it in training: an identity there is
    // dropout here.
    let produced = |node: &Node| {
        node.outputs
            .iter()
            .flatten()
            .copied()
            .find(|id| same.contains(id))
    };
    other.nodes.iter().find_map(produced)
}
