//! The blocks of a trunk.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::init::Initialiser;
use crate::{BlockSpec, ConvBlock, Residual, SqueezeExcite};

/// One block of a trunk. See [`BlockSpec`].
// A trunk holds at most seven of them, and the module derive takes no boxed variants.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Block {
    /// Convolution, batch norm, ReLU, pooling.
    Conv(ConvBlock),
    /// Residual block.
    Residual(Residual),
    /// Squeeze-and-excitation.
    SqueezeExcite(SqueezeExcite),
}

impl Block {
    pub(crate) fn new(spec: BlockSpec, input: usize, init: &mut Initialiser) -> Self {
        match spec {
            BlockSpec::Conv {
                out,
                norm,
                relu,
                pool,
            } => Block::Conv(ConvBlock::new(input, out, [norm, relu, pool], init)),
            BlockSpec::Residual { out, pool } => {
                Block::Residual(Residual::new(input, out, pool, init))
            }
            BlockSpec::SqueezeExcite { pool } => {
                Block::SqueezeExcite(SqueezeExcite::new(input, pool, init))
            }
        }
    }

    /// Its specification.
    pub fn spec(&self) -> BlockSpec {
        match self {
            Block::Conv(block) => BlockSpec::Conv {
                out: block.conv.weight.dims()[0],
                norm: block.norm.is_some(),
                relu: block.relu,
                pool: block.pool,
            },
            Block::Residual(block) => BlockSpec::Residual {
                out: block.conv1.weight.dims()[0],
                pool: block.pool,
            },
            Block::SqueezeExcite(block) => BlockSpec::SqueezeExcite { pool: block.pool },
        }
    }

    /// Forward pass in evaluation, with running statistics.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Block::Conv(block) => block.forward(x),
            Block::Residual(block) => block.forward(x),
            Block::SqueezeExcite(block) => block.forward(x),
        }
    }

    /// Forward pass in training, with batch statistics, which update the running ones.
    pub fn forward_train(&mut self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Block::Conv(block) => block.forward_train(x),
            Block::Residual(block) => block.forward_train(x),
            Block::SqueezeExcite(block) => block.forward(x),
        }
    }
}
