//! Score-CAM (Wang et al. 2020): a feature map is weighted by the softmax of the score of the image
//! multiplied by it. Needs no gradient.

use super::ActivationsAndGradients;
use super::descriptor::{ChannelScores, Descriptor, Requirements, Training};
use super::weighted::weighted_combination;

/// See [`score_cam`].
pub(super) const METHOD: Descriptor = Descriptor {
    name: "score-cam",
    remark: "slow",
    requires: Requirements {
        channel_scores: Some(ChannelScores::Masked),
        ..Requirements::NONE
    },
    map: |inputs| score_cam(&inputs.hooked, inputs.channel_scores),
    training: Training::NotDifferentiable("it is a forward pass per channel"),
};

/// `w = softmax(y)`: `masked_scores` `[C]` are the class scores y_k (logits) of the image
/// multiplied by feature map k, normalised to [0, 1] and enlarged to the size of the image.
///
/// # Panics
/// If there is not one score per channel.
pub fn score_cam(hooked: &ActivationsAndGradients, masked_scores: &[f64]) -> Vec<f32> {
    weighted_combination(hooked, &softmax(masked_scores))
}

/// The softmax of scores, which sums to 1.
pub fn softmax(scores: &[f64]) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_a_softmax() {
        let weights = softmax(&[1000.0, 1000.0 + 3.0_f64.ln()]);
        assert!((weights[0] - 0.25).abs() < 1e-12 && (weights[1] - 0.75).abs() < 1e-12);
        let features = [4.0, 0.0, 0.0, 4.0];
        let hooked = ActivationsAndGradients::new(&features, &features, 2, [1, 2]).unwrap();
        assert_eq!(score_cam(&hooked, &[0.0, 3.0_f64.ln()]), [1.0, 3.0]);
    }
}
