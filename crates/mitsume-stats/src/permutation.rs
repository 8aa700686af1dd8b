//! Permutation tests.

use crate::correlation::pearson;
use crate::interval::mean;
use mitsume_random::RandomStream;

/// Largest number of values for which all sign patterns are enumerated.
const MAX_EXACT: usize = 16;

/// The sign-flip test: is the mean of independent `values` zero?
///
/// Under the null hypothesis (symmetric about zero) all sign patterns are equally likely. The
/// two-sided p-value is the fraction of all 2^n patterns with a sum at least as far from zero; with
/// more than 16 values, the fraction of `draws` random patterns and the observed one. It is at
/// least 2 / 2^n, for five values 0.0625. `None` for no values.
pub fn sign_flip_p(values: &[f64], draws: usize, seed: u64) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let size = values.iter().map(|value| value.abs()).sum::<f64>();
    // The tolerance makes sums of the same numbers in another order equal.
    let observed = values.iter().sum::<f64>().abs() - 1e-12 * size;
    if values.len() <= MAX_EXACT {
        let patterns = 1_usize << values.len();
        let flipped = |pattern: usize| -> f64 {
            let signed = values.iter().enumerate();
            signed
                .map(|(bit, &value)| {
                    if pattern >> bit & 1 == 1 {
                        -value
                    } else {
                        value
                    }
                })
                .sum()
        };
        let extreme = (0..patterns)
            .filter(|&pattern| flipped(pattern).abs() >= observed)
            .count();
        return Some(extreme as f64 / patterns as f64);
    }
    let mut indices = RandomStream::from_seed(seed);
    let extreme = (0..draws)
        .filter(|_| {
            let flip = |&value: &f64| if indices.below(2) == 1 { -value } else { value };
            values.iter().map(flip).sum::<f64>().abs() >= observed
        })
        .count();
    Some((extreme + 1) as f64 / (draws + 1) as f64)
}

/// The shuffling test: is the mean Pearson r of several runs zero?
///
/// Within each run the epochs of one series are shuffled against the other, `draws` times. The
/// two-sided p-value is the fraction of draws, including the observed order, with a mean r at least
/// as far from zero. The test assumes exchangeable epochs; if they are autocorrelated, the p-value
/// is too small. `None` if no run has an r.
pub fn shuffle_p(runs: &[(&[f64], &[f64])], draws: usize, seed: u64) -> Option<f64> {
    let rs: Vec<f64> = runs.iter().filter_map(|(xs, ys)| pearson(xs, ys)).collect();
    let observed = mean(&rs)?.abs() * (1.0 - 1e-12);
    let mut indices = RandomStream::from_seed(seed);
    let mut shuffled: Vec<Vec<f64>> = runs.iter().map(|(_, ys)| ys.to_vec()).collect();
    let extreme = (0..draws)
        .filter(|_| {
            let rs: Vec<f64> = runs
                .iter()
                .zip(&mut shuffled)
                .filter_map(|((xs, _), ys)| {
                    indices.shuffle(ys);
                    pearson(xs, ys)
                })
                .collect();
            mean(&rs).is_some_and(|r| r.abs() >= observed)
        })
        .count();
    Some((extreme + 1) as f64 / (draws + 1) as f64)
}
