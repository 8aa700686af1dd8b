//! Grad-CAM++ (Chattopadhay et al. 2018, Eq. 19): pixels of a feature map are weighted so that
//! several occurrences of a class count equally.

use super::ActivationsAndGradients;
use super::descriptor::{Descriptor, Requirements, tensor_form};
use super::weighted::weighted_combination;
#[cfg(feature = "burn")]
use super::weighted::weighted_tensors;

/// See [`grad_cam_plus_plus`].
pub(super) const METHOD: Descriptor = Descriptor {
    name: "grad-cam-plus-plus",
    remark: "",
    requires: Requirements::GRADIENTS,
    map: |inputs| grad_cam_plus_plus(&inputs.hooked),
    training: tensor_form!(|a, g| {
        let weights = tensor_weights(a.clone().sum_dim(2), g);
        weighted_tensors(a, weights)
    }),
};

/// `w_k = sum_ij a_ij relu(G_ij)` with `a = G^2 / (2 G^2 + (sum A) G^3 + 1e-6)`, 0 where G is 0.
///
/// The closed form holds for a score that is the exponential of the class' logit. G is the gradient
/// of the logit; Eq. 2 removes the missing factor exp(y). The epsilon is pytorch-grad-cam's.
pub fn grad_cam_plus_plus(hooked: &ActivationsAndGradients) -> Vec<f32> {
    let weight = |(features, gradients): (&[f32], &[f32])| -> f64 {
        let total: f64 = features.iter().map(|&a| f64::from(a)).sum();
        let pixel = |g: f64| {
            if g == 0.0 {
                return 0.0;
            }
            let squared = g * g;
            squared / (2.0 * squared + total * squared * g + 1e-6) * g.max(0.0)
        };
        gradients.iter().map(|&g| pixel(g.into())).sum()
    };
    let weights: Vec<f64> = hooked.each().map(weight).collect();
    weighted_combination(hooked, &weights)
}

/// The weights [N, C, 1] of each feature map's sum [N, C, 1] and gradients [N, C, h*w]. A gradient
/// of 0 gives 0 here too: 0 over 1e-6.
#[cfg(feature = "burn")]
fn tensor_weights(
    totals: burn::tensor::Tensor<3>,
    gradients: burn::tensor::Tensor<3>,
) -> burn::tensor::Tensor<3> {
    let squared = gradients.clone().square();
    let cubed = squared.clone() * gradients.clone();
    let pixels = squared.clone() / (squared * 2.0 + totals * cubed + 1e-6);
    (pixels * burn::tensor::activation::relu(gradients)).sum_dim(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_channel_by_hand() {
        // sum A = 3; G = 1: 1 / (2 + 3); G = -2 counts nothing; G = 0 neither.
        let hooked =
            ActivationsAndGradients::new(&[1.0, 2.0, 0.0], &[1.0, -2.0, 0.0], 1, [1, 3]).unwrap();
        let map = grad_cam_plus_plus(&hooked);
        for (value, expected) in map.iter().zip([0.2, 0.4, 0.0]) {
            assert!((value - expected).abs() < 1e-6, "{map:?}");
        }
    }
}
