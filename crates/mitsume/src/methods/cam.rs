//! CAM (Zhou et al. 2016): `sum_k W_k A_k`, W the class' weights of the last layer.
//!
//! Defined if a global average pool and a linear layer follow the hooked layer. Then it is Grad-CAM
//! times h w, because alpha is the layer's weights over (h w). Eq. 2 removes the factor, so that
//! both give the same normalised map up to its epsilon.

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

/// CAM: the feature maps weighted by the class' `weights` `[C]` of the last layer, for heads that
/// [`Method::check_head`](super::Method::check_head) accepts.
///
/// # Panics
/// If there is not one weight per channel.
pub fn cam(hooked: &ActivationsAndGradients, weights: &[f64]) -> Vec<f32> {
    weighted_combination(hooked, weights)
}

/// The class' weights of the last layer, [C], from the gradients: if only a mean over the pixels
/// and a linear layer follow, the gradient of each pixel is the weight over the number of pixels.
fn class_weights(hooked: &ActivationsAndGradients) -> Vec<f64> {
    let sum = |gradients: &[f32]| gradients.iter().map(|&g| f64::from(g)).sum();
    hooked.each().map(|(_, gradients)| sum(gradients)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::grad_cam::grad_cam;

    /// The gradient of a logit through a pool and weights [2, -6] is the weights over (h w): 1 and
    /// -3.
    #[test]
    fn cam_is_grad_cam_times_the_pixels_where_a_pool_and_weights_follow() {
        let (a, g) = ([1.0, 7.0, 0.5, 2.0], [1.0, 1.0, -3.0, -3.0]);
        let hooked = ActivationsAndGradients::new(&a, &g, 2, [1, 2]).unwrap();
        assert_eq!(class_weights(&hooked), [2.0, -6.0]);
        assert_eq!(cam(&hooked, &[2.0, -6.0]), [0.0, 2.0]); // 2 - 3, 14 - 12
        assert_eq!(grad_cam(&hooked), [0.0, 1.0]);
    }
}
