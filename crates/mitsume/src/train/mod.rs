//! Class activation maps in the autodiff graph, on Burn tensors, and the loss that trains their
//! consistency (Eqs. 1, 2 and 11 to 17).
//!
//! Built with the feature `burn`, for a classifier that is a trunk and a head
//! ([`mitsume_nn::Classifier`]).

mod cam;
mod cam_loss;
mod class_members;
mod loss;
mod method_maps;
mod ssim;

pub use cam::{logits_and_maps, normalise_maps, raw_maps};
pub use cam_loss::CamLoss;
pub use loss::{
    CamRequest, CrossEntropy, ForwardOutput, LossTerms, forward, predictions, training_loss,
};
pub use method_maps::differentiable_maps;
