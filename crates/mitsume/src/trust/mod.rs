//! Can an explanation be trusted? Tests of explanations, one module per question.
//!
//! | module | question | source |
//! | --- | --- | --- |
//! | [`randomisation`], by [`similarity()`] | does the map depend on what the network has learnt? | Adebayo et al. 2018 |
//! | [`equivariance`], by [`similarity()`] | does the map move with the image? | closed forms |
//! | [`random_logit`], by [`similarity()`] | does it depend on the class that it explains? | Sixt et al. 2020 |
//! | [`max_sensitivity`] | how far does it move when the image is changed imperceptibly? | Yeh et al. 2019 |
//! | [`road`], on [`imputation`] | do the pixels called relevant matter to the score? | Rong et al. 2022 |
//! | [`deletion`] | how soon does the score fall, or rise, with them? | Petsiuk et al. 2018 |
//! | [`confidence`] | how much of the score is left of what the map marks? | Chattopadhay et al. 2018 |
//! | [`mod@sparseness`] | how concentrated is the map? | Hurley and Rickard 2009, Chalasani et al. 2020 |
//! | [`mod@pointing`] | is the most relevant pixel on the object? | Zhang et al. 2018 |
//! | [`mod@localisation`] | how much of the relevance is? | Arras et al. 2022 |
//! | [`surroundings`] | how much lies on the image's border and empty background? | Arras et al. 2022 |
//!
//! The caller runs the network: functions that perturb images return them, to be scored in batches,
//! and take the scores. Images are [C, H, W] in the network's input space, maps [H, W] at the
//! image's size ([`upsampled_to_image`]) and finite. Everything is a function of its arguments and
//! seeds.

mod blur;
pub mod confidence;
pub mod deletion;
pub mod equivariance;
mod error;
mod estimate;
mod image;
mod image_size;
pub mod imputation;
pub mod localisation;
pub mod max_sensitivity;
mod pixel_ranking;
pub mod pointing;
pub mod random_logit;
pub mod randomisation;
pub mod road;
mod similarity;
pub mod sparseness;
pub mod surroundings;

pub use blur::gaussian_blurred;
pub use confidence::{ConfidenceChange, marked_part};
pub use deletion::{Baseline, PerturbationCurve, PerturbationSequence};
pub use equivariance::{Direction, Equivariance, EquivarianceTest, Movement};
pub use error::TrustError;
pub use estimate::Estimate;
pub use image::Image;
pub use image_size::upsampled_to_image;
pub use localisation::{Localisation, localisation};
pub use max_sensitivity::{MaxSensitivity, MaxSensitivityTest, UniformNoise, relative_change};
pub use pixel_ranking::PixelRanking;
pub use pointing::{Pointing, pointing, pointing_accuracy};
pub use random_logit::{RandomLogit, RandomLogitTest, other_class};
pub use randomisation::{Randomisation, RandomisationTest, Stage, UndecidedReason, Verdict};
pub use road::{Road, RoadSettings};
pub use similarity::{Similarity, similarity};
pub(crate) use similarity::{correlation, is_constant, ranks};
pub use sparseness::sparseness;
pub use surroundings::{MeanSurroundings, Surroundings, SurroundingsMeter, SurroundingsSum};
