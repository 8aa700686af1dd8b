//! A convolution as a Burn operation.

use crate::burn_extension::kept::Kept;
use crate::burn_extension::tensors::{
    flat, own_flat_tensor, recycle, shared_row_major_tensor, values,
};
use crate::burn_extension::workspace;
use crate::error::{Error, check_length};
use crate::inference::Window;
use crate::training::Convolution;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

/// The convolution of `x`, `[images, height, width, inputs]` = `shape`, with `weights`
/// [outputs, inputs / groups, rows, columns], plus `bias` `[outputs]` where given. Returns the
/// result, in the same order, and its shape. Differentiable in all three.
///
/// # Errors
/// If the window's kernel is not that of the weights, or as [`Convolution::new`].
///
/// # Panics
/// If the tensors are not f32 on a device that [`supports`](crate::burn_extension::supports)
/// accepts.
pub fn convolution_train(
    x: Tensor<1>,
    weights: Tensor<4>,
    bias: Option<Tensor<1>>,
    shape: [usize; 4],
    window: Window,
    groups: usize,
) -> Result<(Tensor<1>, [usize; 4]), Error> {
    let [outputs, group_inputs, rows, columns] = weights.dims();
    let convolution = Convolution::new(shape, outputs, groups, window)?;
    check_length("input", shape.iter().product(), x.dims()[0])?;
    let [_, expected_inputs, ..] = convolution.weight_shape();
    check_length(
        "input channels of the weights",
        expected_inputs,
        group_inputs,
    )?;
    check_length("rows of the weights", window.kernel[0], rows)?;
    check_length("columns of the weights", window.kernel[1], columns)?;
    if let Some(bias) = &bias {
        check_length("bias", outputs, bias.dims()[0])?;
    }
    let has_bias = bias.is_some();
    let bias = bias.unwrap_or_else(|| Tensor::zeros([1], &x.device()));
    let y = <Dispatch as ConvolutionBackend>::convolution_train(
        x.into_dispatch(),
        weights.into_dispatch(),
        bias.into_dispatch(),
        has_bias,
        convolution,
    );
    Ok((Tensor::from_dispatch(y), convolution.output_shape()))
}

/// The operation behind [`convolution_train`].
#[backend_extension(Flex, Autodiff)]
pub trait ConvolutionBackend: Backend {
    /// Runs `convolution` on a flat `x`; `bias` counts only if `has_bias`.
    fn convolution_train(
        x: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        has_bias: bool,
        convolution: Convolution,
    ) -> FloatTensor<Self>;
}

impl ConvolutionBackend for Flex {
    fn convolution_train(
        x: FlexTensor,
        weights: FlexTensor,
        bias: FlexTensor,
        has_bias: bool,
        convolution: Convolution,
    ) -> FlexTensor {
        let [x, weights, bias] = [x, weights, bias].map(|t| t.to_contiguous());
        let y = convolution
            .forward(
                workspace(),
                values(&x),
                values(&weights),
                has_bias.then(|| values(&bias)),
            )
            .expect("shapes were checked");
        own_flat_tensor(y)
    }
}

impl<C: CheckpointStrategy> ConvolutionBackend for Autodiff<Flex, C> {
    fn convolution_train(
        x: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        has_bias: bool,
        convolution: Convolution,
    ) -> FloatTensor<Self> {
        let (has_x_gradient, has_weight_gradient) = (x.is_tracked(), weights.is_tracked());
        let (x, x_node) = x.into_parts();
        let (weights, weights_node) = weights.into_parts();
        let (bias, bias_node) = bias.into_parts();
        let [x, weights] = [x, weights].map(|t| t.to_contiguous());
        let y = Flex::convolution_train(x.clone(), weights.clone(), bias, has_bias, convolution);
        let prep = ConvolutionStep
            .prepare::<C>([x_node, weights_node, bias_node])
            .compute_bound()
            .stateful();
        match prep {
            OpsKind::Tracked(prep) => {
                let state = ConvolutionState {
                    x: has_weight_gradient.then(|| Kept::of(&x)),
                    weights: has_x_gradient.then_some(weights),
                    convolution,
                };
                prep.finish(state, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }
}

#[derive(Debug)]
struct ConvolutionStep;

/// State of the backward pass.
#[derive(Clone, Debug)]
struct ConvolutionState {
    /// If the weights have a gradient.
    x: Option<Kept>,
    /// If x has a gradient.
    weights: Option<FlexTensor>,
    convolution: Convolution,
}

impl Backward<Flex, 3> for ConvolutionStep {
    type State = ConvolutionState;

    fn backward(self, ops: Ops<ConvolutionState, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<Flex>(&ops.node).to_contiguous();
        let dy = values(&gradient);
        let ConvolutionState {
            x,
            weights,
            convolution,
        } = ops.state;
        const CHECKED: &str = "shapes were checked in the forward pass";
        let [x_node, weights_node, bias_node] = ops.parents;
        if let Some(node) = bias_node {
            let gradient = convolution.bias_gradient(workspace(), dy).expect(CHECKED);
            grads.register::<Flex>(node.id, flat(gradient));
        }
        if let (Some(node), Some(x)) = (weights_node, x) {
            let x = x.into_tensor();
            let gradient = convolution
                .weight_gradient(workspace(), values(&x), dy)
                .expect(CHECKED);
            recycle(workspace(), x);
            let gradient = shared_row_major_tensor(gradient, &convolution.weight_shape());
            grads.register::<Flex>(node.id, gradient);
        }
        if let (Some(node), Some(weights)) = (x_node, weights) {
            let gradient = convolution
                .input_gradient(workspace(), dy, values(&weights))
                .expect(CHECKED);
            grads.register::<Flex>(node.id, own_flat_tensor(gradient));
        }
        recycle(workspace(), gradient);
    }
}
