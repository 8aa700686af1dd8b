//! Random augmentation, a function of seed, epoch and image.

use crate::affine::Affine;
use crate::colour::ColourFactors;
use crate::crop::{CropBox, random_resized_crop};
use crate::error::DataError;
use mitsume_random::RandomStream;

/// Augmentation of training images: torchvision's `RandomHorizontalFlip`, `RandomVerticalFlip`,
/// `RandomAffine` (bilinear, fill 0), `RandomResizedCrop` and `ColorJitter`, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Augment {
    /// Probability of a left-right flip, in [0, 1].
    pub horizontal_flip: f64,
    /// Smallest and largest area of the crop as a fraction of the image's, in (0, 1].
    pub resized_crop_scale: [f64; 2],
    /// Smallest and largest aspect ratio (width / height) of the crop, above 0.
    pub resized_crop_ratio: [f64; 2],
    /// Probability of an upside-down flip, in [0, 1].
    pub vertical_flip: f64,
    /// Largest rotation in either direction, in degrees, 0 to 180.
    pub rotation: f64,
    /// Largest shift to either side and up or down, as a fraction of width and height, in [0, 1].
    pub affine_translate: [f64; 2],
    /// Smallest and largest enlargement, above 0.
    pub affine_scale: [f64; 2],
    /// Brightness factors are up to this far from 1 and not negative.
    pub brightness: f64,
    /// Contrast factors likewise.
    pub contrast: f64,
}

impl Default for Augment {
    /// The published training conditions: flip 0.5, area 0.9 to 1, aspect ratio 3/4 to 4/3, and
    /// nothing else.
    fn default() -> Self {
        Self {
            horizontal_flip: 0.5,
            resized_crop_scale: [0.9, 1.0],
            resized_crop_ratio: [3.0 / 4.0, 4.0 / 3.0],
            vertical_flip: 0.0,
            rotation: 0.0,
            affine_translate: [0.0, 0.0],
            affine_scale: [1.0, 1.0],
            brightness: 0.0,
            contrast: 0.0,
        }
    }
}

/// The augmentation drawn for one image in one epoch.
pub(crate) struct AugmentationSample {
    pub mirrored: bool,
    pub upside_down: bool,
    /// Of the flipped image; none where no setting asks for one.
    pub affine: Option<Affine>,
    /// In the coordinates of the flipped and transformed image.
    pub crop: CropBox,
    /// None where no setting asks for them.
    pub colour: Option<ColourFactors>,
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
        self.validate_affine()?;
        self.validate_colour()
    }

    fn validate_affine(&self) -> Result<(), DataError> {
        let setting = |text: String| Err(DataError::Setting(text));
        if !(0.0..=1.0).contains(&self.vertical_flip) {
            let flip = self.vertical_flip;
            return setting(format!(
                "vertical_flip = {flip}: must be a probability, 0 to 1"
            ));
        }
        if !(0.0..=180.0).contains(&self.rotation) {
            let rotation = self.rotation;
            return setting(format!("rotation = {rotation}: must be 0 to 180 degrees"));
        }
        let [x, y] = self.affine_translate;
        if !self
            .affine_translate
            .iter()
            .all(|part| (0.0..=1.0).contains(part))
        {
            return setting(format!(
                "affine_translate = [{x}, {y}]: must be parts of width and height, 0 to 1"
            ));
        }
        let [low, high] = self.affine_scale;
        if !(low > 0.0 && low <= high && high.is_finite()) {
            return setting(format!(
                "affine_scale = [{low}, {high}]: must be two factors above 0, the smaller first"
            ));
        }
        Ok(())
    }

    fn validate_colour(&self) -> Result<(), DataError> {
        for (name, value) in [("brightness", self.brightness), ("contrast", self.contrast)] {
            if !(value >= 0.0 && value.is_finite()) {
                let text = format!("{name} = {value}: must be 0 (none) or more");
                return Err(DataError::Setting(text));
            }
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
        // Of streams of their own: what is drawn above is the same with and without them.
        let mut rng = RandomStream::new("mitsume vertical flip v1", &key);
        let upside_down = rng.unit() < self.vertical_flip;
        AugmentationSample {
            mirrored,
            upside_down,
            affine: self.sample_affine(key, size),
            crop,
            colour: self.sample_colour(key),
        }
    }

    /// As torchvision's `RandomAffine` draws: whole pixels of shift.
    fn sample_affine(&self, key: [u64; 3], size: (usize, usize)) -> Option<Affine> {
        let off = self.rotation == 0.0
            && self.affine_translate == [0.0; 2]
            && self.affine_scale == [1.0; 2];
        if off {
            return None;
        }
        let mut rng = RandomStream::new("mitsume affine v1", &key);
        let mut symmetric = |largest: f64| rng.uniform(-1.0, 1.0) * largest;
        let angle = symmetric(self.rotation);
        let x = symmetric(self.affine_translate[0] * size.1 as f64).round_ties_even();
        let y = symmetric(self.affine_translate[1] * size.0 as f64).round_ties_even();
        let [low, high] = self.affine_scale;
        Some(Affine {
            angle,
            shift: [x, y],
            scale: low + (high - low) * rng.unit(),
        })
    }

    /// As torchvision's `ColorJitter` draws: factors from [max(0, 1 - value), 1 + value], in a
    /// random order.
    fn sample_colour(&self, key: [u64; 3]) -> Option<ColourFactors> {
        if self.brightness == 0.0 && self.contrast == 0.0 {
            return None;
        }
        let mut rng = RandomStream::new("mitsume colour v1", &key);
        let mut factor = |value: f64| {
            let (low, high) = ((1.0 - value).max(0.0), 1.0 + value);
            low + (high - low) * rng.unit()
        };
        let brightness = factor(self.brightness);
        let contrast = factor(self.contrast);
        Some(ColourFactors {
            brightness,
            contrast,
            contrast_first: rng.below(2) == 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Pixels;
    use crate::preprocess::Preprocess;

    const SIZE: usize = 24;

    fn prepared(augment: Augment, epoch: u64, index: usize) -> Pixels {
        let data = (0..SIZE * SIZE).map(|i| (i * 91 % 256) as u8).collect();
        let preprocess = Preprocess {
            height: SIZE,
            width: SIZE,
            channels: 1,
            augment: Some(augment),
            seed: 5,
            transform: Default::default(),
        };
        let image = Pixels::new(SIZE, SIZE, 1, data).into();
        preprocess.random_part(&image, epoch, index).into_8_bits()
    }

    /// No crop and no flip, so that only what a test sets is seen.
    fn nothing() -> Augment {
        Augment {
            horizontal_flip: 0.0,
            resized_crop_scale: [1.0, 1.0],
            resized_crop_ratio: [1.0, 1.0],
            ..Augment::default()
        }
    }

    #[test]
    fn each_augmentation_changes_images_by_epoch_and_index_and_is_repeated() {
        let still = prepared(nothing(), 1, 0);
        let all: [Augment; 5] = [
            Augment {
                rotation: 30.0,
                ..nothing()
            },
            Augment {
                affine_translate: [0.3, 0.3],
                ..nothing()
            },
            Augment {
                affine_scale: [0.5, 2.0],
                ..nothing()
            },
            Augment {
                brightness: 0.5,
                ..nothing()
            },
            Augment {
                contrast: 0.5,
                ..nothing()
            },
        ];
        for augment in all {
            let one = prepared(augment.clone(), 1, 0);
            assert_eq!(one, prepared(augment.clone(), 1, 0), "{augment:?}");
            assert_ne!(one, still, "{augment:?}");
            assert_ne!(one, prepared(augment.clone(), 2, 0), "{augment:?}");
            assert_ne!(one, prepared(augment.clone(), 1, 1), "{augment:?}");
        }
        assert_eq!(prepared(nothing(), 2, 7), still);
    }

    #[test]
    fn a_vertical_flip_turns_images_upside_down_as_often_as_asked() {
        let still = prepared(nothing(), 1, 0);
        let mut upside_down = still.clone();
        upside_down.data = still.data.rchunks_exact(SIZE).flatten().copied().collect();
        let half = Augment {
            vertical_flip: 0.5,
            ..nothing()
        };
        let flipped = (0..1000).filter(|&index| {
            let image = prepared(half.clone(), 1, index);
            assert!(image == still || image == upside_down);
            image == upside_down
        });
        // Within four standard deviations, 63, of 500.
        assert!((437..=563).contains(&flipped.count()));
        let always = Augment {
            vertical_flip: 1.0,
            ..nothing()
        };
        assert_eq!(prepared(always, 1, 0), upside_down);
    }

    #[test]
    fn the_flip_and_crop_drawn_do_not_depend_on_other_augmentations() {
        let plain = Augment::default();
        let all = Augment {
            vertical_flip: 0.5,
            rotation: 10.0,
            affine_translate: [0.1, 0.1],
            affine_scale: [0.9, 1.1],
            brightness: 0.2,
            contrast: 0.2,
            ..Augment::default()
        };
        for index in 0..50 {
            let [one, other] = [&plain, &all].map(|a| a.sample([1, 2, index], (40, 50)));
            assert_eq!((one.mirrored, one.crop), (other.mirrored, other.crop));
            let affine = other.affine.unwrap();
            assert!(affine.angle.abs() <= 10.0 && affine.shift[0].abs() <= 5.0);
            assert!(affine.shift[1].abs() <= 4.0 && (0.9..=1.1).contains(&affine.scale));
            let colour = other.colour.unwrap();
            assert!((0.8..=1.2).contains(&colour.brightness));
            assert!((0.8..=1.2).contains(&colour.contrast));
            assert!(one.affine.is_none() && one.colour.is_none() && !one.upside_down);
        }
    }
}
