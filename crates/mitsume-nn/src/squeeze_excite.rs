//! Squeeze-and-excitation (Hu et al. 2018).

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::{relu, sigmoid};

use crate::init::Initialiser;
use crate::{BlockSpec, Linear, max_pool};

/// `x * sigmoid(fc(relu(fc(GAP x))))`, then an optional 2x2 max-pool.
#[derive(Module, Debug)]
pub struct SqueezeExcite {
    /// C to C/16 (`fc.2`).
    pub squeeze: Linear,
    /// C/16 to C (`fc.4`).
    pub excite: Linear,
    /// Whether a 2x2 max-pool ends the block.
    pub pool: bool,
}

impl SqueezeExcite {
    pub(crate) fn new(channels: usize, pool: bool, init: &mut Initialiser) -> Self {
        let bottleneck = BlockSpec::hidden_channels(channels);
        SqueezeExcite {
            squeeze: Linear::new(channels, bottleneck, init),
            excite: Linear::new(bottleneck, channels, init),
            pool,
        }
    }

    /// The forward pass, the same in training and evaluation.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [n, c, _, _] = x.dims();
        let pooled = x.clone().mean_dim(3).mean_dim(2).reshape([n, c]);
        let scale = sigmoid(self.excite.forward(relu(self.squeeze.forward(pooled))));
        let scaled = x * scale.reshape([n, c, 1, 1]);
        if self.pool { max_pool(scaled) } else { scaled }
    }
}
