//! Fused CPU operations for small convolutional classifiers, forward and backward, channels last.
//!
//! ```rust
//! use mitsume_kernels::{Precision, Workspace};
//! use mitsume_kernels::trunk::{
//!     Batch, Conv, ForwardPass, Stage, TrunkSpec, backward, forward_train,
//! };
//!
//! # fn main() -> Result<(), mitsume_kernels::Error> {
//! // Two 3x3 convolutions with batch norm and ReLU; a 2x2 max-pool after the first.
//! let stages = [Conv::new(8).norm().pool(), Conv::new(16).norm()];
//! let stages = stages.map(Stage::Conv).to_vec();
//! let spec = TrunkSpec { channels: 1, stages, precision: Precision::Float32 };
//! let parameters = spec.parameters().into_iter().map(|p| vec![0.1; p.shape.iter().product()]);
//! let parameters: Vec<Vec<f32>> = parameters.collect();
//! let parameters: Vec<&[f32]> = parameters.iter().map(Vec::as_slice).collect();
//!
//! let pixels = [0.5; 4 * 32 * 32];
//! let batch = Batch { data: &pixels, images: 4, height: 32, width: 32 };
//! let workspace = Workspace::default();
//! let output = forward_train(&workspace, &spec, batch, &parameters)?;
//! assert_eq!(output.shape, [4, 16, 16, 16]); // images, height, width, channels
//!
//! let (features, saved) = (&output.features, output.saved);
//! let forward = ForwardPass { batch, parameters: &parameters, features, saved };
//! let gradient = vec![1.0; features.len()];
//! let gradients = backward(&workspace, &spec, forward, &gradient)?;
//! assert_eq!(gradients.len(), parameters.len());
//! # Ok(()) }
//! ```
//!
//! Convolutions run in the Winograd domain; bias, batch norm, ReLU, max-pool, residual add and
//! squeeze-excite between them run on values in registers or in one pass over memory. [`trunk`]
//! runs the operations of a whole network, forward and backward; [`inference`] has the layers of
//! models read from files.
//!
//! Results do not depend on the number of threads: work is divided independently of it, and partial
//! sums are added in a fixed order. They may differ in the last digits from one instruction set
//! ([`Isa`]) to another. With [`Precision::Bfloat16`] a trunk's 3x3 convolutions after the first and
//! its 1x1 convolutions round the operands of their products to bfloat16, in both directions; sums
//! and all else are f32.
//!
//! `rayon` runs the tasks, on its global pool or the one the caller installs; `thiserror` derives
//! the errors.

// The transforms index several small arrays in step; iterators would hide which is transposed.
#![allow(clippy::needless_range_loop)]

mod activation;
pub mod attention;
mod batch_norm;
// The cases of the benchmarks call kernels that are private to this crate.
#[cfg(feature = "bench")]
#[path = "../benches/cases/mod.rs"]
pub mod bench;
#[cfg(feature = "burn")]
pub mod burn_extension;
mod element;
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
mod placement;
mod pointwise;
mod scale_shift;
mod simd;
mod squeeze_excite;
#[cfg(test)]
#[path = "../tests/values/mod.rs"]
mod test_values;
pub mod training;
pub mod trunk;
mod winograd;
mod workspace;

pub use batch_norm::{BatchStatistics, EPSILON as BATCH_NORM_EPSILON};
pub use error::Error;
pub use isa::Isa;
pub use mitsume_levels::Precision;
pub use workspace::{Buffer, Workspace};
