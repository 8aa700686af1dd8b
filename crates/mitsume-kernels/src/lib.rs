//! Fused CPU operations for small convolutional classifiers, forward and backward, channels last.
//!
//! The work of a small network's training step is 3x3 convolutions and everything between them. Here
//! the convolutions run in the Winograd domain, and what stands between two of them (bias, batch norm,
//! ReLU, max-pool, residual join, squeeze-excite) runs while values are in registers, or in one
//! pass over memory. [`trunk`] strings the operations together.
//!
//! Results do not depend on the number of threads: work is cut at fixed places and partial sums are added in order.
//! They may differ in the last digits from one instruction set ([`Isa`]) to another.
//!
//! `rayon` splits the work, on its global pool or the one the caller installs; `thiserror` derives the errors.

// The transforms index several small arrays in step; iterators would hide which is transposed.
#![allow(clippy::needless_range_loop)]

mod activation;
mod batch_norm;
#[cfg(feature = "bench")]
pub mod bench;
#[cfg(feature = "burn")]
pub mod burn_extension;
mod epilogue;
mod error;
mod first_layer;
mod gemm;
mod grid;
pub mod head;
pub mod inference;
mod isa;
pub mod maps;
mod norm_activation;
mod pointwise;
mod simd;
mod squeeze_excite;
pub mod trunk;
mod winograd;
mod workspace;

pub use batch_norm::BatchStatistics;
pub use error::Error;
pub use isa::Isa;
pub use workspace::{Buffer, Workspace};
