//! Do two independent samples of runs come from one distribution?
//!
//! Permutation tests: if they do, every split of all runs into two samples of these sizes is
//! equally likely, so the p-value is the share of splits whose statistic is at least the observed
//! one. All splits are counted where there are few, which makes the tests exact for any
//! distribution and with ties.

use crate::interval::{Interval, mean, standard_deviation, two_sided_quantile};
use mitsume_random::RandomStream;

/// Largest number of splits that are all counted; two samples of eight have 12,870.
const MAX_EXACT: f64 = 20_000.0;

/// Two samples of a value compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoSampleComparison {
    /// Mean of the first sample minus mean of the second.
    pub mean_difference: f64,
    /// Welch's interval of it; `None` if a sample has one value, or all values are equal.
    pub interval: Option<Interval>,
    /// p-value of the permutation test of the difference of means, two-sided.
    pub mean_p: f64,
    /// Largest distance of the two empirical distribution functions.
    pub kolmogorov_smirnov: f64,
    /// p-value of the permutation test of that distance.
    pub kolmogorov_smirnov_p: f64,
}

/// How permutations are drawn where there are too many splits to count them all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draws {
    /// Number of random splits.
    pub count: usize,
    /// Seed of the draws.
    pub seed: u64,
}

/// Compares two samples of a value; `None` if one is empty.
pub fn compare_samples(
    first: &[f64],
    second: &[f64],
    confidence: f64,
    draws: Draws,
) -> Option<TwoSampleComparison> {
    Some(TwoSampleComparison {
        mean_difference: mean(first)? - mean(second)?,
        interval: welch_interval(first, second, confidence),
        mean_p: mean_difference_p(first, second, draws)?,
        kolmogorov_smirnov: kolmogorov_smirnov(first, second)?,
        kolmogorov_smirnov_p: kolmogorov_smirnov_p(first, second, draws)?,
    })
}

/// Welch's interval (1947) of the difference of two means, the first minus the second, with the
/// degrees of freedom of Welch and Satterthwaite. `None` if a sample has fewer than two values, or
/// neither varies.
pub fn welch_interval(first: &[f64], second: &[f64], confidence: f64) -> Option<Interval> {
    let [a, b] = [first, second].map(|values| {
        let variance = standard_deviation(values)?.powi(2) / values.len() as f64;
        Some((variance, variance.powi(2) / (values.len() - 1) as f64))
    });
    let ((a, a_term), (b, b_term)) = (a?, b?);
    let error = (a + b).sqrt();
    if error == 0.0 {
        return None;
    }
    let freedom = (a + b).powi(2) / (a_term + b_term);
    let margin = error * two_sided_quantile(confidence, freedom)?;
    let difference = mean(first)? - mean(second)?;
    Some(Interval {
        low: difference - margin,
        high: difference + margin,
    })
}

/// The permutation test of the difference of two means, two-sided. `None` if a sample is empty.
pub fn mean_difference_p(first: &[f64], second: &[f64], draws: Draws) -> Option<f64> {
    let all = [first, second].concat();
    let sizes = [first.len(), second.len()];
    // The tolerance makes sums of the same numbers in another order equal.
    let tolerance = 1e-12 * all.iter().map(|value| value.abs()).sum::<f64>();
    let total: f64 = all.iter().sum();
    split_p(sizes, draws, tolerance, |in_first| {
        let own = all.iter().zip(in_first).filter(|(_, own)| **own);
        let sum: f64 = own.map(|(value, _)| value).sum();
        (sum / sizes[0] as f64 - (total - sum) / sizes[1] as f64).abs()
    })
}

/// The two-sample Kolmogorov-Smirnov statistic: the largest distance of the two empirical
/// distribution functions. `None` if a sample is empty.
pub fn kolmogorov_smirnov(first: &[f64], second: &[f64]) -> Option<f64> {
    let sizes = [first.len(), second.len()];
    let order = Order::new(&[first, second].concat());
    (!first.is_empty() && !second.is_empty()).then(|| order.largest_distance(sizes, &start(sizes)))
}

/// The two-sample Kolmogorov-Smirnov test, by permutation and thus exact with ties too. `None` if
/// a sample is empty.
pub fn kolmogorov_smirnov_p(first: &[f64], second: &[f64], draws: Draws) -> Option<f64> {
    let sizes = [first.len(), second.len()];
    let order = Order::new(&[first, second].concat());
    split_p(sizes, draws, 1e-12, |in_first| {
        order.largest_distance(sizes, in_first)
    })
}

/// The order of the values of both samples.
struct Order {
    /// Indices by value.
    indices: Vec<usize>,
    /// Whether the next value is equal, by place in `indices`.
    tied: Vec<bool>,
}

impl Order {
    fn new(values: &[f64]) -> Self {
        let mut indices: Vec<usize> = (0..values.len()).collect();
        indices.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let tied = (0..values.len())
            .map(|place| {
                let next = indices.get(place + 1);
                next.is_some_and(|&next| values[next] == values[indices[place]])
            })
            .collect();
        Self { indices, tied }
    }

    fn largest_distance(&self, sizes: [usize; 2], in_first: &[bool]) -> f64 {
        let [first, second] = sizes.map(|size| 1.0 / size as f64);
        let (mut distance, mut largest) = (0.0_f64, 0.0_f64);
        for (&index, &tied) in self.indices.iter().zip(&self.tied) {
            distance += if in_first[index] { first } else { -second };
            if !tied {
                largest = largest.max(distance.abs());
            }
        }
        largest
    }
}

/// The energy test (Szekely and Rizzo 2004) of two samples of curves, or of vectors of any kind:
/// its statistic is `2 E|X - Y| - E|X - X'| - E|Y - Y'|` with Euclidean distances, 0 for equal
/// distributions and positive for any others. `None` if a sample is empty or the curves differ in
/// length.
pub fn energy_p(first: &[Vec<f64>], second: &[Vec<f64>], draws: Draws) -> Option<f64> {
    let sizes = [first.len(), second.len()];
    let distances = Distances::new(&[first, second].concat())?;
    let tolerance = 1e-12 * distances.largest();
    split_p(sizes, draws, tolerance, |in_first| {
        distances.energy(sizes, in_first)
    })
}

/// The statistic of [`energy_p`]; `None` as there.
pub fn energy(first: &[Vec<f64>], second: &[Vec<f64>]) -> Option<f64> {
    let sizes = [first.len(), second.len()];
    let distances = Distances::new(&[first, second].concat())?;
    (!first.is_empty() && !second.is_empty()).then(|| distances.energy(sizes, &start(sizes)))
}

/// Euclidean distances of all pairs of curves, row by row.
struct Distances {
    count: usize,
    values: Vec<f64>,
}

impl Distances {
    fn new(curves: &[Vec<f64>]) -> Option<Self> {
        let length = curves.first()?.len();
        let distance = |a: &[f64], b: &[f64]| {
            let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let rows = curves.iter();
        let pairs = rows.flat_map(|a| curves.iter().map(move |b| distance(a, b)));
        let equal = curves.iter().all(|curve| curve.len() == length);
        equal.then(|| Self {
            count: curves.len(),
            values: pairs.collect(),
        })
    }

    fn largest(&self) -> f64 {
        self.values.iter().copied().fold(0.0, f64::max)
    }

    fn energy(&self, sizes: [usize; 2], in_first: &[bool]) -> f64 {
        let [first, second] = sizes.map(|size| size as f64);
        let mut energy = 0.0;
        for (row, &a) in self.values.chunks(self.count).zip(in_first) {
            for (distance, &b) in row.iter().zip(in_first) {
                energy += match (a, b) {
                    (true, true) => -distance / first.powi(2),
                    (false, false) => -distance / second.powi(2),
                    _ => distance / (first * second),
                };
            }
        }
        energy
    }
}

/// Number of ways to split all values into samples of these sizes.
pub fn splits(sizes: [usize; 2]) -> f64 {
    let [first, second] = sizes;
    let factors = (1..=first).map(|i| (second + i) as f64 / i as f64);
    factors.product::<f64>().round()
}

/// Smallest p-value that a two-sided permutation test of samples of these sizes can have: that of
/// the most extreme split, which for equal sizes is as extreme as its mirror image.
pub fn smallest_p(sizes: [usize; 2]) -> f64 {
    let extreme = if sizes[0] == sizes[1] { 2.0 } else { 1.0 };
    (extreme / splits(sizes)).min(1.0)
}

/// The power of [`mean_difference_p`] at the level `alpha` for normal samples of these sizes whose
/// means are `effect` standard deviations apart: the share of `draws` simulated pairs of samples
/// with a p-value of at most `alpha`. Sizes whose splits cannot all be counted are not supported.
///
/// # Panics
/// If there are more than 20,000 splits.
pub fn permutation_power(sizes: [usize; 2], effect: f64, alpha: f64, draws: Draws) -> f64 {
    assert!(splits(sizes) <= MAX_EXACT, "{sizes:?} has too many splits");
    let mut stream = RandomStream::from_seed(draws.seed);
    let found = (0..draws.count)
        .filter(|_| {
            let [mut first, second] =
                sizes.map(|size| (0..size).map(|_| stream.normal()).collect::<Vec<_>>());
            first.iter_mut().for_each(|value| *value += effect);
            mean_difference_p(&first, &second, draws).is_some_and(|p| p <= alpha)
        })
        .count();
    found as f64 / draws.count as f64
}

/// The effect, in standard deviations, that [`permutation_power`] finds with the probability
/// `power`, to 0.01. `None` if no effect is found so often, because even the smallest p-value is
/// above `alpha`.
pub fn detectable_effect(sizes: [usize; 2], power: f64, alpha: f64, draws: Draws) -> Option<f64> {
    let (mut low, mut high) = (0.0, 16.0);
    if permutation_power(sizes, high, alpha, draws) < power {
        return None;
    }
    while high - low > 0.01 {
        let middle = (low + high) / 2.0;
        if permutation_power(sizes, middle, alpha, draws) < power {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

/// The observed split: the first sample, then the second.
fn start(sizes: [usize; 2]) -> Vec<bool> {
    (0..sizes[0] + sizes[1])
        .map(|index| index < sizes[0])
        .collect()
}

/// Share of splits whose `statistic` is at least the observed one less `tolerance`. The statistic
/// is given, for every value, whether it is in the first sample. `None` if a sample is empty.
fn split_p(
    sizes: [usize; 2],
    draws: Draws,
    tolerance: f64,
    statistic: impl Fn(&[bool]) -> f64,
) -> Option<f64> {
    if sizes.contains(&0) {
        return None;
    }
    let mut split = start(sizes);
    let least = statistic(&split) - tolerance;
    if splits(sizes) > MAX_EXACT {
        let mut stream = RandomStream::from_seed(draws.seed);
        let extreme = (0..draws.count)
            .filter(|_| {
                stream.shuffle(&mut split);
                statistic(&split) >= least
            })
            .count();
        return Some((extreme + 1) as f64 / (draws.count + 1) as f64);
    }
    let (mut extreme, mut count) = (0_u32, 0_u32);
    loop {
        count += 1;
        extreme += u32::from(statistic(&split) >= least);
        if !next_split(&mut split) {
            return Some(f64::from(extreme) / f64::from(count));
        }
    }
}

/// The next arrangement in descending lexicographic order; false after the last.
fn next_split(split: &mut [bool]) -> bool {
    // The last `true` that a `false` follows moves one place on; all `true` after it follow it.
    let Some(place) = split.windows(2).rposition(|pair| pair[0] && !pair[1]) else {
        return false;
    };
    split.swap(place, place + 1);
    split[place + 2..].reverse();
    true
}
