//! Concatenation of channels as a Burn operation: nothing is kept for the backward pass.

use crate::burn_extension::tensors::{own_flat_tensor, recycle, values};
use crate::burn_extension::workspace;
use crate::error::{Error, check_length, check_rows};
use crate::training::{concat, concat_gradients};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

/// The channels of `a` `[pixels, channels[0]]` in memory and then those of `b` `[pixels, channels[1]]`, of
/// each pixel; differentiable in both.
///
/// # Errors
/// If the lengths do not fit.
///
/// # Panics
/// If the tensors are not f32 on a device that [`supports`](crate::burn_extension::supports)
/// accepts.
pub fn concat_train(a: Tensor<1>, b: Tensor<1>, channels: [usize; 2]) -> Result<Tensor<1>, Error> {
    check_rows("channels", channels[0], a.dims()[0])?;
    check_rows("channels", channels[1], b.dims()[0])?;
    let pixels = a.dims()[0] / channels[0];
    check_length("second input", pixels * channels[1], b.dims()[0])?;
    let y =
        <Dispatch as ConcatBackend>::concat_train(a.into_dispatch(), b.into_dispatch(), channels);
    Ok(Tensor::from_dispatch(y))
}

/// The operation behind [`concat_train`].
#[backend_extension(Flex, Autodiff)]
pub trait ConcatBackend: Backend {
    /// Concatenates flat tensors.
    fn concat_train(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        channels: [usize; 2],
    ) -> FloatTensor<Self>;
}

impl ConcatBackend for Flex {
    fn concat_train(a: FlexTensor, b: FlexTensor, channels: [usize; 2]) -> FlexTensor {
        let [a, b] = [a, b].map(|t| t.to_contiguous());
        let y = concat(workspace(), values(&a), values(&b), channels);
        own_flat_tensor(y.expect("shapes were checked"))
    }
}

impl<C: CheckpointStrategy> ConcatBackend for Autodiff<Flex, C> {
    fn concat_train(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        channels: [usize; 2],
    ) -> FloatTensor<Self> {
        let (a, a_node) = a.into_parts();
        let (b, b_node) = b.into_parts();
        let y = Flex::concat_train(a, b, channels);
        match ConcatStep
            .prepare::<C>([a_node, b_node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish(channels, y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }
}

#[derive(Debug)]
struct ConcatStep;

impl Backward<Flex, 2> for ConcatStep {
    type State = [usize; 2];

    fn backward(self, ops: Ops<[usize; 2], 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<Flex>(&ops.node).to_contiguous();
        let found = concat_gradients(workspace(), values(&dy), ops.state)
            .expect("shapes were checked in the forward pass");
        for (node, gradient) in ops.parents.into_iter().zip(found) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, own_flat_tensor(gradient));
            }
        }
        recycle(workspace(), dy);
    }
}
