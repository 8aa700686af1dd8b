//! Autocorrelation and effective sample size of a run.

use crate::correlation::pearson;
use crate::interval::two_sided_p;

/// The lag-1 autocorrelation `sum (x_t - m)(x_{t+1} - m) / sum (x_t - m)^2`; `None` for a constant
/// series or fewer than two values.
pub fn lag_1_autocorrelation(values: &[f64]) -> Option<f64> {
    let mean = crate::interval::mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    if values.iter().all(|value| *value == values[0]) {
        return None;
    }
    let products: f64 = values
        .windows(2)
        .map(|pair| (pair[0] - mean) * (pair[1] - mean))
        .sum();
    Some(products / squares)
}

/// The effective sample size for the correlation of two autocorrelated series (Bartlett 1935):
/// `n (1 - a b) / (1 + a b)` with `a` and `b` their lag-1 autocorrelations, at most n.
///
/// Exact for first-order autoregressive series; with a trend over all epochs it is still too large.
/// `None` if an autocorrelation is `None`.
pub fn effective_epochs(xs: &[f64], ys: &[f64]) -> Option<f64> {
    let product = lag_1_autocorrelation(xs)? * lag_1_autocorrelation(ys)?;
    let count = xs.len() as f64;
    Some((count * (1.0 - product) / (1.0 + product)).min(count))
}

/// The two-sided p-value of Pearson's r with the effective sample size in place of n: Student's t
/// of `r sqrt((n - 2) / (1 - r^2))`. `None` for two or fewer effective
/// epochs, or without r.
pub fn effective_p(xs: &[f64], ys: &[f64]) -> Option<f64> {
    let (r, freedom) = (pearson(xs, ys)?, effective_epochs(xs, ys)? - 2.0);
    if freedom <= 0.0 {
        return None;
    }
    two_sided_p(r * (freedom / (1.0 - r * r)).sqrt(), freedom)
}
