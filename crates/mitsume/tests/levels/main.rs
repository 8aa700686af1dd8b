//! The differentiable half on the five levels.

mod cam_loss;
mod method_maps;
mod network;
mod pytorch;
