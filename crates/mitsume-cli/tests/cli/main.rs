//! Tests of the program on the command line.

mod commands;
mod compare;
mod controls;
#[cfg(feature = "adapters")]
mod device;
mod errors;
mod evaluated_epochs;
mod evaluation;
mod explain;
mod frames;
#[cfg(unix)]
mod full_disk;
mod instruction_set;
#[cfg(unix)]
mod interruption;
mod lists;
mod model;
mod multi_label;
mod onnx;
mod onnx_training;
mod pages;
mod precision;
mod predict;
mod remove;
mod shards;
mod support;
mod sweep;
mod training;
mod trust;
