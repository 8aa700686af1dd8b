//! Grad-CAM as a differentiable expression (Eqs. 1 and 2).

use burn::tensor::activation::relu;
use burn::tensor::{Int, Tensor};
use mitsume_nn::Head;

use crate::normalise::EPSILON;

/// `relu(sum_k alpha_k A_k)` (Eq. 1): feature maps [N, C, h, w] to [N, h, w], for one target class
/// per image, differentiable in alpha.
///
/// `mask` is the dropout mask of the forward pass that computed `features`, or none in evaluation.
pub fn raw_maps(
    head: &Head,
    features: Tensor<4>,
    mask: Option<Tensor<2>>,
    targets: Tensor<1, Int>,
) -> Tensor<3> {
    let [_, _, h, w] = features.dims();
    let linear_alpha = head.linear_alpha(targets, mask.clone(), [h, w]);
    relu(logits_and_weighted_sums(head, features, mask, linear_alpha).1)
}

/// Logits [N, K] and the weighted sums [N, h, w], which are raw maps after a ReLU, in one pass over
/// the feature maps. `linear_alpha` [N, C] is that of [`Head::linear_alpha`].
pub(super) fn logits_and_weighted_sums(
    head: &Head,
    features: Tensor<4>,
    mask: Option<Tensor<2>>,
    linear_alpha: Tensor<2>,
) -> (Tensor<2>, Tensor<3>) {
    let features = head.pool_features(features, Some(linear_alpha));
    let weighted_sum = features
        .weighted_sum
        .expect("computed because linear_alpha was given");
    (head.classify(features.pooled, mask), weighted_sum)
}

/// `(raw - min) / (max - min + 1e-8)` per image (Eq. 2), [N, h, w], in [0, 1).
///
/// A constant map becomes zero and passes no gradient: the quotient's own would be the upstream
/// gradient times 1e8, for a map without information.
pub fn normalise_maps(raw: Tensor<3>) -> Tensor<3> {
    let [n, h, w] = raw.dims();
    let flat = raw.reshape([n, h * w]);
    let low = flat.clone().min_dim(1);
    let range = flat.clone().max_dim(1) - low.clone();
    let varies = range.clone().detach().greater_scalar(0.0).float();
    let flat = (flat - low) * varies;
    (flat / (range + EPSILON)).reshape([n, h, w])
}

/// Logits [N, K] and normalised maps [N, h, w] of the given targets, in evaluation.
pub fn logits_and_maps(
    head: &Head,
    features: Tensor<4>,
    targets: Tensor<1, Int>,
) -> (Tensor<2>, Tensor<3>) {
    let [_, _, h, w] = features.dims();
    let linear_alpha = head.linear_alpha(targets, None, [h, w]);
    let (logits, weighted_sum) = logits_and_weighted_sums(head, features, None, linear_alpha);
    (logits, normalise_maps(relu(weighted_sum)))
}
