//! What evaluation and explanation need of a model, whatever it is.

mod class_order;
mod level;
mod onnx;
mod reordered;

use burn::tensor::{Device, Tensor};

use crate::Result;

pub use class_order::ClassOrder;
pub use level::LevelNetwork;
pub use onnx::{OnnxNetwork, OnnxRequest, layers};
pub use reordered::reorder_classes;

/// An image classifier with one or several hooked layers. It keeps no state from one batch to the
/// next.
pub trait Network: Send + Sync {
    /// `level1` to `level5`, or a model file's name.
    fn name(&self) -> String;

    /// Number of trained parameters.
    fn parameters(&self) -> u64;

    /// Channels of its images.
    fn channels(&self) -> usize;

    /// Number of classes, K.
    fn classes(&self) -> usize;

    /// Names of the hooked layers; at least one.
    fn layers(&self) -> Vec<String>;

    /// Rows and columns of the feature maps of hooked layer `layer` for images of `image` rows and columns.
    fn map_size(&self, layer: usize, image: [usize; 2]) -> [usize; 2];

    /// Where it computes; a device without autodiff.
    fn device(&self) -> Device;

    /// Runs `images` [N, C, H, W] up to every hooked layer, in the order of [`Self::layers`]: once, however many
    /// there are.
    ///
    /// # Errors
    /// What the model refuses.
    fn hook(&self, images: Tensor<4>) -> Result<Vec<Box<dyn HookedImages + '_>>>;

    /// Logits [N, K] of `images` [N, C, H, W].
    ///
    /// # Errors
    /// What the model refuses.
    fn logits(&self, images: Tensor<4>) -> Result<Tensor<2>> {
        self.hook(images)?[0].logits()
    }

    /// Layers with weights, the logits' first.
    fn weighted_layers(&self) -> Vec<String>;

    /// The same network with the weights of the first `count` of [`Self::weighted_layers`] drawn anew.
    ///
    /// # Errors
    /// What the model refuses.
    fn randomised(&self, count: usize, seed: u64) -> Result<Box<dyn Network>>;

    /// Rows and columns of its maps: of the hooked layer with the most pixels.
    fn cam_size(&self, image: [usize; 2]) -> [usize; 2] {
        let sizes = (0..self.layers().len()).map(|layer| self.map_size(layer, image));
        let largest = sizes.max_by_key(|[h, w]| h * w);
        largest.expect("a network has a hooked layer")
    }

    /// The hooked layers' names in one.
    fn target_layer(&self) -> String {
        self.layers().join(" + ")
    }
}

/// A batch of images at a hooked layer.
pub trait HookedImages {
    /// Feature maps A, [N, C, h, w].
    ///
    /// # Errors
    /// What the model refuses.
    fn features(&self) -> Result<Tensor<4>>;

    /// Logits [N, K].
    ///
    /// # Errors
    /// What the model refuses.
    fn logits(&self) -> Result<Tensor<2>>;

    /// Logits [N, K], and the gradient G of each image's logit of `targets` [N] with respect to its feature maps,
    /// [N, C, h, w].
    ///
    /// # Errors
    /// What the model refuses.
    fn gradients(&self, targets: &[usize]) -> Result<(Tensor<2>, Tensor<4>)>;

    /// Each image's logit of `targets` with each of its feature maps set to 0, [N][C].
    ///
    /// # Errors
    /// What the model refuses.
    fn ablated_logits(&self, targets: &[usize]) -> Result<Vec<Vec<f64>>>;

    /// Whether only a global average pool and a linear layer follow the hooked layer.
    fn is_gap_linear(&self) -> bool;

    /// Logits [N, K] and normalised Grad-CAM maps [N, h, w], where there is a faster way than by gradients.
    fn grad_cam(&self, targets: &[usize]) -> Option<(Tensor<2>, Tensor<3>)> {
        let _ = targets;
        None
    }
}
