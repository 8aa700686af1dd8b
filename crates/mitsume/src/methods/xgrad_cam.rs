//! XGrad-CAM (Fu et al. 2020): `sum_k (sum G_k A_k / sum A_k) A_k`.

use super::ActivationsAndGradients;
use super::descriptor::{Descriptor, Requirements, tensor_form};
#[cfg(feature = "burn")]
use super::weighted::weighted_tensors;
use super::weighted::{sum, weighted_combination};

/// See [`xgrad_cam`].
pub(super) const METHOD: Descriptor = Descriptor {
    name: "xgrad-cam",
    remark: "",
    requires: Requirements::GRADIENTS,
    map: |inputs| xgrad_cam(&inputs.hooked),
    training: tensor_form!(|a, g| {
        let weights = (a.clone() * g).sum_dim(2) / (a.clone().sum_dim(2) + 1e-7);
        weighted_tensors(a, weights)
    }),
};

/// XGrad-CAM: each gradient weighted by its pixel's share of the feature map.
///
/// The share is over `sum A_k + 1e-7`, as in pytorch-grad-cam; the paper has no epsilon.
pub fn xgrad_cam(hooked: &ActivationsAndGradients) -> Vec<f32> {
    let weight = |(features, gradients): (&[f32], &[f32])| {
        let total = sum(features.iter().map(|&a| f64::from(a)));
        let products = features.iter().zip(gradients);
        sum(products.map(|(&a, &g)| f64::from(a) * f64::from(g))) / (total + 1e-7)
    };
    let weights: Vec<f64> = hooked.each().map(weight).collect();
    weighted_combination(hooked, &weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_channels_by_hand() {
        let hooked = ActivationsAndGradients::two_channels();
        let xgrad = xgrad_cam(&hooked); // weights 1/3 and 6/3: 1/3 - 2, 2/3 + 8
        assert!(
            xgrad[0] == 0.0 && (xgrad[1] - 26.0 / 3.0).abs() < 1e-5,
            "{xgrad:?}"
        );
    }
}
