//! CAM (Zhou et al. 2016): `sum_k W_k A_k`, W the class' weights of the last layer.
//!
//! Defined where a global average pool and a linear layer follow the hooked layer. It is Grad-CAM
//! times h w there: alpha is the layer's weights over (h w), and the factor goes with Eq. 2, so that
//! both give the same normalised map but for its epsilon.

use super::ActivationsAndGradients;
use super::descriptor::{Descriptor, Requirements, tensor_form};
use super::weighted::weighted_combination;
#[cfg(feature = "burn")]
use super::weighted::weighted_tensors;

/// See [`cam`].
pub(super) const METHOD: Descriptor = Descriptor {
    name: "cam",
    remark: "level3 to level5",
    requires: Requirements {
        gap_linear_head: true,
        ..Requirements::GRADIENTS
    },
    map: |inputs| cam(&inputs.hooked, &class_weights(&inputs.hooked)),
    training: tensor_form!(|a, g| weighted_tensors(a, g.sum_dim(2))),
};

/// CAM: each feature map by the weight [C] that the last layer gives its mean for the class, where a
/// global average pool and that layer follow the hooked one ([`Method::check_head`](super::Method::check_head)).
///
/// # Panics
/// If there is not one weight per channel.
pub fn cam(hooked: &ActivationsAndGradients, weights: &[f64]) -> Vec<f32> {
    weighted_combination(hooked, weights)
}

/// The class' weights of the last layer, [C], out of the gradients: where only a mean of the pixels
/// and a linear layer follow, each pixel's gradient is that weight over the number of pixels.
fn class_weights(hooked: &ActivationsAndGradients) -> Vec<f64> {
    let sum = |gradients: &[f32]| gradients.iter().map(|&g| f64::from(g)).sum();
    hooked.each().map(|(_, gradients)| sum(gradients)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::grad_cam::grad_cam;

    /// The gradient of a logit through a pool and weights [2, -6] is the weights over (h w): 1 and -3.
    #[test]
    fn cam_is_grad_cam_times_the_pixels_where_a_pool_and_weights_follow() {
        let (a, g) = ([1.0, 7.0, 0.5, 2.0], [1.0, 1.0, -3.0, -3.0]);
        let hooked = ActivationsAndGradients::new(&a, &g, 2, [1, 2]).unwrap();
        assert_eq!(class_weights(&hooked), [2.0, -6.0]);
        assert_eq!(cam(&hooked, &[2.0, -6.0]), [0.0, 2.0]); // 2 - 3, 14 - 12
        assert_eq!(grad_cam(&hooked), [0.0, 1.0]);
    }
}
