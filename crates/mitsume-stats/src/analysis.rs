//! The whole analysis.

use serde::{Deserialize, Serialize};

use crate::condition_kappa::{ConditionKappa, condition_kappa};
use crate::epoch::EpochRecord;
use crate::interval::mean;
use crate::lambdas::{DuplicateSeed, LambdaComparison, compare_lambdas};
use crate::run::{Run, RunError, by_condition};
use crate::run_correlation::{ConditionCorrelation, correlate};

/// Options of the analysis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnalysisOptions {
    /// Confidence of all intervals, strictly between 0 and 1.
    pub confidence: f64,
    /// Number of resamples of the bootstrap and of permutation tests.
    pub resamples: usize,
    /// Seed of the resampling.
    pub seed: u64,
    /// The lambda that others are compared with.
    pub baseline: f64,
}

impl Default for AnalysisOptions {
    fn default() -> Self {
        Self {
            confidence: 0.95,
            resamples: 9_999,
            seed: 0,
            baseline: 0.0,
        }
    }
}

/// Result of the analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// Confidence of all intervals.
    pub confidence: f64,
    /// Correlation of kappa and consistency, by data set, model and lambda.
    pub correlations: Vec<ConditionCorrelation>,
    /// Kappa over seeds, in the order of data set, model and lambda.
    #[serde(rename = "cells")]
    pub condition_kappas: Vec<ConditionKappa>,
    /// Comparison of every lambda with the baseline.
    pub lambdas: Vec<LambdaComparison>,
    /// Limitations of the data.
    pub cautions: Vec<Caution>,
}

/// A limitation of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Caution {
    /// Runs without kappa are left out.
    NoKappa {
        /// Number of runs without kappa.
        without: usize,
        /// Number of all runs.
        runs: usize,
    },
    /// Epochs of a run are autocorrelated: p-values of tests that take them as independent are too
    /// small.
    Autocorrelated {
        /// Mean number of epochs of a run.
        epochs: f64,
        /// Mean number of effective epochs of a run.
        effective: f64,
        /// Smallest number of effective epochs of a condition.
        least: f64,
        /// That condition's data set.
        dataset: String,
        /// Its model.
        model: String,
    },
    /// Number of correlations that rest on a single run.
    SingleRun(usize),
    /// Lambda varies, but no run has the baseline.
    NoBaseline(f64),
    /// Number of comparisons of lambdas that rest on a single seed.
    SingleSeed(usize),
}

/// Records or options that cannot be analysed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnalysisError {
    /// Contradictory records.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Two runs with the same seed.
    #[error(transparent)]
    Seed(#[from] DuplicateSeed),
    /// A confidence outside (0, 1).
    #[error("confidence {0}; it must lie between 0 and 1, such as 0.95")]
    Confidence(f64),
}

/// Analyses the epochs of all runs. The order of the records does not matter.
///
/// # Errors
/// Contradictory records, two runs with the same seed, or a confidence outside (0, 1).
pub fn analyze(
    records: &[EpochRecord],
    options: &AnalysisOptions,
) -> Result<Analysis, AnalysisError> {
    if !(options.confidence > 0.0 && options.confidence < 1.0) {
        return Err(AnalysisError::Confidence(options.confidence));
    }
    let runs = Run::from_records(records)?;
    let correlations: Vec<_> = by_condition(&runs)
        .filter_map(|runs| correlate(runs, options))
        .collect();
    let lambdas = compare_lambdas(&runs, options)?;
    Ok(Analysis {
        confidence: options.confidence,
        condition_kappas: by_condition(&runs)
            .filter_map(|runs| condition_kappa(runs, options.confidence))
            .collect(),
        cautions: cautions(&runs, &correlations, &lambdas, options),
        correlations,
        lambdas,
    })
}

fn cautions(
    runs: &[Run],
    correlations: &[ConditionCorrelation],
    lambdas: &[LambdaComparison],
    options: &AnalysisOptions,
) -> Vec<Caution> {
    let mut cautions = Vec::new();
    let without = runs
        .iter()
        .filter(|run| run.final_kappa().is_none())
        .count();
    if without > 0 {
        let runs = runs.len();
        cautions.push(Caution::NoKappa { without, runs });
    }
    cautions.extend(autocorrelated(correlations));
    let single = correlations
        .iter()
        .filter(|correlation| correlation.runs < 2)
        .count();
    if single > 0 {
        cautions.push(Caution::SingleRun(single));
    }
    let varied = runs
        .iter()
        .any(|run| run.condition.lambda.is_some_and(|l| l != options.baseline));
    if varied && lambdas.is_empty() {
        cautions.push(Caution::NoBaseline(options.baseline));
    }
    let unpaired = lambdas
        .iter()
        .filter(|one| one.model.is_some() && one.final_kappa.pairs < 2)
        .count();
    if unpaired > 0 {
        cautions.push(Caution::SingleSeed(unpaired));
    }
    cautions
}

fn autocorrelated(correlations: &[ConditionCorrelation]) -> Option<Caution> {
    let runs = || {
        let all = correlations
            .iter()
            .flat_map(|correlation| &correlation.per_run);
        all.filter_map(|run| Some((run.epochs as f64, run.effective_epochs?)))
    };
    let epochs = mean(&runs().map(|run| run.0).collect::<Vec<_>>())?;
    let effective = mean(&runs().map(|run| run.1).collect::<Vec<_>>())?;
    let (least, worst) = correlations
        .iter()
        .filter_map(|correlation| Some((correlation.effective_epochs?, correlation)))
        .min_by(|a, b| a.0.total_cmp(&b.0))?;
    (least < 0.9 * epochs).then(|| Caution::Autocorrelated {
        epochs,
        effective,
        least,
        dataset: worst.dataset.clone(),
        model: worst.model.clone(),
    })
}
