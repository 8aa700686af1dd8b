//! The command as its user meets it.

#[cfg(feature = "adapters")]
mod device;
mod errors;
mod evaluation;
mod onnx;
mod sandbox;
mod sweep;
mod training;
mod trust;
