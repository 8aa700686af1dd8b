//! Layers of any convolutional classifier in training, channels last: forward, and the gradients of
//! what a caller asks for.
//!
//! [`trunk`](crate::trunk) fuses the layers of the five levels and keeps what its backward pass
//! needs; here every layer is an operation of its own, and the caller keeps its input.
//! [`inference`](crate::inference) has the same layers in evaluation, with folded norms.

mod activation;
pub(crate) mod batch_norm;
mod channel_sums;
mod concat;
mod convolution;
mod layer_norm;
mod permutation;
mod pool;

pub use activation::{activate, activation_gradient};
pub use batch_norm::{BatchNorm, BatchNormGradients, Normalised, SavedNorm};
pub use concat::{concat, concat_gradients};
pub use convolution::Convolution;
pub use layer_norm::{LayerNorm, LayerNormGradients};
pub use permutation::Permutation;
pub use pool::{MeanTaps, max_positions, mean_taps, pool_gradient};
