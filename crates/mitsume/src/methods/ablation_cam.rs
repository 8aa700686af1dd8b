//! Ablation-CAM (Desai and Ramaswamy 2020): a feature map is weighted by the relative drop of the
//! score when it is zeroed. Needs no gradient.

use super::ActivationsAndGradients;
use super::descriptor::{ChannelScores, Descriptor, Requirements, Training};
use super::weighted::weighted_combination;

/// See [`ablation_cam`].
pub(super) const METHOD: Descriptor = Descriptor {
    name: "ablation-cam",
    remark: "",
    requires: Requirements {
        channel_scores: Some(ChannelScores::Ablated),
        ..Requirements::NONE
    },
    map: |inputs| ablation_cam(&inputs.hooked, inputs.score, inputs.channel_scores),
    training: Training::NotDifferentiable("it is a forward pass per channel"),
};

/// `w_k = (y - y_k) / y`: `score` is y, and `ablated_scores` `[C]` are the scores y_k with feature
/// map k set to 0, which the caller computes with the layers after the hooked one.
///
/// pytorch-grad-cam sets a feature map that can be negative to its minimum less 1e7 instead of 0;
/// the paper, and this, to 0. A score of 0 gives a map of zeros.
///
/// # Panics
/// If there is not one score per channel.
pub fn ablation_cam(
    hooked: &ActivationsAndGradients,
    score: f64,
    ablated_scores: &[f64],
) -> Vec<f32> {
    let weight = |other: &f64| {
        if score == 0.0 {
            0.0
        } else {
            (score - other) / score
        }
    };
    let weights: Vec<f64> = ablated_scores.iter().map(weight).collect();
    weighted_combination(hooked, &weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the score is linear in the means of the feature maps, the drop is their part of it.
    #[test]
    fn a_linear_head_gives_each_channels_share_of_the_score() {
        let features = [1.0, 3.0, 2.0, 0.0];
        let hooked = ActivationsAndGradients::new(&features, &features, 2, [1, 2]).unwrap();
        // y = 2 mean(A_0) - mean(A_1) = 3; without A_0: -1; without A_1: 4.
        let map = ablation_cam(&hooked, 3.0, &[-1.0, 4.0]);
        let expected = [4.0 / 3.0 - 2.0 / 3.0, 4.0];
        for (value, expected) in map.iter().zip(expected) {
            assert!((f64::from(*value) - expected).abs() < 1e-6, "{map:?}");
        }
        assert_eq!(ablation_cam(&hooked, 0.0, &[1.0, 1.0]), [0.0, 0.0]);
    }
}
