//! The exponential moving average of the weights over the steps.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;

use super::architecture::TrainedModel;

/// The average after a step that left `model`: decay * average + (1 - decay) * model, of parameters
/// and of running statistics; a copy of `model` after the first step.
///
/// As `torch.optim.swa_utils.AveragedModel` with `get_ema_multi_avg_fn(decay)` and
/// `use_buffers=True`; but batches are counted, not averaged.
pub(super) fn moved(
    average: Option<TrainedModel>,
    model: &TrainedModel,
    decay: f64,
) -> TrainedModel {
    let Some(average) = average else {
        return model.clone();
    };
    let mut values = Values(HashMap::new());
    average.visit(&mut values);
    drop(average);
    model.clone().map(&mut Follow {
        averages: values.0,
        weight: 1.0 - decay,
    })
}

/// The values of all parameters, flat, without gradients.
struct Values(HashMap<ParamId, Tensor<1>>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let count = param.dims().iter().product::<usize>();
        let flat = param.val().detach().reshape([count]);
        self.0.insert(param.id, flat);
    }
}

/// Takes averages a little towards the values of a module.
struct Follow {
    averages: HashMap<ParamId, Tensor<1>>,
    weight: f64,
}

impl ModuleMapper for Follow {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let average = self.averages.remove(&param.id);
        let average = average.expect("the average is of the same parameters");
        param.map(|value| {
            let is_trained = value.is_require_grad();
            let value = value.detach();
            let average = average.reshape(value.dims());
            let moved = average.clone() + (value - average).mul_scalar(self.weight);
            moved.detach().set_require_grad(is_trained)
        })
    }
}
