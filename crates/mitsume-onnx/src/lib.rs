//! Image classifiers in ONNX files, on Burn tensors: any layer can be hooked, and any class' logit
//! differentiated down to it.
//!
//! ```no_run
//! # fn main() -> Result<(), mitsume_onnx::Error> {
//! # let images: burn::tensor::Tensor<4> = unimplemented!();
//! use mitsume_onnx::{Classifier, InputImages, LayoutRequest};
//! let device = burn::tensor::Device::flex();
//! let model = Classifier::open("resnet18.onnx".as_ref(), InputImages::default(), &device)?;
//! let hooked = model.hook(Some("layer4"), LayoutRequest::default())?;
//! let captured = hooked.capture(images)?; // up to the layer, without gradients
//! let features = hooked.features(&captured)?;
//! let (logits, gradients) = hooked.gradients(&captured, &[3, 7])?; // only what comes after it
//! # Ok(()) }
//! ```
//!
//! A file is read ([`Classifier::open`]) into a graph of operators; what does not depend on the image is
//! computed once, and batch norms, biases, residual adds and activations are fused into convolutions and
//! matrix products. On the CPU convolutions, pools, products with known matrices and layer norms run in
//! `mitsume-kernels`, channels last; everything else, and everything that is differentiated, is Burn's.
//!
//! Files are not trusted: sizes are checked before memory is taken for them, graphs must be free of
//! cycles, and data outside the file must lie in its folder.
//!
//! Libraries, and why: `prost` decodes protobuf with limits on depth and lengths (rten-onnx allocates
//! whatever length a file states; onnx-ir panics on what it does not know); `bytes` shares the file's memory with
//! what is decoded; `half` reads float16; `strsim` finds the names nearest to a wrong one.

mod attributes;
#[doc(hidden)]
pub mod backend_test;
mod classifier;
mod constant;
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
mod op;
mod proto;
mod randomise;
mod shape;
mod value;

pub use classifier::{Classifier, InputImages};
pub use error::{Error, Result};
pub use hooked::{CapturedActivations, HookedClassifier};
pub use layers::{Layer, LayoutRequest};
pub use layout::FeatureLayout;
pub use op::OperatorError;
