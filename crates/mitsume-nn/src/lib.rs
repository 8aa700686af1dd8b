//! Five convolutional classifiers (levels 1 to 5), each a trunk that ends at the hooked layer and a
//! head with an explicit vector-Jacobian product.
//!
//! ```rust
//! use burn::tensor::{Device, Int, Tensor};
//! use mitsume_nn::{Classifier, ClassifierSpec, Level};
//!
//! let device = Device::flex();
//! let spec = ClassifierSpec { level: Level::Three, channels: 1, classes: 4, dropout: None };
//! let model = Classifier::new(spec, 0, &device);
//!
//! // Feature maps, logits, and the channel weights alpha of Grad-CAM for class 2.
//! let images = Tensor::<4>::zeros([1, 1, 64, 64], &device);
//! let features = model.trunk.forward(images);
//! let logits = model.head.logits(features.clone(), None);
//! let alpha = model.head.alpha(features.clone(), None, Tensor::<1, Int>::from_ints([2], &device));
//! assert_eq!(logits.dims(), [1, 4]);
//! assert_eq!(alpha.dims(), [1, features.dims()[1]]);
//! ```
//!
//! This split makes a class activation map cheap and differentiable: the gradient of a class score
//! with respect to the hooked feature maps is an ordinary expression of the head's weights, so it
//! needs no second backward pass, no hook and no second-order autodiff.
//!
//! - [`Level`] (of `mitsume-levels`) lists the architectures as data: the blocks, the hooked layer,
//!   the head.
//! - [`Trunk`] is a list of blocks ([`ConvBlock`], [`Residual`], [`SqueezeExcite`]). A block is
//!   the unit a device may replace by one fused operation.
//! - [`Head`] gives logits, alpha (Eq. 1) and the full vector-Jacobian product.
//! - [`weights`] reads safetensors and PyTorch files under the published parameter names and
//!   writes safetensors with them.
//!
//! On the CPU a trunk runs as one fused operation of `mitsume-kernels`, on other devices as blocks
//! of Burn's operations. The fused one can compute its convolutions in bfloat16 ([`Precision`]).
//!
//! Dependencies: `burn` for tensors, autodiff and devices (pure Rust on a CPU, and the same code
//! on GPUs); `burn-store` to read `.safetensors` and `.pth`; `safetensors` to write.

mod batch_norm;
mod block;
mod classifier;
mod conv;
mod conv_block;
mod device;
mod dropout;
mod fused;
mod head;
mod init;
mod instruction_set;
mod linear;
mod max_pool;
mod residual;
mod squeeze_excite;
mod trunk;
pub mod weights;

pub use batch_norm::BatchNorm;
pub use block::Block;
pub use classifier::{Classifier, ClassifierSpec, StateEntry};
pub use conv::Conv;
pub use conv_block::ConvBlock;
pub use device::{DeviceError, adapter_name, parse_device};
pub use dropout::dropout_mask;
pub use fused::supports_precision;
pub use head::{Head, PooledFeatures};
pub use instruction_set::{
    INSTRUCTION_SET_VARIABLE, InstructionSetError, instruction_set, limit_instruction_set,
};
pub use linear::Linear;
pub use max_pool::max_pool;
pub use mitsume_levels::{BlockSpec, HeadSpec, Level, Precision};
pub use residual::Residual;
pub use squeeze_excite::SqueezeExcite;
pub use trunk::Trunk;
pub use weights::WeightsError;
