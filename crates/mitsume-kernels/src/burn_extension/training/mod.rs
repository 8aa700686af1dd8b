//! [`training`](crate::training) as operations of Burn's CPU back end, each with its own backward
//! step. Images and feature maps are flat tensors, [images, height, width, channels] in memory;
//! shapes are passed beside them.
//!
//! A backward step computes only the gradients of inputs that need one.

mod convolution;

pub use convolution::{ConvolutionBackend, convolution_train};
