//! Image classifiers in ONNX files, on Burn tensors: any layer can be hooked, and any class' logit
//! differentiated down to it.
//!
//! ```rust
//! use burn::tensor::{Device, Tensor};
//! use mitsume_onnx::{Classifier, InputImages, LayoutRequest};
//!
//! # fn main() -> Result<(), mitsume_onnx::Error> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/residual.onnx");
//! let device = Device::flex();
//! let model = Classifier::open(path.as_ref(), InputImages::default(), &device)?;
//! let hooked = model.hook(None, LayoutRequest::default())?; // a layer's name, or the last map
//!
//! let [channels, height, width] = model.image();
//! let images = Tensor::zeros([2, channels, height, width], &device);
//! let captured = hooked.capture(images)?; // runs the layers up to the hooked one
//! let features = hooked.features(&captured)?; // [N, C, h, w]
//! let (logits, gradients) = hooked.gradients(&captured, &[0, 1])?; // of one class per image
//! assert_eq!(logits.dims(), [2, model.classes()]);
//! assert_eq!(gradients.dims(), features.dims());
//! # Ok(()) }
//! ```
//!
//! [`Classifier::open`] reads a file into a graph of operators. What does not depend on the image
//! is computed once; batch norms, biases, residual adds and activations are fused into convolutions
//! and matrix products. On the CPU convolutions, pools, products with constant matrices and layer
//! norms run in `mitsume-kernels`, channels last; all other operators, and everything that is
//! differentiated, run as Burn operations.
//!
//! Files are not trusted: sizes are checked before memory is allocated for them, graphs must be
//! free of cycles, and external data must lie in the model's folder.
//!
//! Libraries, and why: `prost` decodes protobuf with limits on depth and lengths (rten-onnx
//! allocates whatever length a file states; onnx-ir panics on what it does not support); `bytes`
//! shares the file's memory with the decoded messages; `half` reads float16; `strsim` finds the
//! names most similar to an unknown one.

mod attributes;
#[doc(hidden)]
pub mod backend_test;
mod classifier;
mod constant;
mod default_layer;
mod error;
mod execution_plan;
mod feature_maps;
mod file;
mod fuse;
mod graph;
mod hooked;
mod ints;
mod layers;
mod layout;
mod limits;
mod module_path;
mod modules;
mod op;
mod proto;
mod randomise;
mod shape;
mod shape_inference;
mod split;
mod train;
mod value;

pub use classifier::{Classifier, InputImages};
pub use default_layer::DefaultReason;
pub use error::{Error, Result};
pub use file::model_files;
pub use graph::OutputActivation;
pub use hooked::{CapturedActivations, HookedClassifier};
pub use layers::{Layer, LayoutRequest};
pub use layout::FeatureLayout;
pub use modules::{Module, modules};
pub use op::OperatorError;
pub use train::{
    DropoutKey, ForwardPass, GraphParameters, NewHead, ParameterInfo, TrainableClassifier,
    TrainableHook,
};
