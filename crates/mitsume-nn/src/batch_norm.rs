//! Batch normalisation with PyTorch's running statistics.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::{batch_norm, batch_norm_train};
use mitsume_kernels::BATCH_NORM_EPSILON as EPSILON;

use crate::init::Initialiser;

const MOMENTUM: f64 = 0.1;

/// Batch norm over [N, C, h, w], eps 1e-5, momentum 0.1.
///
/// Burn's own module updates the running variance with the biased estimate of each batch. PyTorch
/// uses the unbiased one (n/(n-1)), on which published weights and results depend; so the running
/// statistics are updated here, while Burn does the arithmetic.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// gamma, `[C]`.
    pub weight: Param<Tensor<1>>,
    /// beta, `[C]`.
    pub bias: Param<Tensor<1>>,
    /// `[C]`, state.
    pub running_mean: Param<Tensor<1>>,
    /// `[C]`, state, unbiased.
    pub running_var: Param<Tensor<1>>,
    /// Number of batches that the running statistics were updated with.
    pub num_batches_tracked: u64,
}

impl BatchNorm {
    pub(crate) fn new(channels: usize, init: &mut Initialiser) -> Self {
        BatchNorm {
            weight: init.constant(channels, 1.0),
            bias: init.constant(channels, 0.0),
            running_mean: init.buffer(channels, 0.0),
            running_var: init.buffer(channels, 1.0),
            num_batches_tracked: 0,
        }
    }

    /// Normalises with the running statistics.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        batch_norm(
            x,
            self.weight.val(),
            self.bias.val(),
            self.running_mean.val(),
            self.running_var.val(),
            EPSILON,
        )
    }

    /// Normalises with the statistics of this batch and updates the running ones.
    pub fn forward_train(&mut self, x: Tensor<4>) -> Tensor<4> {
        let [n, _, h, w] = x.dims();
        let count = (n * h * w) as f64;
        let out = batch_norm_train(x, self.weight.val(), self.bias.val(), EPSILON);
        // PyTorch refuses a single value per channel; here its variance (0) stays biased.
        let unbiased = count / (count - 1.0).max(1.0);
        self.update_running_statistics(
            out.mean.detach(),
            out.variance.detach().mul_scalar(unbiased),
        );
        out.output
    }

    /// Moves the running statistics towards a batch's mean and unbiased variance.
    pub(crate) fn update_running_statistics(&mut self, mean: Tensor<1>, variance: Tensor<1>) {
        update_running(&mut self.running_mean, mean);
        update_running(&mut self.running_var, variance);
        self.num_batches_tracked += 1;
    }
}

fn update_running(state: &mut Param<Tensor<1>>, target: Tensor<1>) {
    *state = state.clone().map(|value| {
        value.without_autodiff().mul_scalar(1.0 - MOMENTUM)
            + target.without_autodiff().mul_scalar(MOMENTUM)
    });
}
