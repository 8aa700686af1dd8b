//! Sums of the images of each class's group, for its mean image.
//!
//! A sum is the same bits whatever the order of its images, and whether they are added one by one
//! or as sums of parts: pixels are rounded to multiples of 2^-30, far below the resolution of the
//! `f32` means, so that sums of up to 2^23 images are exact in `f64`.

use mitsume_artifacts::Result;
use mitsume_data::{ImageTransform, Preprocess};

use super::sum_store::SumStore;

/// Added and taken off again, it rounds a smaller number to a multiple of 2^-30: from it on,
/// numbers of 53 bits have this step.
const TO_2_POW_MINUS_30: f64 = 1.5 * (1_u64 << 22) as f64;

/// Sums of the images of each class's group so far.
pub(crate) struct ImageSums {
    /// [channels, height, width].
    image: [usize; 3],
    transform: ImageTransform,
    /// By class the sum of the images' pixels in [0, 1].
    sums: SumStore,
}

impl ImageSums {
    pub fn new(classes: usize, preprocess: &Preprocess) -> Self {
        let image = image_shape(preprocess);
        Self {
            image,
            transform: preprocess.transform,
            sums: SumStore::new(classes, image.iter().product()),
        }
    }

    /// Adds image `i` of a batch's network inputs [N, C, H, W] to the group of `class`.
    ///
    /// # Errors
    /// The temporary file of sums cannot be written or read.
    pub fn add(&mut self, class: usize, batch: &[f32], i: usize) -> Result<()> {
        let values = self.image.iter().product();
        let pixels = &batch[i * values..][..values];
        let sums = self.sums.sum_mut(class)?;
        let plane = self.image[1] * self.image[2];
        let channels = sums.chunks_exact_mut(plane).zip(pixels.chunks_exact(plane));
        for (channel, (sums, pixels)) in channels.enumerate() {
            let mean = f64::from(self.transform.mean[channel]);
            let std = f64::from(self.transform.std[channel]);
            for (sum, pixel) in sums.iter_mut().zip(pixels) {
                let brightness = f64::from(*pixel) * std + mean;
                *sum += (brightness + TO_2_POW_MINUS_30) - TO_2_POW_MINUS_30;
            }
        }
        Ok(())
    }

    /// [C, H, W] of an image.
    pub fn image(&self) -> [usize; 3] {
        self.image
    }

    /// The classes with an image, in order.
    pub fn classes(&self) -> Vec<usize> {
        self.sums.classes()
    }

    /// The sum of a class's images, `[C * H * W]`; `None` without an image.
    ///
    /// # Errors
    /// As [`ImageSums::add`].
    pub fn sum(&mut self, class: usize) -> Result<Option<Vec<f64>>> {
        self.sums.sum(class)
    }

    /// The mean image of a class's `count` images; zeros without an image.
    ///
    /// # Errors
    /// As [`ImageSums::add`].
    pub fn mean(&mut self, class: usize, count: u64) -> Result<Vec<f32>> {
        let sum = self.sum(class)?;
        Ok(mean_image(sum.as_deref(), count, self.image))
    }
}

/// [C, H, W] of the network's inputs.
pub(crate) fn image_shape(preprocess: &Preprocess) -> [usize; 3] {
    [preprocess.channels, preprocess.height, preprocess.width]
}

/// The mean of `count` images [C, H, W] = `image` with this sum; zeros without a sum.
pub(crate) fn mean_image(sum: Option<&[f64]>, count: u64, image: [usize; 3]) -> Vec<f32> {
    let count = count.max(1) as f64;
    match sum {
        Some(sum) => sum.iter().map(|sum| (sum / count) as f32).collect(),
        None => vec![0.0; image.iter().product()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preprocess() -> Preprocess {
        Preprocess {
            height: 2,
            width: 3,
            channels: 3,
            augment: None,
            seed: 0,
            transform: ImageTransform::IMAGENET,
        }
    }

    /// Network inputs of `count` images whose pixels are grey levels that look random.
    fn images(count: usize, transform: &ImageTransform) -> Vec<f32> {
        let value = |at: usize| {
            let channel = at / 6 % 3;
            let level = ((at as u64 * 2_654_435_761) % 251) as f32 / 255.0;
            (level - transform.mean[channel]) / transform.std[channel]
        };
        (0..18 * count).map(value).collect()
    }

    #[test]
    fn sums_of_parts_in_any_order_have_the_bits_of_the_sum_of_all() {
        let images = images(500, &preprocess().transform);
        let sum = |order: &mut dyn Iterator<Item = usize>| {
            let mut sums = ImageSums::new(2, &preprocess());
            order.for_each(|i| sums.add(1, &images, i).unwrap());
            sums.sum(1).unwrap()
        };
        let all = sum(&mut (0..500)).unwrap();
        assert_eq!(sum(&mut (0..500).rev()).unwrap(), all);
        let parts = [0..3, 3..250, 250..500].map(|mut part| sum(&mut part).unwrap());
        for (pixel, all) in all.iter().enumerate() {
            let together: f64 = parts.iter().map(|part| part[pixel]).sum();
            assert_eq!(together.to_bits(), all.to_bits());
        }
        assert_eq!(sum(&mut std::iter::empty()), None);
    }

    /// The rounding is 2^-31 at most, a hundredth of the last bit of an `f32` near 1.
    #[test]
    fn a_mean_image_is_the_mean_of_its_pixels() {
        let images = images(40, &preprocess().transform);
        let mut sums = ImageSums::new(1, &preprocess());
        (0..40).for_each(|i| sums.add(0, &images, i).unwrap());
        for (at, mean) in sums.mean(0, 40).unwrap().into_iter().enumerate() {
            let levels = (0..40).map(|i| ((18 * i + at) as u64 * 2_654_435_761 % 251) as f64);
            let expected = levels.sum::<f64>() / 255.0 / 40.0;
            assert!((f64::from(mean) - expected).abs() < 1e-6, "{at}");
        }
        let none = ImageSums::new(2, &preprocess()).mean(1, 0);
        assert_eq!(none.unwrap(), [0.0; 18]);
    }
}
