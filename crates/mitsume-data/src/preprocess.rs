//! Preprocessing: from a decoded image to a network input.

use std::borrow::Cow;

use crate::augment::{Augment, AugmentationSample};
use crate::crop::CropBox;
use crate::error::DataError;
use crate::grey::to_grey;
use crate::image_transform::{ImageTransform, MAX_SIDE};
use crate::pixels::{DecodedPixels, PixelValue, Pixels, of_any_depth};
use crate::resize::resize_with;

/// How images become network inputs.
///
/// Without `augment` (evaluation): greyscale if `channels` is 1, resize and crop, scale to [0, 1],
/// `(x - mean) / std`. With it (training): greyscale, flip, random resized crop, the same scaling.
/// The published code converts to greyscale last. Here it comes first, so that the cache holds one
/// channel; both steps are linear, so results differ by rounding only (at most one level for grey
/// files, two for colour files).
#[derive(Clone, Debug, PartialEq)]
pub struct Preprocess {
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// 1 (grey) or 3 (RGB; grey files are repeated).
    pub channels: usize,
    /// Augmentation; `None` for evaluation.
    pub augment: Option<Augment>,
    /// Seed of the augmentation.
    pub seed: u64,
    /// Resize, crop and normalisation.
    pub transform: ImageTransform,
}

impl Preprocess {
    /// Checks the ranges of all settings.
    ///
    /// # Errors
    /// [`DataError::Setting`] naming the value and the range.
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

    /// A decoded image as the network's input, [C, H, W], without augmentation.
    pub fn prepare(&self, image: impl Into<DecodedPixels>) -> Vec<f32> {
        let without_augmentation = Self {
            augment: None,
            ..self.clone()
        };
        let image = without_augmentation.deterministic_part(image.into());
        let mut out = vec![0.0; self.len()];
        normalise(&image, self.channels, &self.transform, &mut out);
        out
    }

    /// Values per image: channels * height * width.
    pub fn len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether [`len`](Self::len) is 0; never for valid settings.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a cached image of one of the two fits the other: the same channels and transform,
    /// and either both have augmentation (the decoded image is cached) or neither has and sizes are
    /// equal.
    pub fn shares_deterministic_part(&self, other: &Self) -> bool {
        let cached_size = |one: &Self| one.augment.is_none().then_some((one.height, one.width));
        self.channels == other.channels
            && self.transform == other.transform
            && cached_size(self) == cached_size(other)
    }

    /// The part that does not depend on the epoch and is cached: greyscale, and without
    /// augmentation also resize and crop.
    pub(crate) fn deterministic_part(&self, image: DecodedPixels) -> DecodedPixels {
        of_any_depth!(image, image => self.fixed(image).into())
    }

    fn fixed<V: PixelValue>(&self, image: Pixels<V>) -> Pixels<V> {
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

    /// The part that depends on epoch and index: flip, random crop and its resize. The result has
    /// the target size; only [`normalise`] is left.
    pub(crate) fn random_part(
        &self,
        image: &DecodedPixels,
        epoch: u64,
        index: usize,
    ) -> DecodedPixels {
        of_any_depth!(image, image => self.drawn(image, epoch, index).into())
    }

    fn drawn<V: PixelValue>(&self, image: &Pixels<V>, epoch: u64, index: usize) -> Pixels<V> {
        let Some(augment) = &self.augment else {
            return image.clone();
        };
        let key = [self.seed, epoch, index as u64];
        let sample = augment.sample(key, (image.height, image.width));
        let (moved, mirrored) = if sample.upside_down || sample.affine.is_some() {
            (Cow::Owned(flipped_and_transformed(image, &sample)), false)
        } else {
            (Cow::Borrowed(image), sample.mirrored)
        };
        let cut = moved.crop(&sample.crop, mirrored);
        let interpolation = self.transform.interpolation;
        let mut resized = resize_with(&cut, self.height, self.width, interpolation).into_owned();
        if let Some(colour) = sample.colour {
            colour.apply(&mut resized);
        }
        resized
    }
}

/// The whole image after both flips and the affine transform.
fn flipped_and_transformed<V: PixelValue>(
    image: &Pixels<V>,
    sample: &AugmentationSample,
) -> Pixels<V> {
    let whole = CropBox {
        top: 0,
        left: 0,
        height: image.height,
        width: image.width,
    };
    let mut flipped = image.crop(&whole, sample.mirrored).into_owned();
    if sample.upside_down {
        let rows = flipped.data.rchunks_exact(image.width * image.channels);
        flipped.data = rows.flatten().copied().collect();
    }
    match sample.affine {
        Some(affine) => affine.apply(&flipped),
        None => flipped,
    }
}

/// `(v * (1 / white) - mean) / std`, with torchvision's order of float32 operations; white is 255,
/// of 16 bits 65535.
fn scaled<V: PixelValue>(v: V, mean: f32, std: f32) -> f32 {
    let v: f32 = v.into();
    (v * V::SCALE - mean) / std
}

/// Normalises an image of the target size into `out`, `[C, H, W]`.
///
/// # Panics
/// If `out` does not have `channels * height * width` values.
pub(crate) fn normalise(
    image: &DecodedPixels,
    channels: usize,
    transform: &ImageTransform,
    out: &mut [f32],
) {
    of_any_depth!(image, image => normalise_values(image, channels, transform, out));
}

fn normalise_values<V: PixelValue>(
    image: &Pixels<V>,
    channels: usize,
    transform: &ImageTransform,
    out: &mut [f32],
) {
    let plane = image.width * image.height;
    assert_eq!(out.len(), channels * plane, "one number per value");
    for (channel, out) in out.chunks_exact_mut(plane).enumerate() {
        let scaled = |v: V| scaled(v, transform.mean[channel], transform.std[channel]);
        if image.channels == 1 {
            // A grey image is repeated for a network with three channels.
            let values = out.iter_mut().zip(&image.data);
            values.for_each(|(out, value)| *out = scaled(*value));
        } else {
            let values = image.data[channel..].iter().step_by(image.channels);
            let values = out.iter_mut().zip(values);
            values.for_each(|(out, value)| *out = scaled(*value));
        }
    }
}
