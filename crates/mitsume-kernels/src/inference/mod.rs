//! Layers of any convolutional classifier in evaluation, channels last: what a model read from a file
//! is made of, where [`trunk`](crate::trunk) is made for one family and its training.
//!
//! A convolution with its bias, a skip connection and its activation is one pass. 3x3 convolutions of
//! stride 1 run in the Winograd domain, depthwise ones tap by tap, all others as matrix products.

mod affine;
mod convolution;
mod depthwise;
mod finish;
mod patches;
mod pool;
mod window;

pub use affine::affine;
pub use convolution::{Convolution, Filters};
pub use finish::Activation;
pub use pool::{Pooling, pool};
pub use window::Window;

#[cfg(test)]
mod tests;
