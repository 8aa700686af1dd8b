//! Inference layers for models read from files (convolutional or transformer), channels last;
//! [`trunk`](crate::trunk) is for the five levels and their training.
//!
//! A convolution with its bias, residual add and activation is one pass. 3x3 convolutions of stride
//! 1 run in the Winograd domain, depthwise ones tap by tap, all others as matrix products. A
//! depthwise convolution and those before and after it can be one pass: [`Separable`].

mod affine;
mod concat;
mod convolution;
mod depthwise;
pub(crate) mod im2col;
pub(crate) mod layer_norm;
mod line_buffer;
mod nhwc;
mod pool;
mod separable;
mod window;

pub use crate::activation::Activation;
pub use crate::scale_shift::ScaleShift;
pub use affine::affine;
pub use concat::{ChannelOrder, ChannelsInput, concat};
pub use convolution::{Algorithm, Convolution, Filters};
pub use layer_norm::layer_norm;
pub use nhwc::Nhwc;
pub use pool::{Pooling, pool};
pub use separable::Separable;
pub use window::Window;

#[cfg(test)]
mod tests;
