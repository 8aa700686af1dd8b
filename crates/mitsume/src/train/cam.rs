//! Grad-CAM as a differentiable expression (Eqs. 1 and 2).

use burn::tensor::activation::relu;
use burn::tensor::{Int, Tensor};
use mitsume_nn::Head;

use crate::normalise::EPSILON;

/// `relu(sum_k alpha_k A_k)` (Eq. 1): feature maps [N, C, h, w] and alpha [N, C] to [N, h, w].
pub fn raw_maps(features: Tensor<4>, alpha: Tensor<2>) -> Tensor<3> {
    let [n, c, h, w] = features.dims();
    // One [1, C] x [C, h*w] product per image: the sum over channels without a [N, C, h, w]
    // intermediate, which would be as large as the feature maps themselves.
    let sum = alpha
        .reshape([n, 1, c])
        .matmul(features.reshape([n, c, h * w]));
    relu(sum.reshape([n, h, w]))
}

/// `(raw - min) / (max - min + 1e-8)` per image (Eq. 2), [N, h, w], in [0, 1).
///
/// A constant map becomes zero and passes no gradient: the quotient's own would be the upstream
/// gradient times 1e8 there, for a map that says nothing.
pub fn normalise_maps(raw: Tensor<3>) -> Tensor<3> {
    let [n, h, w] = raw.dims();
    let flat = raw.reshape([n, h * w]);
    let low = flat.clone().min_dim(1);
    let range = flat.clone().max_dim(1) - low.clone();
    let varies = range.clone().detach().greater_scalar(0.0).float();
    let flat = (flat - low) * varies;
    (flat / (range + EPSILON)).reshape([n, h, w])
}

/// Normalised maps [N, h, w] of the given targets (one class index per image), with alpha in the
/// graph.
///
/// `mask` is the dropout mask of the forward pass that made `features`, or none in evaluation.
pub fn class_activation_maps(
    head: &Head,
    features: Tensor<4>,
    mask: Option<Tensor<2>>,
    targets: Tensor<1, Int>,
) -> Tensor<3> {
    let alpha = head.alpha(features.clone(), mask, targets);
    normalise_maps(raw_maps(features, alpha))
}
