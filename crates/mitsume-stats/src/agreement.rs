//! Do two quantities order runs alike? Kendall's tau-b [Kendall 1945] over the pairs of runs of one
//! stratum.
//!
//! Runs are compared within strata only (one data set and model), so that what a model shifts in
//! both quantities is not taken for agreement. Over the pairs of all strata together
//!
//! ```text
//! tau = (concordant - discordant) / sqrt(pairs not tied in x * pairs not tied in y)
//! ```
//!
//! With a single stratum that is SciPy's `kendalltau`.

use mitsume_random::RandomStream;
use serde::{Deserialize, Serialize};

use crate::bootstrap::percentile_interval;
use crate::interval::Interval;

/// Fewer runs are not compared.
pub const MIN_RUNS: usize = 5;
/// No more draws than these are made, however many are asked for: the quantiles of 2000 are known to
/// a few thousandths of tau.
pub const MAX_RESAMPLES: usize = 2000;

/// The values of one stratum by run, each by quantity; `None` where a run has none.
pub type Stratum = Vec<Vec<Option<f64>>>;

/// How two quantities agree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Kendall's tau-b within strata, in [-1, 1]; `None` for a reason.
    pub tau: Option<f64>,
    /// Its percentile interval: runs are drawn with replacement within their stratum.
    pub interval: Option<Interval>,
    /// Runs with both quantities, in strata with two or more of them.
    pub runs: usize,
    /// Pairs of these runs, within strata.
    pub pairs: usize,
    /// Why there is no tau.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<NoAgreement>,
}

/// Why two quantities are not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoAgreement {
    /// Fewer than [`MIN_RUNS`] runs.
    TooFewRuns,
    /// One of them is the same for all runs of a stratum.
    Constant,
}

/// Draws of the intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgreementOptions {
    /// Confidence level, strictly between 0 and 1.
    pub confidence: f64,
    /// Bootstrap samples, at most [`MAX_RESAMPLES`]; 0 for no interval.
    pub resamples: usize,
    /// Seed of the samples.
    pub seed: u64,
}

/// The agreement of each of `pairs` of quantities, indices into the values of a run.
///
/// # Panics
/// If an index is out of range for a run.
pub fn agreements(
    strata: &[Stratum],
    pairs: &[(usize, usize)],
    options: AgreementOptions,
) -> Vec<Agreement> {
    let layout = Layout::new(strata);
    let compared: Vec<Compared> = pairs
        .iter()
        .map(|&pair| Compared::new(strata, &layout, pair))
        .collect();
    let mut drawn: Vec<Vec<f64>> = vec![Vec::new(); compared.len()];
    let resamples = options.resamples.min(MAX_RESAMPLES);
    for resample in 0..resamples {
        let weights = layout.draw(options.seed, resample as u64);
        for (compared, drawn) in compared.iter().zip(&mut drawn) {
            drawn.extend(compared.tau(&weights));
        }
    }
    let ones = vec![1; layout.pairs.len()];
    let finished = compared.iter().zip(drawn);
    finished
        .map(|(compared, mut drawn)| {
            let tau = compared.tau(&ones);
            let reason = match tau {
                _ if compared.runs < MIN_RUNS => Some(NoAgreement::TooFewRuns),
                None => Some(NoAgreement::Constant),
                Some(_) => None,
            };
            // Where most samples hold one value only, those that do not are no picture of the spread.
            let enough = 2 * drawn.len() > resamples && reason.is_none();
            Agreement {
                tau: tau.filter(|_| reason.is_none()),
                interval: enough
                    .then(|| percentile_interval(&mut drawn, options.confidence))
                    .flatten(),
                runs: compared.runs,
                pairs: compared.pairs,
                reason,
            }
        })
        .collect()
}

/// The runs of all strata, numbered through, and their pairs.
struct Layout {
    /// Number of runs of each stratum.
    sizes: Vec<usize>,
    /// Pairs of runs of one stratum.
    pairs: Vec<(usize, usize)>,
}

impl Layout {
    fn new(strata: &[Stratum]) -> Self {
        let sizes: Vec<usize> = strata.iter().map(Vec::len).collect();
        let mut pairs = Vec::new();
        let mut first = 0;
        for size in &sizes {
            for i in first..first + size {
                pairs.extend((i + 1..first + size).map(|j| (i, j)));
            }
            first += size;
        }
        Self { sizes, pairs }
    }

    /// How often each pair is in a bootstrap sample. Two copies of one run are a pair that is tied
    /// in both quantities, which counts nowhere.
    fn draw(&self, seed: u64, resample: u64) -> Vec<i64> {
        let mut stream = RandomStream::from_seed_and_number(seed, resample);
        let mut times: Vec<i64> = Vec::new();
        for &size in &self.sizes {
            let first = times.len();
            times.resize(first + size, 0);
            for _ in 0..size {
                times[first + stream.below(size)] += 1;
            }
        }
        let pairs = self.pairs.iter();
        pairs.map(|&(i, j)| times[i] * times[j]).collect()
    }
}

/// Two quantities over all pairs of runs.
struct Compared {
    /// For each pair the order of both runs in x and in y: -1, 0 or 1; 0 and 0 where a value is
    /// missing.
    orders: Vec<(i64, i64)>,
    runs: usize,
    pairs: usize,
}

impl Compared {
    fn new(strata: &[Stratum], layout: &Layout, (a, b): (usize, usize)) -> Self {
        let all: Vec<Option<(f64, f64)>> = strata
            .iter()
            .flatten()
            .map(|run| run[a].zip(run[b]))
            .map(|both| both.filter(|(x, y)| x.is_finite() && y.is_finite()))
            .collect();
        let mut pairs = 0;
        let mut order = |&(i, j): &(usize, usize)| match (all[i], all[j]) {
            (Some((x, y)), Some((other_x, other_y))) => {
                pairs += 1;
                (order(x, other_x), order(y, other_y))
            }
            _ => (0, 0),
        };
        let orders = layout.pairs.iter().map(&mut order).collect();
        let mut first = 0;
        let mut runs = 0;
        for size in &layout.sizes {
            let own = all[first..first + size].iter().flatten().count();
            runs += if own > 1 { own } else { 0 };
            first += size;
        }
        Self {
            orders,
            runs,
            pairs,
        }
    }

    /// tau, each pair counted `weights` times; `None` if x or y is tied in every pair.
    fn tau(&self, weights: &[i64]) -> Option<f64> {
        let (mut concordant, mut in_x, mut in_y) = (0, 0, 0);
        for (&(x, y), weight) in self.orders.iter().zip(weights) {
            concordant += weight * x * y;
            in_x += weight * x * x;
            in_y += weight * y * y;
        }
        (in_x > 0 && in_y > 0)
            .then(|| concordant as f64 / (in_x as f64 * in_y as f64).sqrt())
            .map(|tau| tau.clamp(-1.0, 1.0))
    }
}

fn order(a: f64, b: f64) -> i64 {
    i64::from(a < b) - i64::from(a > b)
}
