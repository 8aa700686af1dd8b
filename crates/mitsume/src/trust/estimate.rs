//! A mean over images with its interval.

use mitsume_stats::bootstrap::bootstrap_interval;
use serde::{Deserialize, Serialize};

/// Resamples of the bootstrap.
const RESAMPLES: usize = 2000;

/// A mean over images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower and upper 95 % limit: the 2.5 % and 97.5 % quantiles of the means of 2000 bootstrap
    /// samples of the images (Efron's percentile interval). `None` for a single image.
    pub interval: Option<[f64; 2]>,
    /// Number of images.
    pub images: usize,
}

impl Estimate {
    /// The mean of one value per image, with its bootstrap interval; `None` without values. `seed`
    /// determines the samples.
    pub fn bootstrap_mean(values: &[f64], seed: u64) -> Option<Self> {
        let images = values.len();
        let interval = bootstrap_interval(values, 0.95, RESAMPLES, seed);
        (images > 0).then(|| Self {
            mean: values.iter().sum::<f64>() / images as f64,
            interval: interval.map(|interval| [interval.low, interval.high]),
            images,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_one_and_equal_values() {
        assert_eq!(Estimate::bootstrap_mean(&[], 0), None);
        let one = Estimate::bootstrap_mean(&[0.5], 0).unwrap();
        assert_eq!((one.mean, one.interval, one.images), (0.5, None, 1));
        let equal = Estimate::bootstrap_mean(&[0.25; 7], 0).unwrap();
        assert_eq!(equal.interval, Some([0.25; 2]));
    }

    /// Of many values the interval is the normal one, 1.96 standard errors either way.
    #[test]
    fn the_interval_is_the_normal_one_of_many_values() {
        let values: Vec<f64> = (0..1000)
            .map(|i| (i * 7919 % 1000) as f64 / 999.0)
            .collect();
        let found = Estimate::bootstrap_mean(&values, 3).unwrap();
        let [low, high] = found.interval.unwrap();
        // Uniform on [0, 1]: mean 1/2, variance 1/12. 2000 resamples leave 5 % to the width.
        let half = 1.96 * (1.0_f64 / 12.0 / 1000.0).sqrt();
        assert!((found.mean - 0.5).abs() < 1e-12);
        assert!((low - 0.5 + half).abs() < 0.1 * half, "{low}");
        assert!((high - 0.5 - half).abs() < 0.1 * half, "{high}");
        assert_eq!(Estimate::bootstrap_mean(&values, 3), Some(found));
        assert_ne!(Estimate::bootstrap_mean(&values, 4), Some(found));
    }
}
