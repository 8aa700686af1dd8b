//! The differentiable half on the five levels.

mod cam_loss;
mod network;
mod pytorch;
