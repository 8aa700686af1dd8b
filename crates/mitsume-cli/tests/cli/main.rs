//! The command as its user meets it.

#[cfg(feature = "adapters")]
mod device;
mod errors;
mod evaluation;
mod explain;
mod model;
mod onnx;
mod sandbox;
mod sweep;
mod training;
mod trust;
