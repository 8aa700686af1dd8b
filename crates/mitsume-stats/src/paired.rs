//! Two conditions compared over the same seeds.

use serde::{Deserialize, Serialize};
use statrs::function::gamma::ln_gamma;

use crate::interval::{self, Interval};
use crate::permutation::sign_flip_p;

/// Differences of pairs, their size and whether they could be chance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedComparison {
    /// The number of pairs.
    pub pairs: usize,
    /// The mean difference.
    pub mean_difference: f64,
    /// Student's interval of it; none of a single pair.
    pub interval: Option<Interval>,
    /// Cohen's d_z: the mean difference over the differences' standard deviation. None of a single
    /// pair, or where all differences are equal.
    pub d_z: Option<f64>,
    /// d_z with Hedges' correction for small samples; none of fewer than three pairs.
    pub hedges_g: Option<f64>,
    /// The two-sided p-value of the paired t-test; none as `d_z`.
    pub p: Option<f64>,
    /// The two-sided p-value of the sign-flip test, which cannot fall below 2 / 2^pairs.
    pub sign_flip_p: Option<f64>,
}

/// Compares pairs by their differences (condition minus baseline). None without a pair.
pub fn paired_comparison(
    differences: &[f64],
    confidence: f64,
    draws: usize,
    seed: u64,
) -> Option<PairedComparison> {
    let mean_difference = interval::mean(differences)?;
    let pairs = differences.len();
    let constant = differences
        .iter()
        .all(|difference| *difference == differences[0]);
    let d_z = interval::standard_deviation(differences)
        .filter(|_| !constant)
        .map(|deviation| mean_difference / deviation);
    let freedom = pairs as f64 - 1.0;
    Some(PairedComparison {
        pairs,
        mean_difference,
        interval: interval::student_interval(differences, confidence),
        d_z,
        hedges_g: d_z
            .filter(|_| freedom > 1.0)
            .map(|d_z| d_z * hedges_correction(freedom)),
        p: d_z.and_then(|d_z| interval::two_sided_p(d_z * (pairs as f64).sqrt(), freedom)),
        sign_flip_p: sign_flip_p(differences, draws, seed),
    })
}

/// `gamma(f/2) / (sqrt(f/2) gamma((f-1)/2))` (Hedges 1981), by which d is too large on average.
///
/// 0 at one degree of freedom, where it has no mean.
pub fn hedges_correction(freedom: f64) -> f64 {
    if freedom <= 1.0 {
        return 0.0;
    }
    (ln_gamma(freedom / 2.0) - ln_gamma((freedom - 1.0) / 2.0)).exp() / (freedom / 2.0).sqrt()
}
