//! A classifier in two parts: the trunk up to a layer, and the head from its output on.

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
use crate::split::{Split, ancestors, split_at};
use crate::value::{Floats, Value};

/// A classifier hooked at a layer: a trunk, which runs without gradients, and a head, which is
/// differentiated. It keeps no state: the caller holds the captured activations.
pub struct HookedClassifier {
    /// Shared by all layers that were hooked together.
    trunk: Arc<ExecutionPlan>,
    head: ExecutionPlan,
    /// Values that the trunk computes and the head reads, the hooked one among them.
    boundary: Vec<ValueId>,
    input: ValueId,
    hook: ValueId,
    output: ValueId,
    feature_maps: FeatureMaps,
    layer: String,
    is_gap_linear: bool,
    /// The fixed batch size, if the file has one.
    batch: Option<usize>,
    device: Device,
}

/// Activations of a batch of images at the hooked layers, and the other values that the heads read.
pub struct CapturedActivations {
    chunks: Vec<Chunk>,
}

/// As many images as the model takes at a time.
struct Chunk {
    /// Images of the caller; the rest is padding to a fixed batch size.
    images: usize,
    /// Boundary values of all layers that were hooked together.
    values: Values,
}

impl HookedClassifier {
    /// Hooks several layers with one trunk, so that [`Self::capture`] of any of them serves all.
    pub(crate) fn at_layers(
        model: &Classifier,
        layers: Vec<(FoundLayer, FeatureMaps)>,
    ) -> Result<Vec<Self>> {
        let hook = |(layer, maps)| Self::with_empty_trunk(model, layer, maps);
        let mut hooks: Vec<Self> = layers.into_iter().map(hook).collect::<Result<_>>()?;
        let mut boundary: Vec<ValueId> = hooks.iter().flat_map(|h| h.boundary.clone()).collect();
        boundary.sort_unstable();
        boundary.dedup();
        let trunk = ancestors(model.graph.nodes.clone(), &boundary);
        let trunk = Arc::new(model.fused_plan(&trunk, boundary));
        for hook in &mut hooks {
            hook.trunk = Arc::clone(&trunk);
        }
        Ok(hooks)
    }

    fn with_empty_trunk(
        model: &Classifier,
        layer: FoundLayer,
        feature_maps: FeatureMaps,
    ) -> Result<Self> {
        let hook = layer.id;
        let output = model.graph.output;
        let Some(Split { head, boundary }) = split_at(&model.graph, &[hook]) else {
            let name = layer.name;
            return Err(Error::Request(format!(
                "layer {name} does not lead to the logits"
            )));
        };
        Ok(Self {
            trunk: Arc::new(model.fused_plan(&[], Vec::new())),
            is_gap_linear: is_gap_linear(model, &head, hook, feature_maps.layout),
            head: model.fused_plan(&head, vec![output]),
            boundary,
            input: model.graph.input.id,
            hook,
            output,
            feature_maps,
            layer: layer.name,
            batch: model.batch(),
            device: model.device.clone(),
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

    /// Channels, rows and columns of its feature maps, [C, h, w].
    pub fn map_shape(&self) -> [usize; 3] {
        self.feature_maps.shape
    }

    /// Runs the trunk on `images` [N, C, H, W], N > 0.
    ///
    /// # Errors
    /// Images of another shape than the model was opened for, and what an operator refuses.
    pub fn capture(&self, images: Tensor<4>) -> Result<CapturedActivations> {
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
                values: self.trunk.run(values, false)?,
            });
        }
        Ok(CapturedActivations { chunks })
    }

    /// Feature maps A, [N, C, h, w].
    ///
    /// # Errors
    /// A layer whose output is not float32.
    pub fn features(&self, captured: &CapturedActivations) -> Result<Tensor<4>> {
        let features = |chunk: &Chunk| {
            let value = self.hooked_value(&chunk.values)?;
            Ok(self.feature_maps.extract(value).narrow(0, 0, chunk.images))
        };
        let parts = captured.chunks.iter().map(features);
        Ok(concatenated(parts.collect::<Result<_>>()?))
    }

    /// Logits [N, K].
    ///
    /// # Errors
    /// What an operator refuses.
    pub fn logits(&self, captured: &CapturedActivations) -> Result<Tensor<2>> {
        let parts = captured.chunks.iter().map(|chunk| {
            let logits = self.run_head(self.boundary_values(chunk), false)?;
            Ok(logits.narrow(0, 0, chunk.images))
        });
        Ok(concatenated(parts.collect::<Result<_>>()?))
    }

    /// Logits [N, K] of the same images with other feature maps, [N, C, h, w].
    ///
    /// # Errors
    /// What an operator refuses.
    pub fn logits_from_features(
        &self,
        captured: &CapturedActivations,
        features: Tensor<4>,
    ) -> Result<Tensor<2>> {
        let mut start = 0;
        let mut parts = Vec::new();
        for chunk in &captured.chunks {
            let own = features.clone().narrow(0, start, chunk.images);
            start += chunk.images;
            let mut values = self.boundary_values(chunk);
            let old = self.hooked_value(&values)?;
            values.insert(self.hook, Value::Float(self.feature_maps.replace(old, own)));
            parts.push(self.run_head(values, false)?.narrow(0, 0, chunk.images));
        }
        Ok(concatenated(parts))
    }

    /// Logits [N, K] of the same images with channel `channel` (below C) of the hooked layer set to
    /// 0, in class and register tokens too.
    ///
    /// # Errors
    /// What an operator refuses.
    pub fn logits_ablated(
        &self,
        captured: &CapturedActivations,
        channel: usize,
    ) -> Result<Tensor<2>> {
        let parts = captured.chunks.iter().map(|chunk| {
            let mut values = self.boundary_values(chunk);
            let old = self.hooked_value(&values)?;
            let changed = self.feature_maps.zero_channel(old, channel);
            let changed = changed.map_err(|reason| self.layer_error(reason))?;
            values.insert(self.hook, Value::Float(changed));
            Ok(self.run_head(values, false)?.narrow(0, 0, chunk.images))
        });
        Ok(concatenated(parts.collect::<Result<_>>()?))
    }

    /// Logits [N, K], and the gradient of each image's logit of `targets` `[N]` with respect to its
    /// feature maps, [N, C, h, w].
    ///
    /// # Errors
    /// What an operator refuses.
    ///
    /// # Panics
    /// If there is not one target for each image, below K.
    pub fn gradients(
        &self,
        captured: &CapturedActivations,
        targets: &[usize],
    ) -> Result<(Tensor<2>, Tensor<4>)> {
        let mut targets = targets.iter();
        let (mut all_logits, mut all_gradients) = (Vec::new(), Vec::new());
        for chunk in &captured.chunks {
            let mut values = self.boundary_values(chunk);
            for value in values.values_mut() {
                *value = to_autodiff(value.clone());
            }
            let hooked = self.hooked_value(&values)?;
            let (shape, order) = (hooked.shape().to_vec(), hooked.order());
            let leaf = hooked.into_flat().require_grad();
            let value = Floats::with_order(leaf.clone(), shape.clone(), order);
            let value = value.map_err(|reason| self.layer_error(reason))?;
            values.insert(self.hook, Value::Float(value));
            let logits = self.run_head(values, true)?;
            // Images that pad a fixed batch get class 0; their gradients are dropped.
            let classes = (0..logits.dims()[0]).map(|i| {
                let target = (i < chunk.images).then(|| targets.next().expect("one each"));
                target.map_or(0, |&target| target as i64)
            });
            let scores = class_scores(&logits, classes.collect());
            let mut gradients = scores.sum().backward();
            let gradient = leaf
                .grad_remove(&mut gradients)
                .unwrap_or_else(|| Tensor::zeros([shape.iter().product::<usize>()], &self.device));
            let gradient = Floats::with_order(gradient, shape, order);
            let gradient = gradient.map_err(|reason| self.layer_error(reason))?;
            let gradient = self.feature_maps.extract(gradient);
            all_gradients.push(gradient.narrow(0, 0, chunk.images));
            all_logits.push(logits.inner().narrow(0, 0, chunk.images));
        }
        Ok((concatenated(all_logits), concatenated(all_gradients)))
    }

    /// The values of a chunk that the head reads.
    fn boundary_values(&self, chunk: &Chunk) -> Values {
        let value = |id: &ValueId| (*id, chunk.values[id].clone());
        self.boundary.iter().map(value).collect()
    }

    fn hooked_value(&self, values: &Values) -> Result<Floats> {
        let value = values[&self.hook].clone().float();
        value.map_err(|reason| self.layer_error(reason))
    }

    fn layer_error(&self, reason: OperatorError) -> Error {
        Error::Request(format!("layer {}: {reason}", self.layer))
    }

    /// Logits [N, K].
    fn run_head(&self, values: Values, autodiff: bool) -> Result<Tensor<2>> {
        let mut values = self.head.run(values, autodiff)?;
        let logits = values.remove(&self.output).map(Value::float);
        match logits {
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

fn to_autodiff(value: Value) -> Value {
    match value {
        Value::Float(floats) => Value::Float(floats.into_autodiff()),
        ints => ints,
    }
}

fn concatenated<const D: usize>(mut parts: Vec<Tensor<D>>) -> Tensor<D> {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    Tensor::cat(parts, 0)
}

/// The score of one class per image, [N, 1].
pub(crate) fn class_scores(logits: &Tensor<2>, classes: Vec<i64>) -> Tensor<2> {
    let size = [classes.len(), 1];
    let classes = TensorData::new(classes, size);
    let classes = Tensor::<2, Int>::from_data(classes, &logits.device());
    logits.clone().gather(1, classes)
}

/// Whether `head` is a global average pool of `hook` and a linear layer.
fn is_gap_linear(model: &Classifier, head: &[Node], hook: ValueId, layout: FeatureLayout) -> bool {
    let Some((first, rest)) = head.split_first() else {
        return false;
    };
    // A mean over tokens would include class and register tokens.
    let is_gap = !layout.is_tokens()
        && layers::mean_over(model, first) == Some((hook, layout.pixel_axes().to_vec()));
    is_gap
        && rest.iter().all(|node| node.op.operator().is_linear())
        && rest
            .iter()
            .all(|node| node.runtime_inputs().all(|id| id != hook))
}
