//! A permutation of axes as a Burn operation: nothing is kept for the backward pass.

use crate::burn_extension::tensors::{own_flat_tensor, recycle, values};
use crate::burn_extension::workspace;
use crate::error::{Error, check_length};
use crate::training::Permutation;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

/// The values of a flat tensor in the order of `permutation`'s result; differentiable.
///
/// # Errors
/// If it has another number of values.
///
/// # Panics
/// If the tensor is not f32 on a device that [`supports`](crate::burn_extension::supports) accepts.
pub fn permute_train(permutation: Permutation, x: Tensor<1>) -> Result<Tensor<1>, Error> {
    check_length("input", permutation.count(), x.dims()[0])?;
    let y = <Dispatch as PermutationBackend>::permute_train(x.into_dispatch(), permutation);
    Ok(Tensor::from_dispatch(y))
}

/// The operation behind [`permute_train`].
#[backend_extension(Flex, Autodiff)]
pub trait PermutationBackend: Backend {
    /// Permutes a flat tensor.
    fn permute_train(x: FloatTensor<Self>, permutation: Permutation) -> FloatTensor<Self>;
}

impl PermutationBackend for Flex {
    fn permute_train(x: FlexTensor, permutation: Permutation) -> FlexTensor {
        let x = x.to_contiguous();
        let y = permutation.apply(workspace(), values(&x));
        own_flat_tensor(y.expect("the number of values was checked"))
    }
}

impl<C: CheckpointStrategy> PermutationBackend for Autodiff<Flex, C> {
    fn permute_train(x: FloatTensor<Self>, permutation: Permutation) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let y = Flex::permute_train(x, permutation.clone());
        match PermutationStep
            .prepare::<C>([x_node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish(permutation.inverse(), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }
}

#[derive(Debug)]
struct PermutationStep;

impl Backward<Flex, 1> for PermutationStep {
    /// The inverse.
    type State = Permutation;

    fn backward(self, ops: Ops<Permutation, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<Flex>(&ops.node).to_contiguous();
        let [x_node] = ops.parents;
        if let Some(node) = x_node {
            let dx = ops.state.apply(workspace(), values(&dy));
            let dx = dx.expect("the number of values was checked");
            grads.register::<Flex>(node.id, own_flat_tensor(dx));
        }
        recycle(workspace(), dy);
    }
}
