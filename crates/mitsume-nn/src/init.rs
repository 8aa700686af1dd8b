//! PyTorch's default initialisation, from a seed.

use burn::module::{Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use mitsume_random::RandomStream;

/// Draws parameters in the order of the calls and numbers them.
///
/// The numbers make parameter identities a function of the architecture, so that an optimiser
/// state saved by one process fits the model another process builds.
pub(crate) struct Initialiser {
    random: RandomStream,
    device: Device,
    next_id: u64,
}

impl Initialiser {
    /// The same seed gives the same parameters on every device and machine.
    pub(crate) fn new(seed: u64, device: &Device) -> Self {
        Initialiser {
            random: RandomStream::from_seed(seed),
            device: device.clone(),
            next_id: 1,
        }
    }

    /// Uniform in +-1/sqrt(fan_in), which PyTorch's Kaiming default with a = sqrt(5) is equal to,
    /// for weights and biases of convolutions and linear layers.
    pub(crate) fn uniform<const D: usize>(
        &mut self,
        shape: [usize; D],
        fan_in: usize,
    ) -> Param<Tensor<D>> {
        let bound = 1.0 / (fan_in as f32).sqrt();
        let values = (0..shape.iter().product())
            .map(|_| bound * (2.0 * self.random.unit_f32() - 1.0))
            .collect::<Vec<f32>>();
        let tensor = Tensor::from_data(TensorData::new(values, shape), &self.device);
        Param::initialized(self.id(), tensor.require_grad_if_possible())
    }

    /// A trained vector that starts as a constant (batch norm's scale and shift).
    pub(crate) fn constant(&mut self, length: usize, value: f32) -> Param<Tensor<1>> {
        let tensor = Tensor::full([length], value, &self.device);
        Param::initialized(self.id(), tensor.require_grad_if_possible())
    }

    /// A vector that is state and not trained (batch norm's running statistics).
    pub(crate) fn buffer(&mut self, length: usize, value: f32) -> Param<Tensor<1>> {
        let tensor = Tensor::full([length], value, &self.device);
        Param::initialized(self.id(), tensor).set_require_grad(false)
    }

    fn id(&mut self) -> ParamId {
        self.next_id += 1;
        ParamId::from(self.next_id)
    }
}

/// `require_grad` panics on a device without autodiff; evaluation builds models on one.
trait RequireGradIfPossible {
    fn require_grad_if_possible(self) -> Self;
}

impl<const D: usize> RequireGradIfPossible for Tensor<D> {
    fn require_grad_if_possible(self) -> Self {
        if self.is_autodiff() {
            self.require_grad()
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_within_the_bound_and_fill_it() {
        let mut init = Initialiser::new(7, &Device::flex());
        let values = init
            .uniform([4096], 9)
            .val()
            .into_data()
            .try_to_vec::<f32>()
            .unwrap();
        let bound = 1.0 / 3.0;
        assert!(values.iter().all(|v| v.abs() <= bound));
        assert!(values.iter().cloned().fold(0.0, f32::max) > 0.99 * bound);
        // Variance of a uniform on +-b is b^2/3; 4,096 draws put the estimate within about 3 %.
        let variance = values.iter().map(|v| v * v).sum::<f32>() / 4096.0;
        assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 0.1);
    }
}
