//! The command as its user meets it.

mod errors;
mod evaluation;
mod onnx;
mod sandbox;
mod sweep;
mod training;
mod trust;
