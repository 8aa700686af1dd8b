//! Fused CPU operations for small convolutional classifiers, forward and backward, channels last.
mod grid;
mod isa;
mod product;
mod simd;
mod winograd;
mod workspace;
pub use isa::Isa;
pub use workspace::{Buffer, Workspace};
