//! Convolution, batch norm, ReLU and pooling as one unit.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use crate::init::Initialiser;
use crate::{BatchNorm, Conv, max_pool};

/// `conv3x3 [BN] [ReLU] [MP]`.
#[derive(Module, Debug)]
pub struct ConvBlock {
    /// The 3x3 convolution.
    pub conv: Conv,
    /// The batch norm, absent at level 1.
    pub norm: Option<BatchNorm>,
    /// Whether a ReLU follows.
    pub relu: bool,
    /// Whether a 2x2 max-pool ends the block.
    pub pool: bool,
}

impl ConvBlock {
    pub(crate) fn new(
        input: usize,
        output: usize,
        [norm, relu, pool]: [bool; 3],
        init: &mut Initialiser,
    ) -> Self {
        ConvBlock {
            conv: Conv::new(input, output, 3, init),
            norm: norm.then(|| BatchNorm::new(output, init)),
            relu,
            pool,
        }
    }

    /// Forward pass in evaluation, with running statistics.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.conv.forward(x);
        let x = match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        self.activate(x)
    }

    /// Forward pass in training, with batch statistics, which update the running ones.
    pub fn forward_train(&mut self, x: Tensor<4>) -> Tensor<4> {
        let x = self.conv.forward(x);
        let x = match &mut self.norm {
            Some(norm) => norm.forward_train(x),
            None => x,
        };
        self.activate(x)
    }

    fn activate(&self, x: Tensor<4>) -> Tensor<4> {
        let x = if self.relu { relu(x) } else { x };
        if self.pool { max_pool(x) } else { x }
    }
}
