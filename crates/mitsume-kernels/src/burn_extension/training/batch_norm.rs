//! Batch normalisation as a Burn operation.

use crate::burn_extension::kept::{Formula, Kept};
use crate::burn_extension::tensors::{
    flat, own_flat_tensor, recomputable_tensor, recycle, shared_flat_tensor, values,
};
use crate::burn_extension::workspace;
use crate::error::Error;
use crate::inference::Activation;
use crate::training::batch_norm::check_lengths;
use crate::training::{BatchNorm, Normalised, SavedNorm};
use crate::workspace::Buffer;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

/// The constants of a batch norm in training.
#[derive(Clone, Copy, Debug)]
pub struct BatchNormOptions {
    /// Added to the variance.
    pub epsilon: f64,
    /// With a residual: the identity or ReLU.
    pub activation: Activation,
}

/// Result of [`batch_norm_train`].
pub struct BatchNormTensors {
    /// Of the shape of x.
    pub y: Tensor<1>,
    /// Mean over the batch, `[channels]`, without gradient.
    pub mean: Tensor<1>,
    /// Unbiased variance over the batch, `[channels]`, without gradient.
    pub variance: Tensor<1>,
}

/// `activation(batch norm of x + residual)`, `x` [pixels, channels] in memory, weight and bias
/// `[channels]`. Differentiable in all four.
///
/// # Errors
/// As [`BatchNorm::forward`].
///
/// # Panics
/// If the tensors are not f32 on a device that [`supports`](crate::burn_extension::supports)
/// accepts.
pub fn batch_norm_train(
    x: Tensor<1>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    residual: Option<Tensor<1>>,
    options: BatchNormOptions,
) -> Result<BatchNormTensors, Error> {
    let [channels] = weight.dims();
    check_lengths(
        options.activation,
        [channels, bias.dims()[0]],
        x.dims()[0],
        residual.as_ref().map(|residual| residual.dims()[0]),
    )?;
    let has_residual = residual.is_some();
    let residual = residual.unwrap_or_else(|| Tensor::zeros([1], &x.device()));
    let (y, statistics) = <Dispatch as BatchNormBackend>::batch_norm_train(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        residual.into_dispatch(),
        has_residual,
        options,
    );
    let statistics = Tensor::<1>::from_dispatch(statistics);
    Ok(BatchNormTensors {
        y: Tensor::from_dispatch(y),
        mean: statistics.clone().slice(0..channels),
        variance: statistics.slice(channels..2 * channels),
    })
}

/// The operation behind [`batch_norm_train`].
#[backend_extension(Flex, Autodiff)]
pub trait BatchNormBackend: Backend {
    /// The result, flat, and the batch's means and unbiased variances, `[2 * channels]`; `residual`
    /// counts only if `has_residual`.
    fn batch_norm_train(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        has_residual: bool,
        options: BatchNormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// Forward pass on contiguous tensors.
fn forward(
    x: &FlexTensor,
    weight: &FlexTensor,
    bias: &FlexTensor,
    residual: Option<&FlexTensor>,
    options: BatchNormOptions,
) -> (Buffer, FlexTensor, SavedNorm) {
    let norm = BatchNorm {
        weight: values(weight),
        bias: values(bias),
        epsilon: options.epsilon,
        activation: options.activation,
    };
    let Normalised {
        y,
        statistics,
        saved,
    } = norm
        .forward(workspace(), values(x), residual.map(values))
        .expect("shapes were checked");
    let both = [statistics.mean, statistics.variance].concat();
    (y, flat(both), saved)
}

impl BatchNormBackend for Flex {
    fn batch_norm_train(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        residual: FlexTensor,
        has_residual: bool,
        options: BatchNormOptions,
    ) -> (FlexTensor, FlexTensor) {
        let [x, weight, bias, residual] = [x, weight, bias, residual].map(|t| t.to_contiguous());
        let residual = has_residual.then_some(&residual);
        let (y, statistics, _) = forward(&x, &weight, &bias, residual, options);
        (shared_flat_tensor(y), statistics)
    }
}

impl<C: CheckpointStrategy> BatchNormBackend for Autodiff<Flex, C> {
    fn batch_norm_train(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        has_residual: bool,
        options: BatchNormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (x, x_node) = x.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let (bias, bias_node) = bias.into_parts();
        let (residual, residual_node) = residual.into_parts();
        let [x, weight, bias, residual] = [x, weight, bias, residual].map(|t| t.to_contiguous());
        let residual = has_residual.then_some(&residual);
        let (y, statistics, norm) = forward(&x, &weight, &bias, residual, options);
        let prep = BatchNormStep
            .prepare::<C>([x_node, weight_node, bias_node, residual_node])
            .compute_bound()
            .stateful();
        let y = match prep {
            OpsKind::Tracked(prep) => {
                let x = Kept::of(&x);
                let y = recomputable_tensor(
                    y,
                    NormFormula {
                        x: x.clone(),
                        residual: residual.map(Kept::of),
                        norm: norm.clone(),
                    },
                );
                let y_kept = has_residual.then(|| Kept::of(&y));
                prep.finish(BatchNormState { x, y: y_kept, norm }, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(shared_flat_tensor(y)),
        };
        (y, <FloatTensor<Self>>::new(statistics))
    }
}

#[derive(Debug)]
struct BatchNormStep;

/// State of the backward pass.
#[derive(Clone, Debug)]
struct BatchNormState {
    x: Kept,
    /// The result, if there was a residual.
    y: Option<Kept>,
    norm: SavedNorm,
}

/// How the result is computed again.
#[derive(Debug)]
struct NormFormula {
    x: Kept,
    residual: Option<Kept>,
    norm: SavedNorm,
}

impl Formula for NormFormula {
    fn inputs(&self) -> Vec<&Kept> {
        std::iter::once(&self.x).chain(&self.residual).collect()
    }

    fn compute(&self) -> Buffer {
        let (x, residual) = (self.x.tensor(), self.residual.as_ref().map(Kept::tensor));
        let residual = residual.as_ref().map(values);
        let y = self.norm.forward_again(workspace(), values(&x), residual);
        y.expect("shapes were checked in the forward pass")
    }
}

impl Backward<Flex, 4> for BatchNormStep {
    type State = BatchNormState;

    fn backward(self, ops: Ops<BatchNormState, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<Flex>(&ops.node).to_contiguous();
        let BatchNormState { x, y, norm } = ops.state;
        let (x, y) = (x.into_tensor(), y.map(Kept::into_tensor));
        let found = norm
            .backward(workspace(), values(&x), y.as_ref().map(values), values(&dy))
            .expect("shapes were checked in the forward pass");
        let [x_node, weight_node, bias_node, residual_node] = ops.parents;
        if let Some(node) = x_node {
            grads.register::<Flex>(node.id, own_flat_tensor(found.z));
        }
        if let Some(node) = weight_node {
            grads.register::<Flex>(node.id, flat(found.weight));
        }
        if let Some(node) = bias_node {
            grads.register::<Flex>(node.id, flat(found.bias));
        }
        match (residual_node, found.residual) {
            (Some(node), None) => grads.register::<Flex>(node.id, dy),
            (node, residual) => {
                if let (Some(node), Some(gradient)) = (node, residual) {
                    grads.register::<Flex>(node.id, own_flat_tensor(gradient));
                }
                recycle(workspace(), dy);
            }
        }
        recycle(workspace(), x);
    }
}
