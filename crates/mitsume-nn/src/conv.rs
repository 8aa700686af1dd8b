//! Stride-1 convolution that keeps the resolution.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

use crate::init::Initialiser;

/// A convolution with bias, stride 1 and padding `kernel / 2`.
#[derive(Module, Debug)]
pub struct Conv {
    /// [out, in, kernel, kernel].
    pub weight: Param<Tensor<4>>,
    /// `[out]`.
    pub bias: Param<Tensor<1>>,
}

impl Conv {
    pub(crate) fn new(input: usize, output: usize, kernel: usize, init: &mut Initialiser) -> Self {
        let fan_in = input * kernel * kernel;
        Conv {
            weight: init.uniform([output, input, kernel, kernel], fan_in),
            bias: init.uniform([output], fan_in),
        }
    }

    /// [N, in, h, w] to [N, out, h, w].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, _, kernel, _] = self.weight.dims();
        let options = ConvOptions::new([1, 1], [kernel / 2, kernel / 2], [1, 1], 1);
        conv2d(x, self.weight.val(), Some(self.bias.val()), options)
    }
}
