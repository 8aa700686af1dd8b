//! Paired comparison of two conditions over the same seeds.

use serde::{Deserialize, Serialize};
use statrs::function::gamma::ln_gamma;

use crate::interval::{self, Interval};
use crate::permutation::sign_flip_p;

/// Paired differences with effect size and tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedComparison {
    /// Number of pairs.
    pub pairs: usize,
    /// The mean difference.
    pub mean_difference: f64,
    /// Student's interval of the mean difference; `None` for a single pair.
    pub interval: Option<Interval>,
    /// Cohen's d_z: the mean difference divided by the standard deviation of the differences.
    /// `None` for a single pair, or if all differences are equal.
    pub d_z: Option<f64>,
    /// d_z with Hedges' correction for small samples; `None` for fewer than three pairs.
    pub hedges_g: Option<f64>,
    /// Two-sided p-value of the paired t-test; `None` as for `d_z`.
    pub p: Option<f64>,
    /// Two-sided p-value of the sign-flip test, at least 2 / 2^pairs.
    pub sign_flip_p: Option<f64>,
}

/// Compares pairs by their differences (condition minus baseline); `None` for no pairs.
///
/// `draws` is the number of random sign patterns in the sign-flip test.
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

/// Hedges' correction factor `gamma(f/2) / (sqrt(f/2) gamma((f-1)/2))` (Hedges 1981), which removes
/// the bias of d in small samples.
///
/// 0 for one degree of freedom, where d has no expected value.
pub fn hedges_correction(freedom: f64) -> f64 {
    if freedom <= 1.0 {
        return 0.0;
    }
    (ln_gamma(freedom / 2.0) - ln_gamma((freedom - 1.0) / 2.0)).exp() / (freedom / 2.0).sqrt()
}
