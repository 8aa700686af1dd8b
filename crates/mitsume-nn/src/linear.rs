//! Fully connected layer with PyTorch's weight layout.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::init::Initialiser;

/// `x W^T + b`.
#[derive(Module, Debug)]
pub struct Linear {
    /// [out, in], as PyTorch stores it.
    pub weight: Param<Tensor<2>>,
    /// `[out]`.
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    pub(crate) fn new(input: usize, output: usize, init: &mut Initialiser) -> Self {
        Linear {
            weight: init.uniform([output, input], input),
            bias: init.uniform([output], input),
        }
    }

    /// [N, in] to [N, out].
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weight.val().transpose()) + self.bias.val().unsqueeze()
    }
}
