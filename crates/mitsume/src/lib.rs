//! Grad-CAM, the gaze consistency metric and the training loss built on it.
//!
//! Does a classifier look at the same place for the same class? Each file here is one concept,
//! with the number of its equation in the thesis that defines it: K. Yonemura, "Definition of a
//! Grad-CAM-Based Gaze Consistency Metric and Its Application to Deep Learning Models".
//!
//! | equation | module |
//! | --- | --- |
//! | 1 | [`grad_cam`] |
//! | 2 | [`normalise`] |
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
//! [`methods`] has the other class activation maps. [`trust`] has sanity checks and faithfulness
//! tests of maps.
//!
//! Everything above works on plain arrays, so maps made by any tool can be scored ([`score`]).
//!
//! Libraries, and why: `ndarray` for arrays with a shape; `zip` and `ndarray-npy`'s header parser
//! for `.npz` and `safetensors`' header for `.safetensors`, because both let the payload be
//! streamed, so that a file's claimed size is never allocated; `tempfile` for the unlinked file of
//! [`spill`]; `rayon` for the earth mover's distances and imputed images; `nalgebra` for the
//! eigenvectors of Eigen-CAM.

pub mod bilinear;
pub mod confusion;
pub mod consistency;
pub mod curriculum;
pub mod deviation;
pub mod ema;
pub mod grad_cam;
pub mod kappa;
pub mod measures;
pub mod methods;
pub mod normalise;
pub mod preset;
pub mod score;
pub mod spill;
#[cfg(feature = "burn")]
pub mod train;
pub mod trust;

pub use confusion::ConfusionMatrix;
pub use consistency::{ClassDeviations, ClassMeans, Consistency, DeviationPass};
pub use curriculum::Curriculum;
pub use deviation::{Deviation, Distance};
pub use ema::EmaMaps;
pub use normalise::normalise;
pub use preset::{AlphaGradient, CamLossSettings, Preset, Reference};
pub use spill::MapSpill;
