//! Layers of any convolutional classifier in training, channels last: forward, and the gradients of
//! what a caller asks for.
//!
//! [`trunk`](crate::trunk) fuses the layers of the five levels and keeps what its backward pass
//! needs; here every layer is an operation of its own, and the caller keeps its input.
//! [`inference`](crate::inference) has the same layers in evaluation, with folded norms.

mod channel_sums;
mod convolution;

pub use convolution::Convolution;
