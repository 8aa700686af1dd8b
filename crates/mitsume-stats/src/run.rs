//! Groups epochs into runs, and runs by condition.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::epoch::EpochRecord;

/// Data set, model and lambda of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The data set.
    pub dataset: String,
    /// The model.
    pub model: String,
    /// lambda_max; `None` if it does not vary between runs.
    pub lambda: Option<f64>,
}

impl Eq for Condition {}

impl Ord for Condition {
    /// By data set, model, lambda.
    fn cmp(&self, other: &Self) -> Ordering {
        // Adding 0 makes -0 equal to 0; `None` comes first.
        let lambda = |condition: &Self| condition.lambda.map_or(f64::NEG_INFINITY, |l| l + 0.0);
        (&self.dataset, &self.model)
            .cmp(&(&other.dataset, &other.model))
            .then_with(|| lambda(self).total_cmp(&lambda(other)))
    }
}

impl PartialOrd for Condition {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One run under one condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The run's name.
    pub name: String,
    /// The seed, if known.
    pub seed: Option<String>,
    /// The condition.
    pub condition: Condition,
    /// Other models for which the run also counts; see [`EpochRecord::equivalent_models`].
    pub equivalent_models: Vec<String>,
    /// Epochs in order: number, kappa, consistency.
    pub epochs: Vec<(u32, Option<f64>, Option<f64>)>,
}

/// Records that contradict one another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// An epoch of a run occurs twice.
    #[error("run {run}, {dataset}, {model}: epoch {epoch} is there twice")]
    DuplicateEpoch {
        /// The run.
        run: String,
        /// The data set.
        dataset: String,
        /// The model.
        model: String,
        /// The epoch.
        epoch: u32,
    },
}

impl Run {
    /// Groups records, in any order, into runs, sorted by condition, name and seed.
    ///
    /// # Errors
    /// [`RunError::DuplicateEpoch`] if an epoch of a run occurs twice.
    pub fn from_records(records: &[EpochRecord]) -> Result<Vec<Self>, RunError> {
        let mut runs = BTreeMap::new();
        for record in records {
            let condition = Condition {
                dataset: record.dataset.clone(),
                model: record.model.clone(),
                lambda: record.lambda,
            };
            runs.entry((condition, record.run.clone(), record.seed.clone()))
                .or_insert_with(|| (&record.equivalent_models, Vec::new()))
                .1
                .push((record.epoch, record.kappa, record.consistency));
        }
        runs.into_iter()
            .map(
                |((condition, name, seed), (equivalent_models, mut epochs))| {
                    epochs.sort_by_key(|epoch| epoch.0);
                    match epochs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                        Some(pair) => Err(RunError::DuplicateEpoch {
                            run: name,
                            dataset: condition.dataset,
                            model: condition.model,
                            epoch: pair[0].0,
                        }),
                        None => Ok(Self {
                            name,
                            seed,
                            condition,
                            equivalent_models: equivalent_models.clone(),
                            epochs,
                        }),
                    }
                },
            )
            .collect()
    }

    /// Kappa and consistency of all epochs that have both.
    pub fn kappa_and_consistency(&self) -> (Vec<f64>, Vec<f64>) {
        self.epochs
            .iter()
            .filter_map(|&(_, kappa, consistency)| kappa.zip(consistency))
            .unzip()
    }

    /// Kappa after the last epoch that has it.
    pub fn final_kappa(&self) -> Option<f64> {
        self.epochs.iter().rev().find_map(|epoch| epoch.1)
    }

    /// The largest kappa of all epochs; selected on the validation set, so biased upwards.
    pub fn best_kappa(&self) -> Option<f64> {
        self.epochs
            .iter()
            .filter_map(|epoch| epoch.1)
            .max_by(f64::total_cmp)
    }

    /// The models for which the run counts: its own and the equivalent ones.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        let own = std::iter::once(&self.condition.model);
        own.chain(&self.equivalent_models).map(String::as_str)
    }

    /// The key that pairs runs of different lambda: the seed, or the run's name if it is unknown.
    pub fn pairing(&self) -> &str {
        self.seed.as_deref().unwrap_or(&self.name)
    }
}

/// Groups runs, sorted as by [`Run::from_records`], by condition.
pub fn by_condition(runs: &[Run]) -> impl Iterator<Item = &[Run]> {
    runs.chunk_by(|a, b| a.condition == b.condition)
}
