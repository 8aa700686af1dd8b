//! Interface of models for evaluation and explanation.

mod binary;
mod class_order;
mod level;
mod onnx;
mod reordered;

use burn::tensor::{Device, Tensor};

use crate::{EngineError, Result};

pub use binary::two_classes;
pub use class_order::ClassOrder;
pub use level::LevelNetwork;
pub use onnx::{OnnxNetwork, OnnxRequest, layer_record, layers};
pub use reordered::reorder_classes;

/// An image classifier with one or several hooked layers, without state between batches.
pub trait Network: Send + Sync {
    /// `level1` to `level5`, or the file name of an ONNX model.
    fn name(&self) -> String;

    /// Number of trained parameters.
    fn parameters(&self) -> u64;

    /// Number of channels of its input.
    fn channels(&self) -> usize;

    /// Number of classes, K.
    fn classes(&self) -> usize;

    /// Names of the hooked layers; at least one.
    fn layers(&self) -> Vec<String>;

    /// Height and width of the feature maps of hooked layer `layer` for images of size `image`.
    fn map_size(&self, layer: usize, image: [usize; 2]) -> [usize; 2];

    /// The device of its tensors, without autodiff.
    fn device(&self) -> Device;

    /// Runs `images` [N, C, H, W] once, up to every hooked layer. The result is in the order of
    /// [`Self::layers`].
    ///
    /// # Errors
    /// Images of another shape than the model's input; operators that fail.
    fn hook(&self, images: Tensor<4>) -> Result<Vec<Box<dyn HookedImages + '_>>>;

    /// Logits [N, K] of `images` [N, C, H, W].
    ///
    /// # Errors
    /// As [`Self::hook`].
    fn logits(&self, images: Tensor<4>) -> Result<Tensor<2>> {
        self.hook(images)?[0].logits()
    }

    /// Layers with weights, from the output layer down.
    fn weighted_layers(&self) -> Vec<String>;

    /// The network with random weights in the first `count` of [`Self::weighted_layers`].
    ///
    /// # Errors
    /// As [`Self::hook`].
    fn randomised(&self, count: usize, seed: u64) -> Result<Box<dyn Network>>;

    /// The score that the map of class `target` explains, of an image's logits `[K]`.
    fn target_score(&self, logits: &[f32], target: usize) -> f32 {
        logits[target]
    }

    /// Whether its two classes are made of one output (see [`two_classes`]).
    fn has_single_logit(&self) -> bool {
        false
    }

    /// Height and width of its maps: those of the hooked layer with the most pixels.
    fn cam_size(&self, image: [usize; 2]) -> [usize; 2] {
        let sizes = (0..self.layers().len()).map(|layer| self.map_size(layer, image));
        let largest = sizes.max_by_key(|[h, w]| h * w);
        largest.expect("a network has a hooked layer")
    }

    /// The names of the hooked layers, joined by ` + `.
    fn target_layer(&self) -> String {
        self.layers().join(" + ")
    }
}

/// A batch of images, run up to a hooked layer.
pub trait HookedImages {
    /// Feature maps A, [N, C, h, w].
    ///
    /// # Errors
    /// Operators that fail.
    fn features(&self) -> Result<Tensor<4>>;

    /// Logits [N, K].
    ///
    /// # Errors
    /// Operators that fail.
    fn logits(&self) -> Result<Tensor<2>>;

    /// Logits [N, K], and the gradients G [N, C, h, w] of each image's logit of `targets` `[N]`
    /// with respect to its feature maps.
    ///
    /// # Errors
    /// Operators that fail.
    fn gradients(&self, targets: &[usize]) -> Result<(Tensor<2>, Tensor<4>)>;

    /// Ablated logits: each image's logit of `targets` `[N]` with each of its feature maps set to
    /// 0, `[N][C]`.
    ///
    /// # Errors
    /// Operators that fail.
    fn ablated_logits(&self, targets: &[usize]) -> Result<Vec<Vec<f64>>>;

    /// Whether the head is a global average pool and a linear layer, and nothing else.
    fn is_gap_linear(&self) -> bool;

    /// Logits [N, K] and normalised Grad-CAM maps [N, h, w], where they can be computed faster than
    /// from gradients.
    fn grad_cam(&self, targets: &[usize]) -> Option<(Tensor<2>, Tensor<3>)> {
        let _ = targets;
        None
    }
}

/// An error if one of the network's outputs is not finite.
pub(crate) fn refuse_diverged(outputs: &[f32]) -> Result<()> {
    match outputs.iter().all(|output| output.is_finite()) {
        true => Ok(()),
        false => Err(EngineError::Failed(
            "the network's output is not a finite number: its weights have diverged".into(),
        )),
    }
}
