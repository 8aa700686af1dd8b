//! Fused CPU operations for small convolutional classifiers, forward and backward, channels last.
//!
//! Convolutions run in the Winograd domain; bias, batch norm, ReLU, max-pool, residual add and
//! squeeze-excite between them run on values in registers or in one pass over memory. [`trunk`]
//! runs the operations of a whole network, forward and backward; [`inference`] has the layers of
//! models read from files.
//!
//! Results do not depend on the number of threads: work is divided independently of it, and partial
//! sums are added in a fixed order. They may differ in the last digits from one instruction set
//! ([`Isa`]) to another.
//!
//! `rayon` runs the tasks, on its global pool or the one the caller installs; `thiserror` derives
//! the errors.

// The transforms index several small arrays in step; iterators would hide which is transposed.
#![allow(clippy::needless_range_loop)]

mod activation;
mod batch_norm;
// The cases of the benchmarks call kernels that are private to this crate.
#[cfg(feature = "bench")]
#[path = "../benches/cases/mod.rs"]
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
mod scale_shift;
mod simd;
mod squeeze_excite;
pub mod trunk;
mod winograd;
mod workspace;

pub use batch_norm::{BatchStatistics, EPSILON as BATCH_NORM_EPSILON};
pub use error::Error;
pub use isa::Isa;
pub use workspace::{Buffer, Workspace};
