//! Bootstrap interval of a mean over runs (Efron 1979, percentile interval).

use crate::interval::Interval;
use mitsume_random::RandomStream;

/// Draws `resamples` samples of `values` with replacement and takes the quantiles of their means.
///
/// Quantiles interpolate linearly. `None` for fewer than two values or no resamples. With five or
/// six runs the interval is too narrow (for normal values a nominal 95 % covers about 85 %);
/// compare it with Student's interval.
pub fn bootstrap_interval(
    values: &[f64],
    confidence: f64,
    resamples: usize,
    seed: u64,
) -> Option<Interval> {
    if values.len() < 2 || resamples == 0 {
        return None;
    }
    let mut indices = RandomStream::from_seed(seed);
    let mut means: Vec<f64> = (0..resamples)
        .map(|_| {
            let sum: f64 = values
                .iter()
                .map(|_| values[indices.below(values.len())])
                .sum();
            sum / values.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    Some(Interval {
        low: quantile(&means, tail),
        high: quantile(&means, 1.0 - tail),
    })
}

/// Quantile of sorted values, at least one; NumPy's default definition (linear interpolation).
fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let position = probability * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}
