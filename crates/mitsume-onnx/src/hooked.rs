//! A classifier in two parts: up to a layer, and from its output on.

use std::collections::HashSet;
use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::classifier::Classifier;
use crate::error::{Error, Result};
use crate::feature_maps::FeatureMaps;
use crate::graph::{Id, Node};
use crate::layers::{self, Found};
use crate::layout::FeatureLayout;
use crate::op::OperatorError;
use crate::steps::{Steps, Values};
use crate::value::{Floats, Value};

/// A classifier hooked at a layer. The part before runs without gradients; only the part after it is
/// differentiated. It keeps no state: what one part hands to the other is in the caller's hands.
pub struct Hooked {
    /// Shared by all that were hooked together.
    before: Arc<Steps>,
    after: Steps,
    /// What the second part reads.
    crossing: Vec<Id>,
    input: Id,
    hook: Id,
    output: Id,
    maps: FeatureMaps,
    layer: String,
    pools_first: bool,
    batch: Option<usize>,
    device: Device,
}

/// A batch at the hooked layer, and at any that was hooked together with it.
pub struct Reading {
    chunks: Vec<Chunk>,
}

/// As many images as the model takes at a time.
struct Chunk {
    /// Images of the caller's; any others fill up a fixed batch.
    images: usize,
    /// What the second parts need, the hooked values among it.
    values: Values,
}

impl Hooked {
    /// Hooks at several layers; a [`Reading`] of one of them is one of all.
    pub(crate) fn several(of: &Classifier, layers: Vec<(Found, FeatureMaps)>) -> Result<Vec<Self>> {
        let hook = |(layer, maps)| Self::after(of, layer, maps);
        let mut hooks: Vec<Self> = layers.into_iter().map(hook).collect::<Result<_>>()?;
        let mut crossing: Vec<Id> = hooks.iter().flat_map(|h| h.crossing.clone()).collect();
        crossing.sort_unstable();
        crossing.dedup();
        let before = leading_to(of.graph.nodes.clone(), &crossing);
        let before = Arc::new(of.steps(&before, crossing));
        for hook in &mut hooks {
            hook.before = Arc::clone(&before);
        }
        Ok(hooks)
    }

    /// With the second part only.
    fn after(of: &Classifier, layer: Found, maps: FeatureMaps) -> Result<Self> {
        let hook = layer.id;
        let output = of.graph.output;
        let mut after = Vec::new();
        let mut depends = HashSet::from([hook]);
        for node in &of.graph.nodes {
            if node.needs().any(|id| depends.contains(&id)) {
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
        let after = leading_to(after, &[output]);
        let pools_first = pools_first(of, &after, (hook, maps.layout));
        // What the second part reads besides the hooked value: a skip connection around it.
        let made: HashSet<Id> = after.iter().flat_map(outputs).collect();
        let mut crossing: Vec<Id> = after
            .iter()
            .flat_map(Node::needs)
            .filter(|id| !made.contains(id) && !of.graph.constants.contains_key(id))
            .collect();
        crossing.push(hook);
        crossing.sort_unstable();
        crossing.dedup();
        Ok(Self {
            before: Arc::new(of.steps(&[], Vec::new())),
            after: of.steps(&after, vec![output]),
            crossing,
            input: of.graph.input.id,
            hook,
            output,
            maps,
            layer: layer.name,
            pools_first,
            batch: of.batch(),
            device: of.device.clone(),
        })
    }

    /// The hooked layer's name.
    pub fn layer(&self) -> &str {
        &self.layer
    }

    /// Whether only a global average pool and a linear layer follow.
    pub fn pools_first(&self) -> bool {
        self.pools_first
    }

    /// Channels, rows and columns of its feature maps.
    pub fn map(&self) -> [usize; 3] {
        self.maps.map
    }

    /// Runs the first part on `images` [N, C, H, W], N > 0.
    ///
    /// # Errors
    /// Images of another shape than the model was opened for, and what an operator refuses.
    pub fn read(&self, images: Tensor<4>) -> Result<Reading> {
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
        Ok(Reading { chunks })
    }

    /// Feature maps A, [N, C, h, w].
    ///
    /// # Errors
    /// A layer that did not give float32 numbers.
    pub fn features(&self, reading: &Reading) -> Result<Tensor<4>> {
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
    pub fn logits(&self, reading: &Reading) -> Result<Tensor<2>> {
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
    pub fn logits_with(&self, reading: &Reading, features: Tensor<4>) -> Result<Tensor<2>> {
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
    pub fn logits_without(&self, reading: &Reading, channel: usize) -> Result<Tensor<2>> {
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
        reading: &Reading,
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
        let value = |id: &Id| (*id, chunk.values[id].clone());
        self.crossing.iter().map(value).collect()
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
        Value::Float(floats) => Value::Float(floats.tracked()),
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
fn pools_first(of: &Classifier, after: &[Node], (hook, layout): (Id, FeatureLayout)) -> bool {
    let Some((first, rest)) = after.split_first() else {
        return false;
    };
    // Tokens that are no part of the map would be in the mean too.
    let pools = !layout.is_of_tokens()
        && layers::pools(of, first) == Some((hook, layout.pixel_axes().to_vec()));
    pools
        && rest.iter().all(|node| node.op.operator().is_linear())
        && rest.iter().all(|node| node.needs().all(|id| id != hook))
}

fn outputs(node: &Node) -> Vec<Id> {
    node.outputs.iter().flatten().copied().collect()
}

/// Those of `nodes`, which are in order, that `wanted` depends on.
fn leading_to(nodes: Vec<Node>, wanted: &[Id]) -> Vec<Node> {
    let mut needed: HashSet<Id> = wanted.iter().copied().collect();
    let mut kept = Vec::new();
    for node in nodes.into_iter().rev() {
        if outputs(&node).iter().any(|id| needed.contains(id)) {
            needed.extend(node.needs());
            kept.push(node);
        }
    }
    kept.reverse();
    kept
}
