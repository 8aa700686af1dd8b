//! Confidence intervals of a mean.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A closed interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// Arithmetic mean; `None` for no values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation (divided by n - 1); `None` for fewer than two values.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// Student's interval of the mean: `mean -+ t s / sqrt(n)` with n - 1 degrees of freedom.
///
/// `confidence` lies strictly between 0 and 1. `None` for fewer than two values.
pub fn student_interval(values: &[f64], confidence: f64) -> Option<Interval> {
    let (mean, deviation) = (mean(values)?, standard_deviation(values)?);
    let count = values.len() as f64;
    let half = two_sided_quantile(confidence, count - 1.0)? * deviation / count.sqrt();
    Some(Interval {
        low: mean - half,
        high: mean + half,
    })
}

/// Two-sided p-value of `t` with `freedom` degrees of freedom; `None` if these are not positive.
pub fn two_sided_p(t: f64, freedom: f64) -> Option<f64> {
    student(freedom).map(|student| (2.0 * student.sf(t.abs())).min(1.0))
}

/// The t that a variable of Student's distribution exceeds neither way with probability
/// `confidence`; `None` if `freedom` is not positive.
pub(crate) fn two_sided_quantile(confidence: f64, freedom: f64) -> Option<f64> {
    student(freedom).map(|student| student.inverse_cdf(0.5 + confidence / 2.0))
}

fn student(freedom: f64) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, freedom).ok()
}
