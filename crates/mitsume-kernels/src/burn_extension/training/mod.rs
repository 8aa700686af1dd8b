//! [`training`](crate::training) as operations of Burn's CPU back end, each with its own backward
//! step. Images and feature maps are flat tensors, [images, height, width, channels] in memory;
//! shapes are passed beside them.
//!
//! A backward step computes only the gradients of inputs that need one.

mod attention;
mod batch_norm;
mod concat;
mod convolution;
mod layer_norm;
mod parameterless;
mod permutation;

pub use attention::{AttentionBackend, attention_train};
pub use batch_norm::{BatchNormBackend, BatchNormOptions, BatchNormTensors, batch_norm_train};
pub use concat::{ConcatBackend, concat_train};
pub use convolution::{ConvolutionBackend, convolution_train};
pub use layer_norm::{LayerNormBackend, layer_norm_train};
pub use parameterless::{Layer, LayerBackend, activate_train, pool_train};
pub use permutation::{PermutationBackend, permute_train};
