//! Sums over channels that several methods share.

use super::{ActivationsAndGradients, relu};

/// `relu(sum_k w_k A_k)` [h * w] for any channel weights `[C]`.
///
/// # Panics
/// If there is not one weight per channel.
pub fn weighted_combination(hooked: &ActivationsAndGradients, weights: &[f64]) -> Vec<f32> {
    assert_eq!(weights.len(), hooked.channels(), "one weight per channel");
    let mut map = vec![0.0; hooked.pixels()];
    for ((features, _), weight) in hooked.each().zip(weights) {
        for (sum, &value) in map.iter_mut().zip(features) {
            *sum += weight * f64::from(value);
        }
    }
    relu(map)
}

/// The sum over channels of `term(A, G)` at each pixel, [h * w].
pub(super) fn channel_sum(
    hooked: &ActivationsAndGradients,
    term: impl Fn(f64, f64) -> f64,
) -> Vec<f64> {
    let mut map = vec![0.0; hooked.pixels()];
    for (features, gradients) in hooked.each() {
        for ((sum, &a), &g) in map.iter_mut().zip(features).zip(gradients) {
            *sum += term(a.into(), g.into());
        }
    }
    map
}

/// Sums in order.
pub(super) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.sum()
}

/// `sum_k w_k A_k` on tensors: feature maps [N, C, h*w] by weights [N, C, 1] to [N, 1, h*w].
#[cfg(feature = "burn")]
pub(super) fn weighted_tensors(
    features: burn::tensor::Tensor<3>,
    weights: burn::tensor::Tensor<3>,
) -> burn::tensor::Tensor<3> {
    // One [1, C] x [C, h*w] product per image: no [N, C, h*w] intermediate.
    weights.swap_dims(1, 2).matmul(features)
}
