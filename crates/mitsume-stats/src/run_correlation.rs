//! Correlation of kappa and consistency over the epochs of a run, and over runs.

use serde::{Deserialize, Serialize};

use crate::analysis::AnalysisOptions;
use crate::autocorrelation::{effective_epochs, effective_p, lag_1_autocorrelation};
use crate::bootstrap::bootstrap_interval;
use crate::correlation::{pearson, spearman};
use crate::fisher::{FisherMean, fisher_mean, fisher_z};
use crate::interval::{Interval, mean};
use crate::permutation::{shuffle_p, sign_flip_p};
use crate::run::Run;

/// The correlation of kappa and consistency under one condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConditionCorrelation {
    /// The data set.
    pub dataset: String,
    /// The model.
    pub model: String,
    /// lambda_max; `None` if it does not vary between runs.
    pub lambda: Option<f64>,
    /// Number of runs with an r.
    pub runs: usize,
    /// Mean of their Pearson r.
    pub mean_r: f64,
    /// Mean of their Spearman rho.
    pub mean_rho: Option<f64>,
    /// Mean by Fisher's z, with Student's interval over runs.
    pub fisher: Option<FisherMean>,
    /// Bootstrap interval of `mean_r` over runs.
    pub bootstrap: Option<Interval>,
    /// p-value of the sign-flip test of the runs' z. Runs are independent, so this test is valid.
    pub sign_flip_p: Option<f64>,
    /// p-value of the shuffling test of `mean_r`, which assumes exchangeable epochs.
    pub shuffle_p: Option<f64>,
    /// Mean Pearson r of the changes from epoch to epoch: near 0 if the two series only share a
    /// trend.
    pub mean_r_of_changes: Option<f64>,
    /// Mean effective number of epochs of a run.
    pub effective_epochs: Option<f64>,
    /// Correlations of the runs that have both series.
    pub per_run: Vec<RunCorrelation>,
}

/// The correlation over the epochs of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunCorrelation {
    /// The run's name.
    pub run: String,
    /// Its seed, if known.
    pub seed: Option<String>,
    /// Epochs with both kappa and consistency.
    pub epochs: usize,
    /// Pearson's r; `None` for a constant series or fewer than two epochs.
    pub r: Option<f64>,
    /// Spearman's rho.
    pub rho: Option<f64>,
    /// Pearson's r of the changes from epoch to epoch.
    pub r_of_changes: Option<f64>,
    /// Lag-1 autocorrelation of kappa.
    pub kappa_autocorrelation: Option<f64>,
    /// Lag-1 autocorrelation of the consistency.
    pub consistency_autocorrelation: Option<f64>,
    /// Effective number of epochs.
    pub effective_epochs: Option<f64>,
    /// Two-sided p-value of r with the effective number of epochs.
    pub effective_p: Option<f64>,
}

impl RunCorrelation {
    fn new(run: &Run, kappa: &[f64], consistency: &[f64]) -> Self {
        let changes = |values: &[f64]| -> Vec<f64> {
            values.windows(2).map(|pair| pair[1] - pair[0]).collect()
        };
        Self {
            run: run.name.clone(),
            seed: run.seed.clone(),
            epochs: kappa.len(),
            r: pearson(kappa, consistency),
            rho: spearman(kappa, consistency),
            r_of_changes: pearson(&changes(kappa), &changes(consistency)),
            kappa_autocorrelation: lag_1_autocorrelation(kappa),
            consistency_autocorrelation: lag_1_autocorrelation(consistency),
            effective_epochs: effective_epochs(kappa, consistency),
            effective_p: effective_p(kappa, consistency),
        }
    }
}

/// The correlation under the condition that `runs` share; `None` if no run has an r.
pub fn correlate(runs: &[Run], options: &AnalysisOptions) -> Option<ConditionCorrelation> {
    let condition = &runs.first()?.condition;
    let series: Vec<(Vec<f64>, Vec<f64>)> = runs.iter().map(Run::kappa_and_consistency).collect();
    let per_run: Vec<RunCorrelation> = runs
        .iter()
        .zip(&series)
        .filter(|(_, (kappa, _))| !kappa.is_empty())
        .map(|(run, (kappa, consistency))| RunCorrelation::new(run, kappa, consistency))
        .collect();
    let present = |value: fn(&RunCorrelation) -> Option<f64>| -> Vec<f64> {
        per_run.iter().filter_map(value).collect()
    };
    let rs = present(|run| run.r);
    let pairs: Vec<(&[f64], &[f64])> = series.iter().map(|(k, c)| (&k[..], &c[..])).collect();
    let AnalysisOptions {
        confidence,
        resamples,
        seed,
        ..
    } = *options;
    Some(ConditionCorrelation {
        dataset: condition.dataset.clone(),
        model: condition.model.clone(),
        lambda: condition.lambda,
        runs: rs.len(),
        mean_r: mean(&rs)?,
        mean_rho: mean(&present(|run| run.rho)),
        fisher: fisher_mean(&rs, confidence),
        bootstrap: bootstrap_interval(&rs, confidence, resamples, seed),
        sign_flip_p: fisher_z(&rs).and_then(|zs| sign_flip_p(&zs, resamples, seed)),
        shuffle_p: shuffle_p(&pairs, resamples, seed),
        mean_r_of_changes: mean(&present(|run| run.r_of_changes)),
        effective_epochs: mean(&present(|run| run.effective_epochs)),
        per_run,
    })
}
