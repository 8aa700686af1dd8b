//! What a network is shown of an image, and in which numbers.

use serde::{Deserialize, Serialize};

use crate::crop::CropBox;
use crate::error::DataError;

/// Longest side an image is resized to.
const LONGEST: usize = 16_384;

/// How an image of any size comes to the network's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// Each pixel the nearest one.
    Nearest,
    /// Linear in both directions, antialiased.
    #[default]
    Bilinear,
    /// Cubic in both directions (a = -1/2, as Pillow's), antialiased.
    Bicubic,
}

/// What is shown of an image, and the scale of its numbers.
///
/// The default is that of the five levels: the whole image, stretched to the network's size, and
/// `(x - 0.5) / 0.5`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageTransform {
    /// Pixels of the image's shorter side before the centre is cut out at the network's size; none: the whole image is
    /// stretched. torchvision's `Resize(256)`, `CenterCrop(224)` is 256 here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<usize>,
    /// How it is resized.
    pub interpolation: Interpolation,
    /// Taken off each channel of values in [0, 1]; for grey images the first.
    pub mean: [f32; 3],
    /// What each channel is divided by then.
    pub std: [f32; 3],
}

impl Default for ImageTransform {
    fn default() -> Self {
        Self {
            crop: None,
            interpolation: Interpolation::Bilinear,
            mean: [0.5; 3],
            std: [0.5; 3],
        }
    }
}

impl ImageTransform {
    /// torchvision's for ImageNet: the shorter side to 256, the centre cut out, ImageNet's mean and standard
    /// deviation.
    pub const IMAGENET: Self = Self {
        crop: Some(256),
        interpolation: Interpolation::Bilinear,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    };

    /// Whether it is the levels' own.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Says which value is out of range for a network of images `[height, width]` = `size`.
    ///
    /// # Errors
    /// [`DataError::Setting`] naming the value and what would be right.
    pub fn validate(&self, size: [usize; 2]) -> Result<(), DataError> {
        if size.iter().any(|side| !(1..=LONGEST).contains(side)) {
            return Err(DataError::Setting(format!(
                "image size {}x{}: sides must be 1 to {LONGEST}",
                size[0], size[1]
            )));
        }
        let numbers = self.mean.iter().chain(&self.std);
        if !numbers.clone().all(|v| v.is_finite()) || self.std.iter().any(|&v| v <= 0.0) {
            return Err(DataError::Setting(format!(
                "mean {:?}, std {:?}: finite numbers, and std above 0",
                self.mean, self.std
            )));
        }
        match self.crop {
            Some(crop) if crop < size[0].max(size[1]) || crop > LONGEST => {
                Err(DataError::Setting(format!(
                    "crop {crop}: the shorter side must be at least the image size, {}x{}, and at most 16384",
                    size[0], size[1]
                )))
            }
            _ => Ok(()),
        }
    }

    /// Rows and columns an image of `(height, width)` is resized to, and the part that is cut out then.
    pub(crate) fn resize_and_crop(
        &self,
        (height, width): (usize, usize),
        size: [usize; 2],
    ) -> ([usize; 2], CropBox) {
        let whole = |resized: [usize; 2], top, left| {
            let cut = CropBox {
                top,
                left,
                height: size[0],
                width: size[1],
            };
            (resized, cut)
        };
        let Some(crop) = self.crop else {
            return whole(size, 0, 0);
        };
        // torchvision: the longer side is cut down to a whole number. A strip of pixels is not made longer
        // than any image may be.
        let long = |long: usize, short: usize| (crop * long / short).min(LONGEST);
        let resized = if height <= width {
            [crop, long(width, height)]
        } else {
            [long(height, width), crop]
        };
        let half = |room: usize| half_even(room);
        whole(
            resized,
            half(resized[0].saturating_sub(size[0])),
            half(resized[1].saturating_sub(size[1])),
        )
    }

    /// The part of an image of `(height, width)` that a network of `[height, width]` = `size` sees, in the image's
    /// own pixels.
    pub fn visible_region(&self, (height, width): (usize, usize), size: [usize; 2]) -> CropBox {
        let ([rows, columns], cut) = self.resize_and_crop((height, width), size);
        let scaled = |at: usize, from: usize, to: usize| {
            let rounded = (2 * at as u128 * to as u128 + from as u128) / (2 * from as u128);
            (rounded as usize).min(to)
        };
        let top = scaled(cut.top, rows, height).min(height - 1);
        let left = scaled(cut.left, columns, width).min(width - 1);
        CropBox {
            top,
            left,
            height: scaled(cut.top + cut.height, rows, height)
                .saturating_sub(top)
                .max(1),
            width: scaled(cut.left + cut.width, columns, width)
                .saturating_sub(left)
                .max(1),
        }
    }
}

/// Half of `n`, rounded to even as Python's `round` does.
fn half_even(n: usize) -> usize {
    let half = n / 2;
    if n.is_multiple_of(2) {
        half
    } else {
        half + half % 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// torchvision 0.29: `Resize(256)` gives 256x341 of 480x640, `CenterCrop(224)` cuts from (16, 58).
    #[test]
    fn the_imagenet_view_is_torchvisions() {
        let (resized, cut) = ImageTransform::IMAGENET.resize_and_crop((480, 640), [224, 224]);
        assert_eq!(resized, [256, 341]);
        assert_eq!((cut.top, cut.left), (16, 58));
        let (resized, cut) = ImageTransform::IMAGENET.resize_and_crop((300, 224), [224, 224]);
        assert_eq!((resized, cut.top, cut.left), ([342, 256], 59, 16));
        assert_eq!([1, 3, 5, 7].map(half_even), [0, 2, 2, 4]);
    }

    #[test]
    fn what_is_seen_is_given_in_the_images_own_pixels() {
        let seen = ImageTransform::IMAGENET.visible_region((480, 640), [224, 224]);
        assert_eq!(
            (seen.top, seen.left, seen.height, seen.width),
            (30, 109, 420, 420)
        );
        let whole = ImageTransform::default().visible_region((480, 640), [224, 224]);
        assert_eq!(
            (whole.top, whole.left, whole.height, whole.width),
            (0, 0, 480, 640)
        );
    }

    #[test]
    fn views_out_of_range_are_refused() {
        let refuse = |transform: ImageTransform| {
            assert!(transform.validate([224, 224]).is_err(), "{transform:?}")
        };
        refuse(ImageTransform {
            crop: Some(200),
            ..ImageTransform::default()
        });
        refuse(ImageTransform {
            std: [0.5, 0.0, 0.5],
            ..ImageTransform::default()
        });
        refuse(ImageTransform {
            mean: [f32::NAN; 3],
            ..ImageTransform::default()
        });
        assert!(ImageTransform::IMAGENET.validate([224, 224]).is_ok());
    }
}
