//! Max-sensitivity (Yeh et al. 2019, "On the (In)fidelity and Sensitivity of Explanations"): how far
//! does a map move when the image is changed by less than anyone can see?
//!
//! The paper's `max ||M(x + d) - M(x)||` over every d within a radius is estimated by the largest of
//! a number of random d, uniform in a cube (an upper bound of nothing: more samples only find more).
//! As in the authors' code and in Captum's `sensitivity_max` it is relative to the map, divided by
//! `||M(x)||`, so that 0 is a map that stays and 1 one that moves by as much as there is of it.
//! Quantus divides by `||x||` instead, which depends on the units of the image and on the number of
//! its pixels.
//!
//! Small is not good by itself: a map that ignores image and network does not move at all. Read it
//! beside the randomisation test, which such a map fails.

use mitsume_random::RandomStream;
use serde::{Deserialize, Serialize};

use super::error::check;
use super::{Estimate, Image, TrustError};

/// Uniform noise on images.
#[derive(Clone, Debug, PartialEq)]
pub struct UniformNoise {
    /// The largest change of a value, one for each channel, in the image's units; above 0.
    pub radii: Vec<f64>,
    /// Determines the noise, with the image's number and the sample's.
    pub seed: u64,
}

impl UniformNoise {
    /// `image` [C, H, W] with noise that is uniform in [-radius, radius) and independent for every
    /// value; determined by the seed, `number` (the image's) and `sample`.
    ///
    /// # Errors
    /// Another number of radii than channels, or a radius that is not a finite number above 0.
    pub fn add_to(
        &self,
        image: &Image<'_>,
        number: u64,
        sample: u64,
    ) -> Result<Vec<f32>, TrustError> {
        if self.radii.len() != image.channels() {
            return Err(TrustError::Count {
                what: "radii",
                found: self.radii.len(),
                needed: image.channels(),
            });
        }
        let positive = |radius: &f64| *radius > 0.0 && radius.is_finite();
        if let Some(radius) = self.radii.iter().find(|radius| !positive(radius)) {
            return Err(TrustError::Setting {
                name: "the radius of the noise",
                found: radius.to_string(),
                right: "it must be a number above 0",
            });
        }
        let mut random = RandomStream::new("max-sensitivity", &[self.seed, number, sample]);
        let planes = image.values().chunks_exact(image.pixels());
        let mut noisy = Vec::with_capacity(image.values().len());
        for (plane, &radius) in planes.zip(&self.radii) {
            let add = |value: &f32| (f64::from(*value) + random.uniform(-radius, radius)) as f32;
            noisy.extend(plane.iter().map(add));
        }
        Ok(noisy)
    }
}

/// `||noisy - own|| / ||own||` of two maps [h, w] = `shape`, Euclidean norms; `None` if `own` is all
/// zero.
///
/// # Errors
/// A map that does not fit the shape, or a value that is not finite.
pub fn relative_change(
    own: &[f32],
    noisy: &[f32],
    shape: [usize; 2],
) -> Result<Option<f64>, TrustError> {
    check("the map", own, &shape)?;
    check("the map of the noisy image", noisy, &shape)?;
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let strength = norm(&mut own.iter().map(|&value| f64::from(value)));
    let pairs = own.iter().zip(noisy);
    let moved = norm(&mut pairs.map(|(&own, &noisy)| f64::from(noisy) - f64::from(own)));
    Ok((strength > 0.0).then(|| moved / strength))
}

/// Collects the largest change of every image's map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MaxSensitivityTest {
    largest: Vec<f64>,
    undefined: usize,
}

/// Max-sensitivity over images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaxSensitivity {
    /// Images tested.
    pub images: usize,
    /// Images whose own map is all zero, so that no change is relative to it; they are in no mean.
    pub undefined: usize,
    /// Mean over images of the largest relative change of the map; `None` if no image has one.
    pub largest_change: Option<Estimate>,
}

impl MaxSensitivityTest {
    /// Adds an image: its own map and those of its noisy copies, one or more, all [h, w] = `shape`.
    ///
    /// # Errors
    /// No noisy map, a map that does not fit the shape, or a value that is not finite. The image is
    /// then not added.
    pub fn add(
        &mut self,
        own: &[f32],
        noisy: &[&[f32]],
        shape: [usize; 2],
    ) -> Result<(), TrustError> {
        if noisy.is_empty() {
            return Err(TrustError::Count {
                what: "maps of noisy images",
                found: 0,
                needed: 1,
            });
        }
        let mut largest: Option<f64> = None;
        for map in noisy {
            if let Some(change) = relative_change(own, map, shape)? {
                largest = Some(largest.map_or(change, |largest| largest.max(change)));
            }
        }
        match largest {
            Some(largest) => self.largest.push(largest),
            None => self.undefined += 1,
        }
        Ok(())
    }

    /// The mean over the images so far. `seed` is of the bootstrap.
    pub fn result(&self, seed: u64) -> MaxSensitivity {
        MaxSensitivity {
            images: self.largest.len() + self.undefined,
            undefined: self.undefined,
            largest_change: Estimate::bootstrap_mean(&self.largest, seed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [f32; 4] = [3.0, 0.0, 0.0, 4.0];

    #[test]
    fn the_largest_change_counts_relative_to_the_map() {
        let mut test = MaxSensitivityTest::default();
        let (same, gone, moved) = (OWN, [0.0; 4], [3.0, 2.5, 0.0, 4.0]);
        test.add(&OWN, &[&same], [2, 2]).unwrap();
        test.add(&OWN, &[&same, &gone, &moved], [2, 2]).unwrap();
        test.add(&OWN, &[&moved, &same], [2, 2]).unwrap();
        // 0, 5 / 5 and 2.5 / 5.
        let found = test.result(0);
        assert_eq!(found.largest_change.unwrap().mean, 0.5);
        assert_eq!((found.images, found.undefined), (3, 0));
        let twice = OWN.map(|value| 2.0 * value);
        assert_eq!(relative_change(&OWN, &twice, [2, 2]).unwrap(), Some(1.0));
        assert_eq!(relative_change(&twice, &OWN, [2, 2]).unwrap(), Some(0.5));
    }

    #[test]
    fn a_map_that_is_all_zero_is_counted_and_in_no_mean() {
        let mut test = MaxSensitivityTest::default();
        test.add(&[0.0; 4], &[&OWN], [2, 2]).unwrap();
        let found = test.result(0);
        assert_eq!((found.images, found.undefined), (1, 1));
        assert_eq!(found.largest_change, None);
    }

    #[test]
    fn noise_is_uniform_within_the_radius_of_each_channel() {
        let values = vec![0.25; 2 * 100 * 100];
        let image = Image::new(&values, 2, [100, 100]).unwrap();
        let noise = UniformNoise {
            radii: vec![0.5, 0.125],
            seed: 3,
        };
        let noisy = noise.add_to(&image, 5, 2).unwrap();
        for (plane, radius) in noisy.chunks_exact(10_000).zip([0.5, 0.125]) {
            let moves = plane
                .iter()
                .map(|value| (f64::from(*value) - 0.25) / radius);
            let moves: Vec<f64> = moves.collect();
            assert!(moves.iter().all(|d| (-1.0..=1.0).contains(d)));
            // Uniform on [-1, 1]: mean 0, variance 1/3; five standard errors of 10,000 draws.
            let mean = moves.iter().sum::<f64>() / 1e4;
            let variance = moves.iter().map(|d| d * d).sum::<f64>() / 1e4;
            assert!(mean.abs() < 5.0 * (1.0_f64 / 3.0 / 1e4).sqrt(), "{mean}");
            // The variance of d^2 is 1/5 - 1/9.
            let error = 5.0 * ((0.2_f64 - 1.0 / 9.0) / 1e4).sqrt();
            assert!((variance - 1.0 / 3.0).abs() < error, "{variance}");
        }
    }

    #[test]
    fn seed_image_and_sample_decide_the_noise() {
        let values = [0.0; 8];
        let image = Image::new(&values, 2, [2, 2]).unwrap();
        let drawn = |seed, number, sample| {
            let radii = vec![1.0; 2];
            let noise = UniformNoise { radii, seed };
            noise.add_to(&image, number, sample).unwrap()
        };
        assert_eq!(drawn(1, 2, 3), drawn(1, 2, 3));
        for other in [drawn(2, 2, 3), drawn(1, 3, 3), drawn(1, 2, 4)] {
            assert_ne!(drawn(1, 2, 3), other);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut test = MaxSensitivityTest::default();
        assert!(test.add(&OWN, &[], [2, 2]).is_err());
        assert!(test.add(&OWN, &[&OWN[1..]], [2, 2]).is_err());
        assert!(test.add(&OWN, &[&[f32::NAN; 4]], [2, 2]).is_err());
        assert_eq!(test.result(0).images, 0);
        let values = [0.0; 8];
        let image = Image::new(&values, 2, [2, 2]).unwrap();
        for radii in [
            vec![1.0],
            vec![1.0, 0.0],
            vec![f64::NAN, 1.0],
            vec![f64::INFINITY; 2],
        ] {
            let noise = UniformNoise { radii, seed: 0 };
            assert!(noise.add_to(&image, 0, 0).is_err());
        }
    }
}
