//! All differentiable methods as expressions on tensors.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use crate::methods::{Method, Training, UnsupportedMethod};

/// Raw maps [N, h, w], after the ReLU and before Eq. 2, of `features` A and `gradients` G
/// [N, C, h, w], of one class score of each image with respect to A: the counterpart of
/// [`methods`](crate::methods), which works on plain arrays, with the same epsilons.
///
/// The gradient flows through both. G from [`Head::vjp`](mitsume_nn::Head::vjp) is a function of
/// the weights in the graph, so this is exact without second-order autodiff. A detached G is
/// constant, like a detached alpha of Grad-CAM. [`Method::Cam`] takes `sum G` for the class'
/// weights, which it is for the heads that CAM is defined for.
///
/// # Errors
/// A method that is not [differentiable](Method::is_differentiable).
pub fn differentiable_maps(
    method: Method,
    features: Tensor<4>,
    gradients: Tensor<4>,
) -> Result<Tensor<3>, UnsupportedMethod> {
    let form = match method.descriptor().training {
        Training::Differentiable(form) => form,
        Training::NotDifferentiable(reason) => {
            return Err(UnsupportedMethod::NotDifferentiable { method, reason });
        }
    };
    let [n, c, h, w] = features.dims();
    // Channel by channel and pixel by pixel, [N, C, h*w].
    let (a, g) = (
        features.reshape([n, c, h * w]),
        gradients.reshape([n, c, h * w]),
    );
    Ok(relu(form(a, g).reshape([n, h, w])))
}
