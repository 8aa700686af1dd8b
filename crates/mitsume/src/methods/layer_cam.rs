//! LayerCAM (Jiang et al. 2021): `sum_k relu(G_k) * A_k`.

use super::ActivationsAndGradients;
use super::descriptor::{Descriptor, Requirements, tensor_form};
use super::relu;
use super::weighted::channel_sum;

/// See [`layer_cam`].
pub(super) const METHOD: Descriptor = Descriptor {
    name: "layer-cam",
    remark: "",
    requires: Requirements::GRADIENTS,
    map: |inputs| layer_cam(&inputs.hooked),
    training: tensor_form!(|a, g| (a * burn::tensor::activation::relu(g)).sum_dim(1)),
};

/// LayerCAM: each pixel by its own positive gradient.
pub fn layer_cam(hooked: &ActivationsAndGradients) -> Vec<f32> {
    relu(channel_sum(hooked, |a, g| g.max(0.0) * a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_channels_by_hand() {
        let hooked = ActivationsAndGradients::two_channels();
        assert_eq!(layer_cam(&hooked), [1.0, 8.0]); // 3 - 2, 0 + 8
    }
}
