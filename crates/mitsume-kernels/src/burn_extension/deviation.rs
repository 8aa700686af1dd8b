//! Squared distances of normalised maps from reference maps as a Burn operation.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Bytes, DType, Shape, Tensor};
use burn_flex::{FlexTensor, Layout};

use super::tensors::values;
use crate::maps::NormalisedMaps;

/// Normalised maps of a batch, to be compared with reference maps.
pub struct Deviations {
    sums: Tensor<3>,
    normalised: NormalisedMaps,
}

impl Deviations {
    /// Normalises the weighted `sums` [N, h, w], as they are before the ReLU.
    ///
    /// # Panics
    /// If the tensor is empty, or not f32 on a device that [`supports`](super::supports) accepts.
    pub fn new(sums: Tensor<3>, epsilon: f32) -> Self {
        let [_, h, w] = sums.dims();
        let data = sums.clone().detach().into_data();
        let values = data.as_slice::<f32>().expect("the tensor is f32");
        let normalised = NormalisedMaps::new(values, h * w, epsilon);
        Self { sums, normalised }
    }

    /// The maps [N, h * w].
    pub fn maps(&self) -> &[f32] {
        self.normalised.maps()
    }

    /// Sum of squared differences of each map from its `reference` [N, h * w], a constant: [N, 1],
    /// differentiable in the weighted sums.
    ///
    /// # Panics
    /// If the reference has another length.
    pub fn squared_distances(self, reference: Vec<f32>) -> Tensor<2> {
        let compared = Arc::new(ComparedMaps {
            squared_distances: self.normalised.squared_distances(&reference),
            normalised: self.normalised,
            reference,
        });
        let sums = self.sums.into_dispatch();
        Tensor::from_dispatch(<Dispatch as DeviationBackend>::squared_distances(
            sums, compared,
        ))
    }
}

/// Maps and references, with their squared distances.
#[derive(Debug)]
pub struct ComparedMaps {
    normalised: NormalisedMaps,
    reference: Vec<f32>,
    squared_distances: Vec<f32>,
}

/// The operation behind [`Deviations::squared_distances`].
#[backend_extension(Flex, Autodiff)]
pub trait DeviationBackend: Backend {
    /// The squared distances [N, 1] in `compared`, as a function of the weighted `sums` [N, h, w].
    fn squared_distances(sums: FloatTensor<Self>, compared: Arc<ComparedMaps>)
    -> FloatTensor<Self>;
}

impl DeviationBackend for Flex {
    fn squared_distances(_: FlexTensor, compared: Arc<ComparedMaps>) -> FlexTensor {
        let squared_distances = compared.squared_distances.clone();
        tensor(vec![squared_distances.len(), 1], squared_distances)
    }
}

impl<C: CheckpointStrategy> DeviationBackend for Autodiff<Flex, C> {
    fn squared_distances(
        sums: FloatTensor<Self>,
        compared: Arc<ComparedMaps>,
    ) -> FloatTensor<Self> {
        let (sums, node) = sums.into_parts();
        let squared_distances = Flex::squared_distances(sums.clone(), compared.clone());
        match SquaredDistancesStep
            .prepare::<C>([node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish((sums, compared), squared_distances),
            OpsKind::UnTracked(prep) => prep.finish(squared_distances),
        }
    }
}

#[derive(Debug)]
struct SquaredDistancesStep;

impl Backward<Flex, 1> for SquaredDistancesStep {
    type State = (FlexTensor, Arc<ComparedMaps>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let d_squared_distances = grads.consume::<Flex>(&ops.node).to_contiguous();
        let (sums, compared) = ops.state;
        let [Some(node)] = ops.parents else { return };
        let sums = sums.to_contiguous();
        let shape = sums.shape();
        let gradient = compared.normalised.gradient(
            values(&sums),
            &compared.reference,
            values(&d_squared_distances),
        );
        let shape = (0..3).map(|i| shape[i]).collect();
        grads.register::<Flex>(node.id, tensor(shape, gradient));
    }
}

fn tensor(shape: Vec<usize>, values: Vec<f32>) -> FlexTensor {
    let layout = Layout::contiguous(Shape::from(shape));
    FlexTensor::new(Bytes::from_elems(values), layout, DType::F32)
}
