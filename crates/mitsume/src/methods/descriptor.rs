//! What a method is: its name, what it needs, and its map in both forms.

use super::ActivationsAndGradients;

/// What can be said of a method; each method's file has its own, and [`Method::ALL`](super::Method::ALL)
/// lists them.
pub struct Descriptor {
    /// The name on the command line and in files.
    pub name: &'static str,
    /// What a list of methods says beside the name; empty for nothing.
    pub remark: &'static str,
    /// What the map is made of.
    pub requires: Requirements,
    /// The raw map [h * w] after the ReLU, in `f64` sums. Eq. 2 ([`normalise`](crate::normalise()))
    /// brings it to [0, 1).
    pub map: fn(&MapInputs) -> Vec<f32>,
    /// Whether the consistency of its maps can be trained.
    pub training: Training,
}

/// What a method needs besides the feature maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// The gradient of the class score with respect to the feature maps.
    pub gradients: bool,
    /// A class score per channel.
    pub channel_scores: Option<ChannelScores>,
    /// That a global average pool and a linear layer, between them at most a dropout, follow the
    /// hooked layer.
    pub gap_linear_head: bool,
}

impl Requirements {
    /// The feature maps alone.
    pub const NONE: Self = Self {
        gradients: false,
        channel_scores: None,
        gap_linear_head: false,
    };
    /// Feature maps and gradients.
    pub const GRADIENTS: Self = Self {
        gradients: true,
        ..Self::NONE
    };
}

/// Class scores (logits), one per channel k.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelScores {
    /// Of the layers after the hooked one, where feature map k is set to 0.
    Ablated,
    /// Of the image multiplied by feature map k, which is enlarged to the image (bilinear) and
    /// brought to [0, 1].
    Masked,
}

/// What a map of one image is made of.
#[derive(Clone, Copy, Debug)]
pub struct MapInputs<'a> {
    /// Feature maps and gradients; zeros for gradients that are not
    /// [required](Requirements::gradients).
    pub hooked: ActivationsAndGradients<'a>,
    /// The class score y (logit).
    pub score: f64,
    /// The [`ChannelScores`] that are required, [C]; empty where none are.
    pub channel_scores: &'a [f64],
    /// Seed of the random control, such as the image's number.
    pub seed: u64,
}

/// Whether the consistency of a method's maps can be trained.
pub enum Training {
    /// Its raw map [N, 1, h * w] before the ReLU, as a differentiable function of feature maps and
    /// gradients [N, C, h * w], with the same epsilons as the plain form.
    Differentiable(TensorMap),
    /// Why not.
    NotDifferentiable(&'static str),
}

/// The form on tensors.
#[cfg(feature = "burn")]
pub type TensorMap =
    fn(burn::tensor::Tensor<3>, burn::tensor::Tensor<3>) -> burn::tensor::Tensor<3>;
/// Without Burn there is none.
#[cfg(not(feature = "burn"))]
pub type TensorMap = ();

/// A [`TensorMap`], which is left out without Burn.
#[cfg(feature = "burn")]
macro_rules! tensor_form {
    ($form:expr) => {
        $crate::methods::descriptor::Training::Differentiable($form)
    };
}
#[cfg(not(feature = "burn"))]
macro_rules! tensor_form {
    ($form:expr) => {
        $crate::methods::descriptor::Training::Differentiable(())
    };
}
pub(super) use tensor_form;
