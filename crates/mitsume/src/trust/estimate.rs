//! A mean over images with its interval.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

/// Resamples of the bootstrap.
const RESAMPLES: usize = 2000;

/// A mean over images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower and upper 95 % limit: the 2.5 % and 97.5 % quantiles of the means of 2000 bootstrap
    /// samples of the images (Efron's percentile interval). None of a single image.
    pub interval: Option<[f64; 2]>,
    /// Images it is over.
    pub images: usize,
}

impl Estimate {
    /// Of one value per image; none of nothing. `seed` decides the samples.
    pub fn of(values: &[f64], seed: u64) -> Option<Self> {
        let mean = |values: &mut dyn Iterator<Item = f64>, count: usize| {
            values.sum::<f64>() / count as f64
        };
        let images = values.len();
        if images == 0 {
            return None;
        }
        let interval = (images > 1).then(|| {
            let mut numbers = ChaCha8Rng::seed_from_u64(seed);
            // Uneven by less than images / 2^64.
            let mut any = || ((u128::from(numbers.next_u64()) * images as u128) >> 64) as usize;
            let mut means: Vec<f64> = (0..RESAMPLES)
                .map(|_| mean(&mut (0..images).map(|_| values[any()]), images))
                .collect();
            means.sort_by(f64::total_cmp);
            [quantile(&means, 0.025), quantile(&means, 0.975)]
        });
        Some(Self {
            mean: mean(&mut values.iter().copied(), images),
            interval,
            images,
        })
    }
}

/// Of sorted values, at least one; numpy's default definition.
fn quantile(sorted: &[f64], at: f64) -> f64 {
    let position = at * (sorted.len() - 1) as f64;
    let below = position as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_one_and_equal_values() {
        assert_eq!(Estimate::of(&[], 0), None);
        let one = Estimate::of(&[0.5], 0).unwrap();
        assert_eq!((one.mean, one.interval, one.images), (0.5, None, 1));
        let equal = Estimate::of(&[0.25; 7], 0).unwrap();
        assert_eq!(equal.interval, Some([0.25; 2]));
    }

    /// Of many values the interval is the normal one, 1.96 standard errors either way.
    #[test]
    fn the_interval_is_the_normal_one_of_many_values() {
        let values: Vec<f64> = (0..1000)
            .map(|i| (i * 7919 % 1000) as f64 / 999.0)
            .collect();
        let found = Estimate::of(&values, 3).unwrap();
        let [low, high] = found.interval.unwrap();
        // Uniform on [0, 1]: mean 1/2, variance 1/12. 2000 resamples leave 5 % to the width.
        let half = 1.96 * (1.0_f64 / 12.0 / 1000.0).sqrt();
        assert!((found.mean - 0.5).abs() < 1e-12);
        assert!((low - 0.5 + half).abs() < 0.1 * half, "{low}");
        assert!((high - 0.5 - half).abs() < 0.1 * half, "{high}");
        assert_eq!(Estimate::of(&values, 3), Some(found));
        assert_ne!(Estimate::of(&values, 4), Some(found));
    }
}
