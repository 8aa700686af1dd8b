//! The other methods as differentiable expressions.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use crate::methods::{Method, UnsupportedMethod};

/// Raw maps [N, h, w], after the ReLU and before Eq. 2, of `features` A and `gradients` G
/// [N, C, h, w], of one class score of each image with respect to A: the counterpart of
/// [`methods`](crate::methods), which works on plain arrays, with the same epsilons.
///
/// The gradient flows through both. Out of [`Head::vjp`](mitsume_nn::Head::vjp), G is in the graph
/// through the weights, which is exact: no second-order autodiff. A detached G is held constant,
/// which is what a detached alpha is to Grad-CAM. [`Method::Cam`] takes the class' weights to be
/// `sum G`, as they are where it is defined.
///
/// # Errors
/// A method that is not [differentiable](Method::is_differentiable).
pub fn differentiable_maps(
    method: Method,
    features: Tensor<4>,
    gradients: Tensor<4>,
) -> Result<Tensor<3>, UnsupportedMethod> {
    method.check_differentiable()?;
    let [n, c, h, w] = features.dims();
    // Channel by channel and pixel by pixel, [N, C, h*w].
    let (a, g) = (
        features.reshape([n, c, h * w]),
        gradients.reshape([n, c, h * w]),
    );
    let map = match method {
        Method::HiresCam => (a * g).sum_dim(1),
        Method::Elementwise => relu(a * g).sum_dim(1),
        Method::LayerCam => (a * relu(g)).sum_dim(1),
        Method::GradCam => weighted(a, g.mean_dim(2)),
        Method::Cam => weighted(a, g.sum_dim(2)),
        Method::XgradCam => {
            let weights = (a.clone() * g).sum_dim(2) / (a.clone().sum_dim(2) + 1e-7);
            weighted(a, weights)
        }
        Method::GradCamPlusPlus => {
            let weights = grad_cam_plus_plus_weights(a.clone().sum_dim(2), g);
            weighted(a, weights)
        }
        _ => return Err(UnsupportedMethod::NotDifferentiable { method }),
    };
    Ok(relu(map.reshape([n, h, w])))
}

/// `sum_k w_k A_k`: feature maps [N, C, h*w] by weights [N, C, 1] to [N, 1, h*w].
fn weighted(features: Tensor<3>, weights: Tensor<3>) -> Tensor<3> {
    // One [1, C] x [C, h*w] product per image: no [N, C, h*w] intermediate.
    weights.swap_dims(1, 2).matmul(features)
}

/// Grad-CAM++'s weights [N, C, 1] of each feature map's sum [N, C, 1] and gradients [N, C, h*w]. A
/// gradient of 0 gives a weight of 0: numerator 0 over 1e-6.
fn grad_cam_plus_plus_weights(totals: Tensor<3>, gradients: Tensor<3>) -> Tensor<3> {
    let squared = gradients.clone().square();
    let cubed = squared.clone() * gradients.clone();
    let pixels = squared.clone() / (squared * 2.0 + totals * cubed + 1e-6);
    (pixels * relu(gradients)).sum_dim(2)
}
