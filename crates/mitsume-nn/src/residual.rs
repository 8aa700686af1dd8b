//! Residual block with a 1x1 skip convolution.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use crate::init::Initialiser;
use crate::{BatchNorm, Conv, max_pool};

/// `relu(BN(conv(relu(BN(conv(x))))) + conv1x1(x))`, then an optional 2x2 max-pool.
#[derive(Module, Debug)]
pub struct Residual {
    /// First 3x3 convolution (`conv.0`).
    pub conv1: Conv,
    /// Its batch norm (`conv.1`).
    pub norm1: BatchNorm,
    /// Second 3x3 convolution (`conv.3`).
    pub conv2: Conv,
    /// Its batch norm (`conv.4`).
    pub norm2: BatchNorm,
    /// 1x1 convolution of the input (`skip`).
    pub skip: Conv,
    /// Whether a 2x2 max-pool ends the block.
    pub pool: bool,
}

impl Residual {
    pub(crate) fn new(input: usize, output: usize, pool: bool, init: &mut Initialiser) -> Self {
        Residual {
            conv1: Conv::new(input, output, 3, init),
            norm1: BatchNorm::new(output, init),
            conv2: Conv::new(output, output, 3, init),
            norm2: BatchNorm::new(output, init),
            skip: Conv::new(input, output, 1, init),
            pool,
        }
    }

    /// Forward pass in evaluation, with running statistics.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let inner = relu(self.norm1.forward(self.conv1.forward(x.clone())));
        let inner = self.norm2.forward(self.conv2.forward(inner));
        self.add_skip(inner, x)
    }

    /// Forward pass in training, with batch statistics, which update the running ones.
    pub fn forward_train(&mut self, x: Tensor<4>) -> Tensor<4> {
        let inner = relu(self.norm1.forward_train(self.conv1.forward(x.clone())));
        let inner = self.norm2.forward_train(self.conv2.forward(inner));
        self.add_skip(inner, x)
    }

    fn add_skip(&self, inner: Tensor<4>, x: Tensor<4>) -> Tensor<4> {
        let sum = relu(inner + self.skip.forward(x));
        if self.pool { max_pool(sum) } else { sum }
    }
}
