//! Layer normalization as a Burn operation.

use crate::burn_extension::kept::{Formula, Kept};
use crate::burn_extension::tensors::{
    flat, own_flat_tensor, recomputable_tensor, recycle, shared_flat_tensor, values,
};
use crate::burn_extension::workspace;
use crate::error::{Error, check_length, check_rows};
use crate::training::LayerNorm;
use crate::workspace::Buffer;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

/// The layer norm of rows `x` [rows, values] in memory; scale and shift `[values]`. Differentiable
/// in all three.
///
/// # Errors
/// If the lengths do not fit.
///
/// # Panics
/// If the tensors are not f32 on a device that [`supports`](crate::burn_extension::supports)
/// accepts.
pub fn layer_norm_train(
    x: Tensor<1>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    epsilon: f32,
) -> Result<Tensor<1>, Error> {
    let ([count], [values]) = (x.dims(), scale.dims());
    check_length("shift", values, shift.dims()[0])?;
    check_rows("rows", values, count)?;
    let y = <Dispatch as LayerNormBackend>::layer_norm_train(
        x.into_dispatch(),
        scale.into_dispatch(),
        shift.into_dispatch(),
        epsilon,
    );
    Ok(Tensor::from_dispatch(y))
}

/// The operation behind [`layer_norm_train`].
#[backend_extension(Flex, Autodiff)]
pub trait LayerNormBackend: Backend {
    /// Normalises the rows of a flat `x`.
    fn layer_norm_train(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;
}

impl LayerNormBackend for Flex {
    fn layer_norm_train(
        x: FlexTensor,
        scale: FlexTensor,
        shift: FlexTensor,
        epsilon: f32,
    ) -> FlexTensor {
        let [x, scale, shift] = [x, scale, shift].map(|t| t.to_contiguous());
        shared_flat_tensor(forward(&x, &scale, &shift, epsilon))
    }
}

/// Forward pass on contiguous tensors.
fn forward(x: &FlexTensor, scale: &FlexTensor, shift: &FlexTensor, epsilon: f32) -> Buffer {
    let norm = LayerNorm {
        scale: values(scale),
        epsilon,
    };
    let y = norm.forward(workspace(), values(x), values(shift));
    y.expect("shapes were checked")
}

impl<C: CheckpointStrategy> LayerNormBackend for Autodiff<Flex, C> {
    fn layer_norm_train(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let (scale, scale_node) = scale.into_parts();
        let (shift, shift_node) = shift.into_parts();
        let [x, scale, shift] = [x, scale, shift].map(|t| t.to_contiguous());
        let y = forward(&x, &scale, &shift, epsilon);
        let nodes = [x_node, scale_node, shift_node];
        match LayerNormStep.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let x = Kept::of(&x);
                let formula = LayerNormFormula {
                    x: x.clone(),
                    scale: scale.clone(),
                    shift,
                    epsilon,
                };
                let y = recomputable_tensor(y, formula);
                prep.finish(LayerNormState { x, scale, epsilon }, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(shared_flat_tensor(y)),
        }
    }
}

#[derive(Debug)]
struct LayerNormStep;

/// State of the backward pass.
#[derive(Clone, Debug)]
struct LayerNormState {
    x: Kept,
    scale: FlexTensor,
    epsilon: f32,
}

/// How the result is computed again.
#[derive(Debug)]
struct LayerNormFormula {
    x: Kept,
    scale: FlexTensor,
    shift: FlexTensor,
    epsilon: f32,
}

impl Formula for LayerNormFormula {
    fn inputs(&self) -> Vec<&Kept> {
        vec![&self.x]
    }

    fn compute(&self) -> Buffer {
        forward(&self.x.tensor(), &self.scale, &self.shift, self.epsilon)
    }
}

impl Backward<Flex, 3> for LayerNormStep {
    type State = LayerNormState;

    fn backward(self, ops: Ops<LayerNormState, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<Flex>(&ops.node).to_contiguous();
        let LayerNormState { x, scale, epsilon } = ops.state;
        let x = x.into_tensor();
        let norm = LayerNorm {
            scale: values(&scale),
            epsilon,
        };
        let found = norm
            .backward(workspace(), values(&x), values(&dy))
            .expect("shapes were checked in the forward pass");
        let [x_node, scale_node, shift_node] = ops.parents;
        if let Some(node) = x_node {
            grads.register::<Flex>(node.id, own_flat_tensor(found.x));
        }
        if let Some(node) = scale_node {
            grads.register::<Flex>(node.id, flat(found.scale));
        }
        if let Some(node) = shift_node {
            grads.register::<Flex>(node.id, flat(found.shift));
        }
        recycle(workspace(), dy);
        recycle(workspace(), x);
    }
}
