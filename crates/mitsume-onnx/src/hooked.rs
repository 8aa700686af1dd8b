//! A classifier in two parts: up to a layer, and from its output on.

use std::collections::HashSet;
use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::classifier::Classifier;
use crate::error::{Error, Result};
use crate::execution_plan::{ExecutionPlan, Values};
use crate::feature_maps::FeatureMaps;
use crate::graph::{Node, ValueId};
use crate::layers::{self, FoundLayer};
use crate::layout::FeatureLayout;
use crate::op::OperatorError;
use crate::value::{Floats, Value};

/// A classifier hooked at a layer. The part before (the trunk) runs without gradients; only the part
/// after (the head) is differentiated. It keeps no state: the caller holds the captured activations.
pub struct HookedClassifier {
    /// Shared by all that were hooked together.
    before: Arc<ExecutionPlan>,
    after: ExecutionPlan,
    /// What the second part reads.
    boundary: Vec<ValueId>,
    input: ValueId,
    hook: ValueId,
    output: ValueId,
    maps: FeatureMaps,
    layer: String,
    is_gap_linear: bool,
    batch: Option<usize>,
    device: Device,
}

/// A batch at the hooked layer, and at any that was hooked together with it.
pub struct CapturedActivations {
    chunks: Vec<Chunk>,
}

/// As many images as the model takes at a time.
struct Chunk {
    /// Images of the caller; the rest is padding to a fixed batch size.
    images: usize,
    /// What the second parts need, the hooked values among it.
    values: Values,
}

impl HookedClassifier {
    /// Hooks at several layers; a [`CapturedActivations`] of one of them is one of all.
    pub(crate) fn several(
        of: &Classifier,
        layers: Vec<(FoundLayer, FeatureMaps)>,
    ) -> Result<Vec<Self>> {
        let hook = |(layer, maps)| Self::after(of, layer, maps);
        let mut hooks: Vec<Self> = layers.into_iter().map(hook).collect::<Result<_>>()?;
        let mut boundary: Vec<ValueId> = hooks.iter().flat_map(|h| h.boundary.clone()).collect();
        boundary.sort_unstable();
        boundary.dedup();
        let before = ancestors(of.graph.nodes.clone(), &boundary);
        let before = Arc::new(of.steps(&before, boundary));
        for hook in &mut hooks {
            hook.before = Arc::clone(&before);
        }
        Ok(hooks)
    }

    /// The head alone.
    fn after(of: &Classifier, layer: FoundLayer, maps: FeatureMaps) -> Result<Self> {
        let hook = layer.id;
        let output = of.graph.output;
        let mut after = Vec::new();
        let mut depends = HashSet::from([hook]);
        for node in &of.graph.nodes {
            if node.runtime_inputs().any(|id| depends.contains(&id)) {
                depends.extend(node.outputs.iter().flatten());
                after.push(node.clone());
            }
        }
        if !depends.contains(&output) {
            let name = layer.name;
            return Err(Error::Request(format!(
                "layer {name} does not lead to the logits"
            )));
        }
        let after = ancestors(after, &[output]);
        let is_gap_linear = is_gap_linear(of, &after, (hook, maps.layout));
        // Values other than the hooked one that the head reads (skip connections around the hooked
        // layer).
        let made: HashSet<ValueId> = after.iter().flat_map(outputs).collect();
        let mut boundary: Vec<ValueId> = after
            .iter()
            .flat_map(Node::runtime_inputs)
            .filter(|id| !made.contains(id) && !of.graph.constants.contains_key(id))
            .collect();
        boundary.push(hook);
        boundary.sort_unstable();
        boundary.dedup();
        Ok(Self {
            before: Arc::new(of.steps(&[], Vec::new())),
            after: of.steps(&after, vec![output]),
            boundary,
            input: of.graph.input.id,
            hook,
            output,
            maps,
            layer: layer.name,
            is_gap_linear,
            batch: of.batch(),
            device: of.device.clone(),
        })
    }

    /// The hooked layer's name.
    pub fn layer(&self) -> &str {
        &self.layer
    }

    /// Whether only a global average pool and a linear layer follow.
    pub fn is_gap_linear(&self) -> bool {
        self.is_gap_linear
    }

    /// Channels, rows and columns of its feature maps.
    pub fn map(&self) -> [usize; 3] {
        self.maps.map
    }

    /// Runs the first part on `images` [N, C, H, W], N > 0.
    ///
    /// # Errors
    /// Images of another shape than the model was opened for, and what an operator refuses.
    pub fn read(&self, images: Tensor<4>) -> Result<CapturedActivations> {
        let [n, c, h, w] = images.dims();
        let size = self.batch.unwrap_or(n);
        let mut chunks = Vec::new();
        for start in (0..n).step_by(size.max(1)) {
            let count = size.min(n - start);
            let mut chunk = images.clone().narrow(0, start, count);
            if count < size {
                let fill = Tensor::zeros([size - count, c, h, w], &images.device());
                chunk = Tensor::cat(vec![chunk, fill], 0);
            }
            let input = Value::Float(Floats::from_tensor(chunk));
            let values = Values::from([(self.input, input)]);
            chunks.push(Chunk {
                images: count,
                values: self.before.run(values, false)?,
            });
        }
        Ok(CapturedActivations { chunks })
    }

    /// Feature maps A, [N, C, h, w].
    ///
    /// # Errors
    /// A layer that did not give float32 numbers.
    pub fn features(&self, reading: &CapturedActivations) -> Result<Tensor<4>> {
        let of_chunk = |chunk: &Chunk| {
            let value = chunk.values[&self.hook].clone().float();
            let value = value.map_err(|reason| self.about(reason))?;
            Ok(self.maps.of(value).narrow(0, 0, chunk.images))
        };
        let parts = reading.chunks.iter().map(of_chunk);
        Ok(joined(parts.collect::<Result<_>>()?))
    }

    /// Logits [N, K].
    ///
    /// # Errors
    /// What an operator refuses.
    pub fn logits(&self, reading: &CapturedActivations) -> Result<Tensor<2>> {
        let parts = reading.chunks.iter().map(|chunk| {
            let logits = self.finish(self.own(chunk), false)?;
            Ok(logits.narrow(0, 0, chunk.images))
        });
        Ok(joined(parts.collect::<Result<_>>()?))
    }

    /// Logits [N, K] of the same images with other feature maps, [N, C, h, w].
    ///
    /// # Errors
    /// What an operator refuses.
    pub fn logits_with(
        &self,
        reading: &CapturedActivations,
        features: Tensor<4>,
    ) -> Result<Tensor<2>> {
        let mut start = 0;
        let mut parts = Vec::new();
        for chunk in &reading.chunks {
            let own = features.clone().narrow(0, start, chunk.images);
            start += chunk.images;
            let mut values = self.own(chunk);
            let old = values[&self.hook].clone().float();
            let old = old.map_err(|reason| self.about(reason))?;
            values.insert(self.hook, Value::Float(self.maps.with(old, own)));
            parts.push(self.finish(values, false)?.narrow(0, 0, chunk.images));
        }
        Ok(joined(parts))
    }

    /// Logits [N, K] of the same images with channel `channel` of the hooked layer, below C, set to 0; of tokens also
    /// of those that are no part of the map.
    ///
    /// # Errors
    /// What an operator refuses.
    pub fn logits_ablated(
        &self,
        reading: &CapturedActivations,
        channel: usize,
    ) -> Result<Tensor<2>> {
        let parts = reading.chunks.iter().map(|chunk| {
            let mut values = self.own(chunk);
            let old = values[&self.hook].clone().float();
            let old = old.map_err(|reason| self.about(reason))?;
            let changed = self.maps.without(old, channel);
            let changed = changed.map_err(|reason| self.about(reason))?;
            values.insert(self.hook, Value::Float(changed));
            Ok(self.finish(values, false)?.narrow(0, 0, chunk.images))
        });
        Ok(joined(parts.collect::<Result<_>>()?))
    }

    /// Logits [N, K], and the gradient of each image's logit of `targets` [N] with respect to its feature maps,
    /// [N, C, h, w].
    ///
    /// # Errors
    /// What an operator refuses.
    ///
    /// # Panics
    /// If there is not one target for each image, below K.
    pub fn gradients(
        &self,
        reading: &CapturedActivations,
        targets: &[usize],
    ) -> Result<(Tensor<2>, Tensor<4>)> {
        let mut targets = targets.iter();
        let (mut all_logits, mut all) = (Vec::new(), Vec::new());
        for chunk in &reading.chunks {
            let mut values = Values::new();
            for (id, value) in self.own(chunk) {
                values.insert(id, tracked(value));
            }
            let hooked = values[&self.hook].clone().float();
            let hooked = hooked.map_err(|reason| self.about(reason))?;
            let (shape, order) = (hooked.shape().to_vec(), hooked.order());
            let leaf = hooked.into_flat().require_grad();
            let value = Floats::with_order(leaf.clone(), shape.clone(), order);
            let value = value.map_err(|reason| self.about(reason))?;
            values.insert(self.hook, Value::Float(value));
            let logits = self.finish(values, true)?;
            let size = logits.dims()[0];
            let own: Vec<i64> = (0..size)
                .map(|i| {
                    let target = (i < chunk.images).then(|| targets.next().expect("one each"));
                    target.map_or(0, |&target| target as i64)
                })
                .collect();
            let own = TensorData::new(own, [size, 1]);
            let own = Tensor::<2, Int>::from_data(own, &logits.device());
            let scores = logits.clone().gather(1, own);
            let mut gradients = scores.sum().backward();
            let gradient = leaf
                .grad_remove(&mut gradients)
                .unwrap_or_else(|| Tensor::zeros([shape.iter().product::<usize>()], &self.device));
            let gradient = Floats::with_order(gradient, shape, order);
            let gradient = gradient.map_err(|reason| self.about(reason))?;
            all.push(self.maps.of(gradient).narrow(0, 0, chunk.images));
            all_logits.push(logits.inner().narrow(0, 0, chunk.images));
        }
        Ok((joined(all_logits), joined(all)))
    }

    /// Of a chunk's values those that the second part reads.
    fn own(&self, chunk: &Chunk) -> Values {
        let value = |id: &ValueId| (*id, chunk.values[id].clone());
        self.boundary.iter().map(value).collect()
    }

    fn about(&self, reason: OperatorError) -> Error {
        Error::Request(format!("layer {}: {reason}", self.layer))
    }

    /// The second part, to [N, K].
    fn finish(&self, values: Values, tracked: bool) -> Result<Tensor<2>> {
        let mut values = self.after.run(values, tracked)?;
        let logits = values.remove(&self.output).map(Value::float);
        match logits {
            Some(Ok(logits)) if logits.rank() == 2 => {
                let [n, k] = [logits.shape()[0], logits.shape()[1]];
                Ok(logits.view([n, k]))
            }
            _ => Err(Error::Request(
                "the model's output is not logits [N, K]".into(),
            )),
        }
    }
}

fn tracked(value: Value) -> Value {
    match value {
        Value::Float(floats) => Value::Float(floats.into_autodiff()),
        ints => ints,
    }
}

fn joined<const D: usize>(mut parts: Vec<Tensor<D>>) -> Tensor<D> {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    Tensor::cat(parts, 0)
}

/// Whether `after` is a mean over all pixels of `hook`, and a linear layer.
fn is_gap_linear(
    of: &Classifier,
    after: &[Node],
    (hook, layout): (ValueId, FeatureLayout),
) -> bool {
    let Some((first, rest)) = after.split_first() else {
        return false;
    };
    // Tokens that are no part of the map would be in the mean too.
    let pools = !layout.is_of_tokens()
        && layers::global_mean_of(of, first) == Some((hook, layout.pixel_axes().to_vec()));
    pools
        && rest.iter().all(|node| node.op.operator().is_linear())
        && rest
            .iter()
            .all(|node| node.runtime_inputs().all(|id| id != hook))
}

fn outputs(node: &Node) -> Vec<ValueId> {
    node.outputs.iter().flatten().copied().collect()
}

/// Those of `nodes`, which are in order, that `wanted` depends on.
fn ancestors(nodes: Vec<Node>, wanted: &[ValueId]) -> Vec<Node> {
    let mut needed: HashSet<ValueId> = wanted.iter().copied().collect();
    let mut kept = Vec::new();
    for node in nodes.into_iter().rev() {
        if outputs(&node).iter().any(|id| needed.contains(id)) {
            needed.extend(node.runtime_inputs());
            kept.push(node);
        }
    }
    kept.reverse();
    kept
}
