//! One file per command: calls the library with the arguments and prints the results.

pub mod analyze;
pub mod bench;
pub mod compare;
pub mod controls;
pub mod data;
pub mod demo;
pub mod eval;
pub mod explain;
mod launch;
pub mod layers;
mod model;
mod multi_label;
mod output;
pub mod predict;
mod remove;
pub mod report;
pub mod score;
mod shards;
pub mod shell;
mod split;
pub mod sweep;
mod table;
pub mod train;
pub mod trust;

pub use output::duration;
