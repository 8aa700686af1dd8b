//! ROAD, remove and debias (Rong et al. 2022, "A Consistent and Efficient Evaluation Strategy for
//! Attribution Methods"): the change of the score when the most relevant pixels are removed, and
//! when the least relevant ones are.
//!
//! At percentile p the pixels from the p-th percentile of the relevance upwards, 100 - p percent,
//! are removed and imputed ([`imputation`](super::imputation)). Most relevant first, the score
//! should fall; least relevant first, it should stay. As in pytorch-grad-cam's `ROADCombined`, the
//! figure is half the difference of the two means over the percentiles: higher is better, and 0 is
//! what an uninformative map gets.
//!
//! One difference: exactly that many pixels are removed. pytorch-grad-cam removes everything that
//! ties with the percentile, which for a map that is 0 in most places is most of the image at every
//! percentile. Without ties both remove the same pixels.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::error::check_finite;
use super::imputation::{NOISE, Noise, impute};
use super::{Image, PixelRanking, TrustError};

/// Settings of ROAD.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoadSettings {
    /// Percentiles p of the relevance, each in 1 to 99; 100 - p percent of the pixels are
    /// removed.
    pub percentiles: Vec<u8>,
    /// The standard deviation of the noise on imputed values, in the image's units.
    pub noise: f64,
    /// The seed of that noise.
    pub seed: u64,
}

impl Default for RoadSettings {
    /// 20, 40, 60 and 80, and the authors' noise.
    fn default() -> Self {
        Self {
            percentiles: vec![20, 40, 60, 80],
            noise: NOISE,
            seed: 0,
        }
    }
}

/// ROAD scores of one map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Road {
    /// The percentiles.
    pub percentiles: Vec<u8>,
    /// The score of the image as it is.
    pub original: f64,
    /// At each percentile, the score with the most relevant pixels removed (MoRF).
    pub most_relevant_first: Vec<f64>,
    /// At each percentile, the score with the least relevant pixels removed (LeRF).
    pub least_relevant_first: Vec<f64>,
    /// The mean change of the score, most relevant first; a good map's is far below 0.
    pub mean_change_most: f64,
    /// The mean change of the score, least relevant first; a good map's is near 0.
    pub mean_change_least: f64,
    /// `(mean_change_least - mean_change_most) / 2`.
    pub combined: f64,
}

impl RoadSettings {
    /// The images to score, [2 P, C, H, W]: at each of the P percentiles most relevant first, then
    /// at each least relevant first. `map` is [H, W], enlarged to the image.
    ///
    /// Computed in parallel; the same bits for any number of threads.
    ///
    /// # Errors
    /// No percentile or one outside 1 to 99, an invalid deviation, a map of another size than the
    /// image or with a value that is not finite, or an image of one pixel.
    pub fn images(&self, image: &Image, map: &[f32]) -> Result<Vec<f32>, TrustError> {
        self.check()?;
        let shape = image.shape();
        let orders = [
            PixelRanking::most_relevant_first(map, shape)?,
            PixelRanking::least_relevant_first(map, shape)?,
        ];
        let each: Vec<(usize, u8)> = (0..2)
            .flat_map(|end| self.percentiles.iter().map(move |&p| (end, p)))
            .collect();
        let made: Result<Vec<Vec<f32>>, TrustError> = each
            .into_par_iter()
            .map(|(end, percentile)| {
                let removed = orders[end].top_mask(removed_at(percentile, image.pixels()));
                let noise = Noise {
                    deviation: self.noise,
                    seed: self.seed,
                    stream: 2 * u64::from(percentile) + end as u64,
                };
                impute(image, &removed, &noise)
            })
            .collect();
        Ok(made?.concat())
    }

    /// From the `original` image's score and those of [`RoadSettings::images`], [2 P] in that
    /// order. A score is the class' probability or logit; means of changes are only comparable
    /// within one kind.
    ///
    /// # Errors
    /// Invalid settings, another number of scores, or one that is not finite.
    pub fn result(&self, original: f64, scores: &[f64]) -> Result<Road, TrustError> {
        self.check()?;
        let needed = 2 * self.percentiles.len();
        if scores.len() != needed {
            return Err(TrustError::Count {
                what: "scores of perturbed images",
                found: scores.len(),
                needed,
            });
        }
        check_finite("the original score", std::iter::once(original))?;
        check_finite("the scores", scores.iter().copied())?;
        let (most, least) = scores.split_at(self.percentiles.len());
        let change = |scores: &[f64]| {
            scores.iter().map(|score| score - original).sum::<f64>() / scores.len() as f64
        };
        let (mean_change_most, mean_change_least) = (change(most), change(least));
        Ok(Road {
            percentiles: self.percentiles.clone(),
            original,
            most_relevant_first: most.to_vec(),
            least_relevant_first: least.to_vec(),
            mean_change_most,
            mean_change_least,
            combined: (mean_change_least - mean_change_most) / 2.0,
        })
    }

    fn check(&self) -> Result<(), TrustError> {
        let fit = |p: &u8| (1..=99).contains(p);
        if self.percentiles.is_empty() || !self.percentiles.iter().all(fit) {
            return Err(TrustError::Setting {
                name: "the percentiles",
                found: format!("{:?}", self.percentiles),
                right: "there must be one or more, each in 1 to 99",
            });
        }
        Ok(())
    }
}

/// How many of `pixels` different values are not below the percentile (interpolated linearly
/// between ranks 0 and pixels - 1, as in numpy).
fn removed_at(percentile: u8, pixels: usize) -> usize {
    let below = (u128::from(percentile) * (pixels as u128 - 1)).div_ceil(100);
    // At most pixels - 1, as the percentile is below 100.
    pixels - below as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_remove_their_share_and_never_all_of_two_pixels() {
        let at = |percentile| removed_at(percentile, 101);
        assert_eq!([at(20), at(50), at(99), at(1)], [81, 51, 2, 100]);
        assert_eq!([removed_at(1, 2), removed_at(99, 2)], [1, 1]);
        // np.sum(a >= np.percentile(a, 20)) for a = arange(224 * 224).
        assert_eq!(removed_at(20, 224 * 224), 40141);
    }

    #[test]
    fn road_separates_a_relevant_map_from_its_inverse() {
        // The score is the mean of the left half; the background is 0.
        let (shape, width) = ([6, 8], 8);
        let left = |i: usize| i % width < 4;
        let pixels: Vec<f32> = (0..48).map(|i| f32::from(u8::from(left(i)))).collect();
        let score = |image: &[f32]| -> f64 {
            let values = image.iter().enumerate().filter(|(i, _)| left(*i));
            values.map(|(_, value)| f64::from(*value)).sum::<f64>() / 24.0
        };
        let image = Image::new(&pixels, 1, shape).unwrap();
        let settings = RoadSettings {
            percentiles: vec![50, 70],
            ..RoadSettings::default()
        };
        let combined = |map: Vec<f32>| {
            let images = settings.images(&image, &map).unwrap();
            let scores: Vec<f64> = images.chunks_exact(48).map(score).collect();
            settings.result(score(&pixels), &scores).unwrap().combined
        };
        let knows = combined(pixels.clone());
        let opposite = combined(pixels.iter().map(|value| 1.0 - value).collect());
        assert!(knows > 0.1 && opposite < -0.1, "{knows} {opposite}");
        assert_eq!(knows, combined(pixels.clone()), "the same again");
    }

    #[test]
    fn changes_are_from_the_original_and_combined_by_half_the_difference() {
        let settings = RoadSettings {
            percentiles: vec![40, 80],
            ..RoadSettings::default()
        };
        let road = settings.result(0.75, &[0.25, 0.5, 0.75, 0.5]).unwrap();
        assert_eq!(road.mean_change_most, -0.375);
        assert_eq!(road.mean_change_least, -0.125);
        assert_eq!(road.combined, 0.125);
        let json = serde_json::to_string(&road).unwrap();
        assert_eq!(serde_json::from_str::<Road>(&json).unwrap(), road);
    }

    #[test]
    fn invalid_scores_and_settings_are_refused() {
        let settings = RoadSettings::default();
        assert!(settings.result(0.5, &[0.5; 7]).is_err());
        assert!(settings.result(0.5, &[f64::NAN; 8]).is_err());
        assert!(settings.result(f64::INFINITY, &[0.5; 8]).is_err());
        let image = Image::new(&[1.0], 1, [1, 1]).unwrap();
        assert_eq!(
            settings.images(&image, &[1.0]),
            Err(TrustError::NoPixelKept)
        );
        assert!(settings.images(&image, &[1.0, 2.0]).is_err());
        for percentiles in [vec![], vec![0], vec![50, 100]] {
            let settings = RoadSettings {
                percentiles,
                ..RoadSettings::default()
            };
            assert!(settings.images(&image, &[1.0]).is_err());
        }
    }
}
