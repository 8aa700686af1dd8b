//! Can an explanation be trusted?
mod error;
mod image;
pub mod imputation;
mod order;
mod upsample;

pub use error::TrustError;
pub use image::Image;
pub use order::Order;
pub use upsample::upsampled;
