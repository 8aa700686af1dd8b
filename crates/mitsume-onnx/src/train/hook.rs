//! A trainable classifier divided at a layer, and its forward pass.

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
use crate::split::{Split, ancestors, split_at};
use crate::value::{Floats, Value};

/// A trainable classifier divided at the hooked layer.
pub struct TrainableHook {
    trunk: ExecutionPlan,
    head: ExecutionPlan,
    boundary: Vec<ValueId>,
    /// Of each parameter, its value in the graph and its shape.
    parameters: Vec<(ValueId, Vec<usize>)>,
    input: ValueId,
    hook: ValueId,
    output: ValueId,
    feature_maps: FeatureMaps,
    layer: String,
    is_gap_linear: bool,
    norms: Vec<[ValueId; 2]>,
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
    /// Feature maps A of the hooked layer, [N, C, h, w], to be differentiated.
    pub features: Tensor<4>,
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
        layer: Option<&str>,
        requested: LayoutRequest,
    ) -> Result<Self> {
        let evaluated = &model.evaluated;
        let found = layers::find(evaluated, layer)?;
        let feature_maps = layers::feature_maps(evaluated, found.id, requested)
            .map_err(|reason| Error::Request(format!("layer {}: {reason}", found.name)))?;
        let graph = &model.graph;
        let hook = same_value(&evaluated.graph, found.id, graph);
        let split = hook.and_then(|hook| split_at(graph, hook).map(|split| (hook, split)));
        let Some((hook, Split { head, boundary })) = split else {
            let name = found.name;
            return Err(Error::Request(format!(
                "layer {name} does not lead to the logits"
            )));
        };
        let batch: Vec<ValueId> = model.norms.iter().flat_map(|norm| norm.batch).collect();
        let plan = |nodes: Vec<Node>, wanted: Vec<ValueId>| {
            ExecutionPlan::new(nodes, wanted, &graph.constants, &model.device)
        };
        let with_batch = |mut wanted: Vec<ValueId>| {
            wanted.extend(&batch);
            wanted
        };
        let trunk = ancestors(graph.nodes.clone(), &boundary);
        let trunk_outputs = with_batch(boundary.clone());
        let kept = trunk_outputs.iter().copied().collect();
        // The head is not fused: a gradient through its gradient goes node by node.
        let trunk = fuse_for_training(&trunk, &kept, &graph.constants);
        Ok(Self {
            trunk: plan(trunk, trunk_outputs),
            head: plan(head, with_batch(vec![graph.output])),
            boundary,
            parameters: graph
                .trained
                .iter()
                .map(|p| (p.id, p.shape.clone()))
                .collect(),
            input: graph.input.id,
            hook,
            output: graph.output,
            feature_maps,
            is_gap_linear: evaluated.hook(layer, requested)?.is_gap_linear(),
            layer: found.name,
            norms: model.norms.iter().map(|norm| norm.batch).collect(),
        })
    }

    /// The hooked layer's name.
    pub fn layer(&self) -> &str {
        &self.layer
    }

    /// Channels, rows and columns of its feature maps, [C, h, w].
    pub fn map_shape(&self) -> [usize; 3] {
        self.feature_maps.shape
    }

    /// Whether only a global average pool and a linear layer follow.
    pub fn is_gap_linear(&self) -> bool {
        self.is_gap_linear
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
        boundary.retain(|id, _| self.boundary.contains(id));
        let mut values = self.parameter_values(parameters);
        values.extend(boundary.iter().map(|(id, value)| (*id, value.clone())));
        let pass = Pass { records, ..pass };
        let outputs = self.run(&self.head, values, pass, &mut statistics)?;
        let logits = self.logits(&outputs)?;
        let features = self.hooked_value(&boundary)?;
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
            features: self.feature_maps.extract(features),
            statistics: statistics.collect(),
            boundary,
            head: records.then_some(outputs),
            pass,
        })
    }

    /// The gradient of each image's logit of `targets` (N indices) with respect to its feature maps, [N, C, h,
    /// w], as an expression of the parameters and the feature maps: a loss of it can be differentiated.
    ///
    /// # Errors
    /// An operator after the layer whose gradient cannot be differentiated.
    ///
    /// # Panics
    /// If the pass did not record its values, or there is not one target for each image.
    pub fn gradients(&self, forward: &ForwardPass, targets: &[usize]) -> Result<Tensor<4>> {
        let values = forward.head.as_ref().expect("a pass that recorded");
        let [n, classes] = forward.logits.dims();
        let mut one_hot = vec![0f32; n * classes];
        for (row, &target) in one_hot.chunks_exact_mut(classes).zip(targets) {
            row[target] = 1.0;
        }
        let device = forward.logits.device();
        let cotangent = Floats::from_values(one_hot, vec![n, classes], &device);
        let cotangent = cotangent.map_err(|reason| self.layer_error(reason))?;
        let ends = [self.hook, self.output];
        let gradient = self.head.vjp(values, forward.pass, ends, cotangent)?;
        let hooked = self.hooked_value(&forward.boundary)?;
        let gradient = gradient.unwrap_or_else(|| hooked.map(|x| x.zeros_like()));
        Ok(self.feature_maps.extract(gradient))
    }

    /// The gradient of each image's logit of `targets` (N indices) with respect to its feature maps, [N, C, h,
    /// w], as numbers: no gradient flows through it.
    ///
    /// # Errors
    /// What an operator refuses.
    pub fn detached_gradients(
        &self,
        forward: &ForwardPass,
        parameters: &GraphParameters,
        targets: &[usize],
    ) -> Result<Tensor<4>> {
        let detached = |value: Value| match value {
            Value::Float(floats) => Value::Float(floats.map(Tensor::detach)),
            ints => ints,
        };
        let values = self.parameter_values(parameters).into_iter();
        let boundary = forward.boundary.iter();
        let values = values.chain(boundary.map(|(id, value)| (*id, value.clone())));
        let mut values: Values = values.map(|(id, value)| (id, detached(value))).collect();
        let hooked = self.hooked_value(&values)?;
        let (shape, order) = (hooked.shape().to_vec(), hooked.order());
        let leaf = hooked.into_flat().require_grad();
        let floats = |data| {
            let floats = Floats::with_order(data, shape.clone(), order);
            floats.map_err(|reason| self.layer_error(reason))
        };
        values.insert(self.hook, Value::Float(floats(leaf.clone())?));
        let pass = Pass {
            records: false,
            ..forward.pass
        };
        let outputs = self.run(&self.head, values, pass, &mut Values::new())?;
        let classes = targets.iter().map(|&target| target as i64).collect();
        let scores = class_scores(&self.logits(&outputs)?, classes);
        let mut gradients = scores.sum().backward();
        let gradient = leaf.grad_remove(&mut gradients);
        let gradient = gradient.unwrap_or_else(|| leaf.clone().inner().zeros_like());
        let gradient = floats(Tensor::from_inner(gradient))?;
        Ok(self.feature_maps.extract(gradient))
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

    fn hooked_value(&self, values: &Values) -> Result<Floats> {
        let value = values[&self.hook].clone().float();
        value.map_err(|reason| self.layer_error(reason))
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

    fn layer_error(&self, reason: OperatorError) -> Error {
        Error::Request(format!("layer {}: {reason}", self.layer))
    }
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
