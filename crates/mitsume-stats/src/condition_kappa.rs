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
    /// lambda_max, where the runs vary it.
    pub lambda: Option<f64>,
    /// After the last epoch.
    pub final_kappa: SampleSummary,
    /// The largest of all epochs; chosen on the validation set, so it flatters.
    pub best_kappa: SampleSummary,
}

/// A value over the runs of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleSummary {
    /// Runs that have the value.
    pub runs: usize,
    /// Its mean.
    pub mean: f64,
    /// Student's interval of the mean; none of a single run.
    pub interval: Option<Interval>,
    /// The sample standard deviation; none of a single run.
    pub standard_deviation: Option<f64>,
    /// The smallest.
    pub min: f64,
    /// The largest.
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

/// Kappa under the condition that `runs` share; none where no run has it.
pub fn condition_kappa(runs: &[Run], confidence: f64) -> Option<ConditionKappa> {
    let condition = &runs.first()?.condition;
    let spread = |value: fn(&Run) -> Option<f64>| {
        SampleSummary::from_values(
            &runs.iter().filter_map(value).collect::<Vec<_>>(),
            confidence,
        )
    };
    Some(ConditionKappa {
        dataset: condition.dataset.clone(),
        model: condition.model.clone(),
        lambda: condition.lambda,
        final_kappa: spread(Run::final_kappa)?,
        best_kappa: spread(Run::best_kappa)?,
    })
}
