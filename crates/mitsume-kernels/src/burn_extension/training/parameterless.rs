//! Activations and pooling as Burn operations: the backward pass needs the input alone.

use crate::burn_extension::kept::{Formula, Kept};
use crate::burn_extension::tensors::{
    own_flat_tensor, recomputable_tensor, recycle, shared_flat_tensor, values,
};
use crate::burn_extension::workspace;
use crate::error::{Error, check_length};
use crate::inference::{Activation, Nhwc, Pooling, Window, pool};
use crate::training::{activate, activation_gradient, pool_gradient};
use crate::workspace::Buffer;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

/// `activation(x)`, differentiable.
///
/// # Panics
/// If the tensor is not f32 on a device that [`supports`](crate::burn_extension::supports) accepts.
pub fn activate_train(activation: Activation, x: Tensor<1>) -> Tensor<1> {
    apply(Layer::Activation(activation), x)
}

/// Pools `x`, `[images, height, width, channels]` = `shape`, to `to` rows and columns;
/// differentiable.
///
/// # Errors
/// As [`pool`].
///
/// # Panics
/// As [`activate_train`].
pub fn pool_train(
    pooling: Pooling,
    window: Window,
    x: Tensor<1>,
    shape: [usize; 4],
    to: [usize; 2],
) -> Result<Tensor<1>, Error> {
    check_length("input", shape.iter().product(), x.dims()[0])?;
    window.check_reach([shape[1], shape[2]], to)?;
    Ok(apply(Layer::Pool(pooling, window, shape, to), x))
}

fn apply(layer: Layer, x: Tensor<1>) -> Tensor<1> {
    let y = <Dispatch as LayerBackend>::apply_layer(x.into_dispatch(), layer);
    Tensor::from_dispatch(y)
}

/// A layer without parameters.
#[derive(Clone, Copy, Debug)]
pub enum Layer {
    /// An activation function.
    Activation(Activation),
    /// Pooling: statistic, window, shape of the input [images, height, width, channels], and size
    /// of the result.
    Pool(Pooling, Window, [usize; 4], [usize; 2]),
}

impl Layer {
    fn forward(self, x: &[f32]) -> Buffer {
        match self {
            Self::Activation(activation) => activate(workspace(), activation, x),
            Self::Pool(pooling, window, shape, to) => {
                let x = Nhwc { data: x, shape };
                pool(workspace(), pooling, &window, x, to).expect("shapes were checked")
            }
        }
    }

    fn backward(self, x: &[f32], dy: &[f32]) -> Buffer {
        let gradient = match self {
            Self::Activation(activation) => activation_gradient(workspace(), activation, x, dy),
            Self::Pool(pooling, window, shape, [rows, columns]) => {
                let x = Nhwc { data: x, shape };
                let shape = [shape[0], rows, columns, shape[3]];
                pool_gradient(workspace(), pooling, &window, x, Nhwc { data: dy, shape })
            }
        };
        gradient.expect("shapes were checked in the forward pass")
    }
}

/// The operation behind [`activate_train`] and [`pool_train`].
#[backend_extension(Flex, Autodiff)]
pub trait LayerBackend: Backend {
    /// Applies `layer` to a flat `x`.
    fn apply_layer(x: FloatTensor<Self>, layer: Layer) -> FloatTensor<Self>;
}

impl LayerBackend for Flex {
    fn apply_layer(x: FlexTensor, layer: Layer) -> FlexTensor {
        shared_flat_tensor(layer.forward(values(&x.to_contiguous())))
    }
}

impl<C: CheckpointStrategy> LayerBackend for Autodiff<Flex, C> {
    fn apply_layer(x: FloatTensor<Self>, layer: Layer) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let x = x.to_contiguous();
        let y = layer.forward(values(&x));
        match LayerStep.prepare::<C>([x_node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let x = Kept::of(&x);
                let y = match layer {
                    Layer::Activation(activation) => {
                        let x = x.clone();
                        recomputable_tensor(y, ActivationFormula { x, activation })
                    }
                    // The result is smaller than the input, which nothing else may keep.
                    Layer::Pool(..) => own_flat_tensor(y),
                };
                prep.finish((x, layer), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(shared_flat_tensor(y)),
        }
    }
}

/// How the result of an activation is computed again.
#[derive(Debug)]
struct ActivationFormula {
    x: Kept,
    activation: Activation,
}

impl Formula for ActivationFormula {
    fn inputs(&self) -> Vec<&Kept> {
        vec![&self.x]
    }

    fn compute(&self) -> Buffer {
        activate(workspace(), self.activation, values(&self.x.tensor()))
    }
}

#[derive(Debug)]
struct LayerStep;

impl Backward<Flex, 1> for LayerStep {
    type State = (Kept, Layer);

    fn backward(self, ops: Ops<(Kept, Layer), 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<Flex>(&ops.node).to_contiguous();
        let (x, layer) = ops.state;
        let [x_node] = ops.parents;
        if let Some(node) = x_node {
            let x = x.into_tensor();
            let dx = layer.backward(values(&x), values(&dy));
            grads.register::<Flex>(node.id, own_flat_tensor(dx));
            recycle(workspace(), x);
        }
        recycle(workspace(), dy);
    }
}
