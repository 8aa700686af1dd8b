//! Random augmentation, a function of seed, epoch and image.

use crate::crop::{CropBox, random_resized_crop};
use crate::error::DataError;
use mitsume_random::RandomStream;

/// Augmentation of training images: torchvision's `RandomHorizontalFlip`, then `RandomResizedCrop`.
#[derive(Clone, Debug, PartialEq)]
pub struct Augment {
    /// Probability of a left-right flip, in [0, 1].
    pub horizontal_flip: f64,
    /// Smallest and largest area of the crop as a fraction of the image's, in (0, 1].
    pub resized_crop_scale: [f64; 2],
    /// Smallest and largest aspect ratio (width / height) of the crop, above 0.
    pub resized_crop_ratio: [f64; 2],
}

impl Default for Augment {
    /// The published training conditions: flip 0.5, area 0.9 to 1, aspect ratio 3/4 to 4/3.
    fn default() -> Self {
        Self {
            horizontal_flip: 0.5,
            resized_crop_scale: [0.9, 1.0],
            resized_crop_ratio: [3.0 / 4.0, 4.0 / 3.0],
        }
    }
}

/// The augmentation drawn for one image in one epoch.
pub(crate) struct AugmentationSample {
    pub mirrored: bool,
    /// In the coordinates of the mirrored image.
    pub crop: CropBox,
}

impl Augment {
    /// Checks the ranges of all settings.
    ///
    /// # Errors
    /// [`DataError::Setting`] naming the value and the range.
    pub fn validate(&self) -> Result<(), DataError> {
        let setting = |text: String| Err(DataError::Setting(text));
        if !(0.0..=1.0).contains(&self.horizontal_flip) {
            return setting(format!(
                "horizontal_flip = {}: must be a probability, 0 to 1",
                self.horizontal_flip
            ));
        }
        let [low, high] = self.resized_crop_scale;
        if !(low > 0.0 && low <= high && high <= 1.0) {
            return setting(format!(
                "resized_crop_scale = [{low}, {high}]: must be two parts of the area in (0, 1], the smaller first"
            ));
        }
        let [low, high] = self.resized_crop_ratio;
        if !(low > 0.0 && low <= high && high.is_finite()) {
            return setting(format!(
                "resized_crop_ratio = [{low}, {high}]: must be two aspect ratios above 0, the smaller first"
            ));
        }
        Ok(())
    }

    /// Draws the augmentation of an image of `size` (height, width); a function of `key` (seed,
    /// epoch, index) and `size` only.
    pub(crate) fn sample(&self, key: [u64; 3], size: (usize, usize)) -> AugmentationSample {
        let mut rng = RandomStream::new("mitsume augment v1", &key);
        let mirrored = rng.unit() < self.horizontal_flip;
        let crop = random_resized_crop(
            size,
            self.resized_crop_scale,
            self.resized_crop_ratio,
            &mut rng,
        );
        AugmentationSample { mirrored, crop }
    }
}
