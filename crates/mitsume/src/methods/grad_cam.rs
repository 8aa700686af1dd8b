//! Grad-CAM (Selvaraju et al. 2017), Eq. 1: `sum_k mean(G_k) A_k`.

use super::ActivationsAndGradients;
use super::descriptor::{Descriptor, Requirements, tensor_form};
#[cfg(feature = "burn")]
use super::weighted::weighted_tensors;
use super::weighted::{sum, weighted_combination};

/// See [`grad_cam`].
pub(super) const METHOD: Descriptor = Descriptor {
    name: "grad-cam",
    remark: "",
    requires: Requirements::GRADIENTS,
    map: |inputs| grad_cam(&inputs.hooked),
    training: tensor_form!(|a, g| weighted_tensors(a, g.mean_dim(2))),
};

/// Grad-CAM (Eq. 1): each feature map by its mean gradient.
pub fn grad_cam(hooked: &ActivationsAndGradients) -> Vec<f32> {
    let pixels = hooked.pixels() as f64;
    let mean = |gradients: &[f32]| sum(gradients.iter().map(|&g| f64::from(g))) / pixels;
    let weights: Vec<f64> = hooked
        .each()
        .map(|(_, gradients)| mean(gradients))
        .collect();
    weighted_combination(hooked, &weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_channels_by_hand() {
        let hooked = ActivationsAndGradients::two_channels();
        assert_eq!(grad_cam(&hooked), [0.0, 10.0]); // alpha 1 and 2: 1 - 2, 2 + 8
    }
}
