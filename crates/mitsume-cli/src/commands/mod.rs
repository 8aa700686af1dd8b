//! One file per command: from arguments to the library and from its results to text.

pub mod analyze;
pub mod bench;
pub mod data;
pub mod demo;
pub mod eval;
pub mod explain;
pub mod layers;
mod model;
mod output;
pub mod report;
pub mod score;
pub mod shell;
pub mod sweep;
pub mod train;
pub mod trust;

pub use output::duration;
