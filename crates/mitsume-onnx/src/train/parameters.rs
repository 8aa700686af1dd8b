//! The parameters of a graph as a Burn module.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};

/// Parameters and running statistics of a graph, as flat tensors, in the order of
/// [`TrainableClassifier::parameters`](super::TrainableClassifier::parameters): a value for an
/// optimiser to change.
#[derive(Module, Debug)]
pub struct GraphParameters {
    /// One for each parameter; those that are frozen or running statistics have no gradient.
    pub values: Vec<Param<Tensor<1>>>,
}

/// A parameter of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterInfo {
    /// Its name in the model's state dict, or of the initialiser where the exporter did not keep that.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Whether it is a running statistic of a batch norm, which is not trained.
    pub is_running_statistic: bool,
}

impl GraphParameters {
    /// With these values, on `device`, with autodiff. Identities are the numbers of the parameters, so that an optimiser's
    /// state that one process saves fits the model that another builds.
    pub(super) fn new(
        parameters: &[Vec<f32>],
        is_trained: impl Fn(usize) -> bool,
        device: &Device,
    ) -> Self {
        let values = parameters.iter().enumerate().map(|(number, values)| {
            let count = values.len();
            let data = TensorData::new(values.clone(), [count]);
            let id = ParamId::from(number as u64 + 1);
            let tensor = Tensor::from_data(data, device);
            let value = Param::initialized(id, tensor);
            value.set_require_grad(is_trained(number))
        });
        Self {
            values: values.collect(),
        }
    }

    /// The values of parameter `number`.
    pub(super) fn host_values(&self, number: usize) -> Vec<f32> {
        let data = self.values[number].val().into_data().convert::<f32>();
        data.try_into_vec().expect("converted to f32")
    }
}
