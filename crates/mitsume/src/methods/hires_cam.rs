//! HiResCAM (Draelos and Carin 2020): `sum_k G_k * A_k`.

use super::ActivationsAndGradients;
use super::descriptor::{Descriptor, Requirements, tensor_form};
use super::relu;
use super::weighted::channel_sum;

/// See [`hires_cam`].
pub(super) const METHOD: Descriptor = Descriptor {
    name: "hires-cam",
    remark: "",
    requires: Requirements::GRADIENTS,
    map: |inputs| hires_cam(&inputs.hooked),
    training: tensor_form!(|a, g| (a * g).sum_dim(1)),
};

/// HiResCAM: gradient times feature map, pixel by pixel. If the layers after the hooked one are
/// linear, it is zero wherever the score does not depend on the pixel, which Grad-CAM does not
/// guarantee.
pub fn hires_cam(hooked: &ActivationsAndGradients) -> Vec<f32> {
    relu(channel_sum(hooked, |a, g| a * g))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_channels_by_hand() {
        let hooked = ActivationsAndGradients::two_channels();
        assert_eq!(hires_cam(&hooked), [1.0, 6.0]); // 3 - 2, -2 + 8
    }
}
