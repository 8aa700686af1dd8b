//! 2x2 max-pooling with stride 2.

use burn::tensor::Tensor;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;

/// [N, C, h, w] to [N, C, h/2, w/2], rounding down as PyTorch does.
pub fn max_pool(x: Tensor<4>) -> Tensor<4> {
    max_pool2d(x, options())
}

pub(crate) fn options() -> MaxPoolOptions<2> {
    MaxPoolOptions::new([2, 2])
}
