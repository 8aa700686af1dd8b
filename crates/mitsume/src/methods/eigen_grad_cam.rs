//! Eigen-Grad-CAM: Eigen-CAM of gradient times feature map, which depends on the class.

use super::ActivationsAndGradients;
use super::descriptor::{Descriptor, Requirements, Training};
use super::eigen_cam::first_component;

/// See [`eigen_grad_cam`].
pub(super) const METHOD: Descriptor = Descriptor {
    name: "eigen-grad-cam",
    remark: "",
    requires: Requirements::GRADIENTS,
    map: |inputs| eigen_grad_cam(&inputs.hooked),
    training: Training::NotDifferentiable("it is a matrix decomposition"),
};

/// The first principal component of `G * A` over the pixels, with the sign that makes the map agree
/// with its sum over channels.
pub fn eigen_grad_cam(hooked: &ActivationsAndGradients) -> Vec<f32> {
    first_component(hooked, |a, g| a * g)
}
