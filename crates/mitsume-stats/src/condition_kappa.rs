//! Final and best kappa of each condition over its seeds.

use serde::{Deserialize, Serialize};

use crate::interval::{self, Interval};
use crate::run::Run;

/// Kappa under one condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConditionKappa {
    /// The data set.
    pub dataset: String,
    /// The model.
    pub model: String,
    /// lambda_max; `None` if it does not vary between runs.
    pub lambda: Option<f64>,
    /// Kappa after the last epoch.
    pub final_kappa: SampleSummary,
    /// Largest kappa of all epochs; selected on the validation set, so biased upwards.
    pub best_kappa: SampleSummary,
}

/// Summary of a value over the runs of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleSummary {
    /// Number of runs that have the value.
    pub runs: usize,
    /// Mean.
    pub mean: f64,
    /// Student's interval of the mean; `None` for a single run.
    pub interval: Option<Interval>,
    /// Sample standard deviation; `None` for a single run.
    pub standard_deviation: Option<f64>,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

impl SampleSummary {
    fn from_values(values: &[f64], confidence: f64) -> Option<Self> {
        Some(Self {
            runs: values.len(),
            mean: interval::mean(values)?,
            interval: interval::student_interval(values, confidence),
            standard_deviation: interval::standard_deviation(values),
            min: values.iter().copied().min_by(f64::total_cmp)?,
            max: values.iter().copied().max_by(f64::total_cmp)?,
        })
    }
}

/// Kappa under the condition that `runs` share; `None` if no run has kappa.
pub fn condition_kappa(runs: &[Run], confidence: f64) -> Option<ConditionKappa> {
    let condition = &runs.first()?.condition;
    let summary = |value: fn(&Run) -> Option<f64>| {
        SampleSummary::from_values(
            &runs.iter().filter_map(value).collect::<Vec<_>>(),
            confidence,
        )
    };
    Some(ConditionKappa {
        dataset: condition.dataset.clone(),
        model: condition.model.clone(),
        lambda: condition.lambda,
        final_kappa: summary(Run::final_kappa)?,
        best_kappa: summary(Run::best_kappa)?,
    })
}
