//! Grad-CAM, the gaze consistency metric and the training loss built on it.
//!
//! ```rust
//! use mitsume::methods::{ActivationsAndGradients, grad_cam::grad_cam};
//! use mitsume::{ClassMeans, normalise};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Grad-CAM of one image from two feature maps [1, 2] and the gradient of the class score.
//! let (features, gradients) = ([1.0, 2.0, -1.0, 4.0], [3.0, -1.0, 2.0, 2.0]);
//! let hooked = ActivationsAndGradients::new(&features, &gradients, 2, [1, 2])?;
//! let mut map = grad_cam(&hooked);
//! assert_eq!(map, [0.0, 10.0]);
//! normalise(&mut map); // to [0, 1)
//!
//! // Gaze consistency: the mean squared deviation of maps from the mean map of their class.
//! let mut means = ClassMeans::new(2, [1, 2]);
//! for (class, map) in [(0, [1.0, 0.0]), (0, [0.0, 1.0]), (1, [1.0, 1.0])] {
//!     means.push(class, &map)?;
//! }
//! assert_eq!(means.squared_l2().total().mean(), Some(0.5 / 3.0));
//! # Ok(()) }
//! ```
//!
//! Does a classifier look at the same place for the same class? Each file here is one concept,
//! with the number of its equation in the thesis that defines it: K. Yonemura, "Definition of a
//! Grad-CAM-Based Gaze Consistency Metric and Its Application to Deep Learning Models".
//!
//! | equation | module |
//! | --- | --- |
//! | 1 | [`grad_cam`] |
//! | 2 | [`mod@normalise`] |
//! | 3 | [`confusion`] |
//! | 4 | [`kappa`] |
//! | 8, 10 | [`consistency`] |
//! | 9 | [`deviation`] |
//! | 17 | [`ema`] |
//! | 18 | [`curriculum`] |
//! | 11 to 16 | `train` (feature `burn`) |
//!
//! [`measures`] has further measures: common grid, chance correction, scale-free distances.
//!
//! [`controls`] has maps that mean nothing, as controls of the measures.
//!
//! [`resampling`] has the metric of bootstrap resamples.
//!
//! [`methods`] has the other class activation maps. [`trust`] has sanity checks and faithfulness
//! tests of maps.
//!
//! [`multi_label`] scores the findings of models whose labels do not exclude each other.
//!
//! All but `train` works on plain arrays, so that maps of any tool can be scored ([`score`]).
//!
//! Libraries, and why: `ndarray` for arrays with a shape; `zip` and `ndarray-npy`'s header parser
//! for `.npz` and `safetensors`' header for `.safetensors`, because both let the payload be
//! streamed, so that a file's claimed size is never allocated; `tempfile` for the unlinked file of
//! [`spill`]; `rayon` for the earth mover's distances, imputed images and inner products of maps; `nalgebra` for the
//! eigenvectors of Eigen-CAM.

pub mod bilinear;
pub mod confusion;
pub mod consistency;
pub mod controls;
pub mod curriculum;
pub mod deviation;
pub mod ema;
pub mod grad_cam;
pub mod kappa;
mod loss_distance;
pub mod measures;
pub mod methods;
pub mod multi_label;
pub mod normalise;
mod pixel_sums;
pub mod preset;
pub mod resampling;
pub mod score;
pub mod spill;
pub mod stability;
#[cfg(feature = "burn")]
pub mod train;
pub mod trust;

pub use confusion::ConfusionMatrix;
pub use consistency::{ClassDeviations, ClassMeans, Consistency, DeviationPass};
pub use curriculum::Curriculum;
pub use deviation::{Deviation, Distance};
pub use ema::EmaMaps;
pub use loss_distance::LossDistance;
pub use normalise::normalise;
pub use preset::{AlphaGradient, CamLossSettings, Preset, Reference};
pub use spill::MapSpill;
