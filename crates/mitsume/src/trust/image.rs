//! An image in the network's input space.

use super::TrustError;
use super::error::check;

/// An image in the network's input space, [C, H, W], finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Image<'a> {
    values: &'a [f32],
    channels: usize,
    shape: [usize; 2],
}

impl<'a> Image<'a> {
    /// `values` [C, H, W], channel by channel and row by row, with `channels` = C and `shape` =
    /// `[H, W]`.
    ///
    /// # Errors
    /// No value, a number of values other than C H W, or one that is not finite.
    pub fn new(values: &'a [f32], channels: usize, shape: [usize; 2]) -> Result<Self, TrustError> {
        check("the image", values, &[channels, shape[0], shape[1]])?;
        Ok(Self {
            values,
            channels,
            shape,
        })
    }

    /// All values, [C, H, W].
    pub fn values(&self) -> &'a [f32] {
        self.values
    }

    /// C.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// `[H, W]`.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// H W.
    pub fn pixels(&self) -> usize {
        self.shape[0] * self.shape[1]
    }

    /// An error unless `shape` is that of this image.
    pub(super) fn check_same_size(
        &self,
        what: &'static str,
        shape: [usize; 2],
    ) -> Result<(), TrustError> {
        if shape == self.shape {
            return Ok(());
        }
        Err(TrustError::Sizes {
            what,
            found: shape,
            needed: self.shape,
        })
    }
}
