//! Image transform: resize, crop and normalisation of network inputs.

use serde::{Deserialize, Serialize};

use crate::crop::CropBox;
use crate::error::DataError;

/// Longest side of a network input, and of the image that is resized for it.
pub(crate) const MAX_SIDE: usize = 16_384;

/// Interpolation of a resize.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// Nearest neighbour.
    Nearest,
    /// Bilinear, antialiased.
    #[default]
    Bilinear,
    /// Bicubic (a = -1/2, as in Pillow), antialiased.
    Bicubic,
}

/// How an image of any size becomes a network input: resize, centre crop, `(x - mean) / std`.
///
/// The default is that of the five levels: the whole image, stretched to the network's size, and
/// `(x - 0.5) / 0.5`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageTransform {
    /// Pixels of the shorter side before the centre crop: 256 for torchvision's `Resize(256)`,
    /// `CenterCrop(224)`. `None`: the whole image is stretched to the network's size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<usize>,
    /// Interpolation of the resize.
    pub interpolation: Interpolation,
    /// Mean of each channel, subtracted from values in [0, 1]; a grey input uses the first.
    pub mean: [f32; 3],
    /// Standard deviation of each channel, by which the difference is divided.
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
    /// torchvision's transform for ImageNet: shorter side 256, centre crop, ImageNet's mean and
    /// standard deviation.
    pub const IMAGENET: Self = Self {
        crop: Some(256),
        interpolation: Interpolation::Bilinear,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    };

    /// This transform, of images of 224 pixels, for images of `size`: the crop keeps its share of the
    /// image.
    #[must_use]
    pub fn for_size(self, size: usize) -> Self {
        Self {
            crop: self.crop.map(|crop| (crop * size).div_ceil(224)),
            ..self
        }
    }

    /// Whether it is the transform of the five levels.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks all values for a network input of `size` [height, width].
    ///
    /// # Errors
    /// [`DataError::Setting`] naming the value and its range.
    pub fn validate(&self, size: [usize; 2]) -> Result<(), DataError> {
        if size.iter().any(|side| !(1..=MAX_SIDE).contains(side)) {
            return Err(DataError::Setting(format!(
                "image size {}x{}: sides must be 1 to {MAX_SIDE}",
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
            Some(crop) if crop < size[0].max(size[1]) || crop > MAX_SIDE => {
                Err(DataError::Setting(format!(
                    "crop {crop}: the shorter side must be at least the image size, {}x{}, and at most 16384",
                    size[0], size[1]
                )))
            }
            _ => Ok(()),
        }
    }

    /// The size [height, width] to which an image is resized, and the rectangle that is then
    /// cropped.
    pub(crate) fn resize_and_crop(
        &self,
        (height, width): (usize, usize),
        size: [usize; 2],
    ) -> ([usize; 2], CropBox) {
        let crop_at = |resized: [usize; 2], top, left| {
            let cut = CropBox {
                top,
                left,
                height: size[0],
                width: size[1],
            };
            (resized, cut)
        };
        let Some(crop) = self.crop else {
            return crop_at(size, 0, 0);
        };
        // As torchvision, the longer side is truncated to an integer; the limit is for narrow
        // strips.
        let long = |long: usize, short: usize| (crop * long / short).min(MAX_SIDE);
        let resized = if height <= width {
            [crop, long(width, height)]
        } else {
            [long(height, width), crop]
        };
        crop_at(
            resized,
            half_even(resized[0].saturating_sub(size[0])),
            half_even(resized[1].saturating_sub(size[1])),
        )
    }

    /// The region of an image of `(height, width)` that is visible to a network with inputs of
    /// `size` [height, width], in pixels of the image.
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

    /// torchvision 0.29: `Resize(256)` gives 256x341 of 480x640, `CenterCrop(224)` cuts from (16,
    /// 58).
    #[test]
    fn the_imagenet_transform_is_torchvisions() {
        let (resized, cut) = ImageTransform::IMAGENET.resize_and_crop((480, 640), [224, 224]);
        assert_eq!(resized, [256, 341]);
        assert_eq!((cut.top, cut.left), (16, 58));
        let (resized, cut) = ImageTransform::IMAGENET.resize_and_crop((300, 224), [224, 224]);
        assert_eq!((resized, cut.top, cut.left), ([342, 256], 59, 16));
        assert_eq!([1, 3, 5, 7].map(half_even), [0, 2, 2, 4]);
    }

    #[test]
    fn the_visible_region_is_in_pixels_of_the_image() {
        let visible = ImageTransform::IMAGENET.visible_region((480, 640), [224, 224]);
        assert_eq!(
            (visible.top, visible.left, visible.height, visible.width),
            (30, 109, 420, 420)
        );
        let whole = ImageTransform::default().visible_region((480, 640), [224, 224]);
        assert_eq!(
            (whole.top, whole.left, whole.height, whole.width),
            (0, 0, 480, 640)
        );
    }

    #[test]
    fn transforms_out_of_range_are_refused() {
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
