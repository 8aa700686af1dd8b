//! Attention as a Burn operation: what is kept for the backward pass are its inputs.

use crate::attention::{Attention, QueriesKeysValues};
use crate::burn_extension::tensors::{own_flat_tensor, recycle, values};
use crate::burn_extension::workspace;
use crate::error::{Error, check_length};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

/// `softmax(scale q k^T) v` of flat queries, keys and values, with the shapes of
/// [`QueriesKeysValues`]; differentiable in all three.
///
/// # Errors
/// If the lengths do not fit.
///
/// # Panics
/// If the tensors are not f32 on a device that [`supports`](crate::burn_extension::supports)
/// accepts.
pub fn attention_train(
    attention: Attention,
    q: Tensor<1>,
    k: Tensor<1>,
    v: Tensor<1>,
) -> Result<Tensor<1>, Error> {
    let [q_count, k_count, v_count] = attention.lengths()?;
    check_length("queries", q_count, q.dims()[0])?;
    check_length("keys", k_count, k.dims()[0])?;
    check_length("values", v_count, v.dims()[0])?;
    let y = <Dispatch as AttentionBackend>::attention_train(
        q.into_dispatch(),
        k.into_dispatch(),
        v.into_dispatch(),
        attention,
    );
    Ok(Tensor::from_dispatch(y))
}

/// The operation behind [`attention_train`].
#[backend_extension(Flex, Autodiff)]
pub trait AttentionBackend: Backend {
    /// The attention of flat tensors.
    fn attention_train(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        attention: Attention,
    ) -> FloatTensor<Self>;
}

impl AttentionBackend for Flex {
    fn attention_train(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        attention: Attention,
    ) -> FlexTensor {
        let inputs = [q, k, v].map(|t| t.to_contiguous());
        let y = attention.forward(workspace(), queries_keys_values(&inputs));
        own_flat_tensor(y.expect("shapes were checked"))
    }
}

impl<C: CheckpointStrategy> AttentionBackend for Autodiff<Flex, C> {
    fn attention_train(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        attention: Attention,
    ) -> FloatTensor<Self> {
        let (q, q_node) = q.into_parts();
        let (k, k_node) = k.into_parts();
        let (v, v_node) = v.into_parts();
        let [q, k, v] = [q, k, v].map(|t| t.to_contiguous());
        let y = Flex::attention_train(q.clone(), k.clone(), v.clone(), attention);
        let nodes = [q_node, k_node, v_node];
        match AttentionStep.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(([q, k, v], attention), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }
}

fn queries_keys_values([q, k, v]: &[FlexTensor; 3]) -> QueriesKeysValues<'_> {
    QueriesKeysValues {
        q: values(q),
        k: values(k),
        v: values(v),
    }
}

#[derive(Debug)]
struct AttentionStep;

impl Backward<Flex, 3> for AttentionStep {
    type State = ([FlexTensor; 3], Attention);

    fn backward(
        self,
        ops: Ops<([FlexTensor; 3], Attention), 3>,
        grads: &mut Gradients,
        _: &mut Checkpointer,
    ) {
        let dy = grads.consume::<Flex>(&ops.node).to_contiguous();
        let (inputs, attention) = ops.state;
        let found = attention
            .backward(workspace(), queries_keys_values(&inputs), values(&dy))
            .expect("shapes were checked in the forward pass");
        let gradients = [found.q, found.k, found.v];
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, own_flat_tensor(gradient));
            }
        }
        recycle(workspace(), dy);
    }
}
