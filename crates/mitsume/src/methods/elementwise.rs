//! Element-wise Grad-CAM, without the mean of gradients: `sum_k relu(G_k * A_k)`.

use super::ActivationsAndGradients;
use super::descriptor::{Descriptor, Requirements, tensor_form};
use super::relu;
use super::weighted::channel_sum;

/// See [`elementwise`].
pub(super) const METHOD: Descriptor = Descriptor {
    name: "elementwise",
    remark: "",
    requires: Requirements::GRADIENTS,
    map: |inputs| elementwise(&inputs.hooked),
    training: tensor_form!(|a, g| burn::tensor::activation::relu(a * g).sum_dim(1)),
};

/// Element-wise Grad-CAM: the positive products only, channel by channel.
pub fn elementwise(hooked: &ActivationsAndGradients) -> Vec<f32> {
    relu(channel_sum(hooked, |a, g| (a * g).max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_channels_by_hand() {
        let hooked = ActivationsAndGradients::two_channels();
        assert_eq!(elementwise(&hooked), [3.0, 8.0]);
    }
}
