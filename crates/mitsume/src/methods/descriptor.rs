//! Descriptors of methods: name, requirements, and the map on arrays and on tensors.

use super::ActivationsAndGradients;

/// Name, requirements and functions of a method; each file of a method has one. The methods are
/// listed in [`Method::ALL`](super::Method::ALL).
pub struct Descriptor {
    /// The name on the command line and in files.
    pub name: &'static str,
    /// A remark for lists of methods, or empty.
    pub remark: &'static str,
    /// What the map is computed from.
    pub requires: Requirements,
    /// The raw map [h * w] after the ReLU, in `f64` sums. Eq. 2 ([`normalise`](crate::normalise()))
    /// normalises it to [0, 1).
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
    /// Scores with feature map k set to 0.
    Ablated,
    /// Scores of the image multiplied by feature map k, which is enlarged to the image (bilinear)
    /// and normalised to [0, 1].
    Masked,
}

/// The inputs of a map of one image.
#[derive(Clone, Copy, Debug)]
pub struct MapInputs<'a> {
    /// Feature maps and gradients; zeros for gradients that are not
    /// [required](Requirements::gradients).
    pub hooked: ActivationsAndGradients<'a>,
    /// The class score y (logit).
    pub score: f64,
    /// The [`ChannelScores`] that the method requires, `[C]`; empty if it requires none.
    pub channel_scores: &'a [f64],
    /// Seed of the random control, such as the image's number.
    pub seed: u64,
}

/// Whether the consistency of a method's maps can be trained.
pub enum Training {
    /// Its raw map [N, 1, h * w] before the ReLU, as a differentiable function of feature maps and
    /// gradients [N, C, h * w], with the same epsilons as the plain form.
    Differentiable(TensorMap),
    /// Not differentiable, for this reason.
    NotDifferentiable(&'static str),
}

/// The map on tensors.
#[cfg(feature = "burn")]
pub type TensorMap =
    fn(burn::tensor::Tensor<3>, burn::tensor::Tensor<3>) -> burn::tensor::Tensor<3>;
/// Without Burn there is no map on tensors.
#[cfg(not(feature = "burn"))]
pub type TensorMap = ();

/// A [`Training::Differentiable`]; without Burn its function is left out.
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
