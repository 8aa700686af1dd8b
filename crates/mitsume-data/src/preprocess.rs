//! From a decoded image to the numbers a network takes.

use std::borrow::Cow;

use crate::augment::Augment;
use crate::error::DataError;
use crate::grey::to_grey;
use crate::image_transform::ImageTransform;
use crate::pixels::Pixels;
use crate::resize::resize_with;

/// Largest image side a network input may have.
const MAX_SIDE: usize = 16_384;

/// How images become network inputs.
///
/// Without `augment` (evaluation): greyscale if `channels` is 1, resize, scale to [0, 1], `(x - 0.5) / 0.5`.
/// With it (training): greyscale, flip, random resized crop, the same scaling. torchvision's published
/// training order greys last; greying first lets the cache hold one channel, and since both steps are
/// linear the results differ by rounding only (at most one level for grey files, two for colour files).
#[derive(Clone, Debug, PartialEq)]
pub struct Preprocess {
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// 1 (grey) or 3 (RGB; grey files are repeated).
    pub channels: usize,
    /// Random changes; `None` for evaluation.
    pub augment: Option<Augment>,
    /// Seed of the random changes.
    pub seed: u64,
    /// What is shown of the image, and the scale of its numbers.
    pub transform: ImageTransform,
}

impl Preprocess {
    /// Says which value is out of range and what would be right.
    pub fn validate(&self) -> Result<(), DataError> {
        let side = 1..=MAX_SIDE;
        if !side.contains(&self.height) || !side.contains(&self.width) {
            return Err(DataError::Setting(format!(
                "image size {}x{}: sides must be 1 to {MAX_SIDE}",
                self.height, self.width
            )));
        }
        if self.channels != 1 && self.channels != 3 {
            return Err(DataError::Setting(format!(
                "{} channels: must be 1 (grey) or 3 (RGB)",
                self.channels
            )));
        }
        self.transform.validate([self.height, self.width])?;
        self.augment.as_ref().map_or(Ok(()), Augment::validate)
    }

    /// Numbers per image: channels * height * width.
    pub fn len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Never: an input has at least one number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether an image kept for one of the two serves the other: as many channels, and either both with augmentation
    /// (the decoded image is kept) or both without and of one size.
    pub fn shares_deterministic_part(&self, other: &Self) -> bool {
        let kept_size = |of: &Self| of.augment.is_none().then_some((of.height, of.width));
        self.channels == other.channels
            && self.transform == other.transform
            && kept_size(self) == kept_size(other)
    }

    /// What does not depend on the epoch, and is therefore worth keeping: greyscale, and without
    /// augmentation the resize too.
    pub(crate) fn deterministic_part(&self, image: Pixels) -> Pixels {
        let image = if self.channels == 1 {
            to_grey(image)
        } else {
            image
        };
        if self.augment.is_some() {
            return image;
        }
        let size = [self.height, self.width];
        let ([rows, columns], cut) = self
            .transform
            .resize_and_crop((image.height, image.width), size);
        let resized = match resize_with(&image, rows, columns, self.transform.interpolation) {
            Cow::Borrowed(_) => image,
            Cow::Owned(resized) => resized,
        };
        match resized.crop(&cut, false) {
            Cow::Borrowed(_) => resized,
            Cow::Owned(cut) => cut,
        }
    }

    /// What depends on epoch and index: flip, crop and its resize. At target size; what is left is
    /// [`normalise`].
    pub(crate) fn random_part(&self, fixed: &Pixels, epoch: u64, index: usize) -> Pixels {
        let Some(augment) = &self.augment else {
            return fixed.clone();
        };
        let key = [self.seed, epoch, index as u64];
        let change = augment.change(key, (fixed.height, fixed.width));
        let cut = fixed.crop(&change.crop, change.mirrored);
        let interpolation = self.transform.interpolation;
        resize_with(&cut, self.height, self.width, interpolation).into_owned()
    }
}

/// `(v * (1 / 255) - mean) / std`, in the order of float32 operations torchvision takes.
fn scaled(v: u8, mean: f32, std: f32) -> f32 {
    (f32::from(v) * (1.0_f64 / 255.0) as f32 - mean) / std
}

/// Scales an image of the target size to `[C, H, W]`.
///
/// # Panics
/// If `out` has not as many numbers.
pub(crate) fn normalise(
    image: &Pixels,
    channels: usize,
    transform: &ImageTransform,
    out: &mut [f32],
) {
    let plane = image.width * image.height;
    assert_eq!(out.len(), channels * plane, "one number per value");
    for (channel, out) in out.chunks_exact_mut(plane).enumerate() {
        let scaled = |v: u8| scaled(v, transform.mean[channel], transform.std[channel]);
        if image.channels == 1 {
            // A grey image fed to a three-channel network is repeated.
            let values = out.iter_mut().zip(&image.data);
            values.for_each(|(out, value)| *out = scaled(*value));
        } else {
            let values = image.data[channel..].iter().step_by(image.channels);
            let values = out.iter_mut().zip(values);
            values.for_each(|(out, value)| *out = scaled(*value));
        }
    }
}
