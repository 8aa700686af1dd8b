//! Epochs put together to runs, and runs to groups.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::epoch::EpochRecord;

/// The condition a run was made under.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The data set.
    pub dataset: String,
    /// The model.
    pub model: String,
    /// lambda_max, where the runs vary it.
    pub lambda: Option<f64>,
}

impl Eq for Condition {}

impl Ord for Condition {
    /// By data set, model, lambda.
    fn cmp(&self, other: &Self) -> Ordering {
        // -0 and 0 are one lambda, and none comes first.
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
    /// The seed, where it is known.
    pub seed: Option<String>,
    /// The condition.
    pub condition: Condition,
    /// Other models that it stands for where lambdas are compared; see
    /// [`EpochRecord::equivalent_models`].
    pub equivalent_models: Vec<String>,
    /// Epochs in order: number, kappa, consistency.
    pub epochs: Vec<(u32, Option<f64>, Option<f64>)>,
}

/// Records that contradict one another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The same epoch of the same run twice.
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
    /// Puts records together, whatever their order. Runs come by condition, then name and seed.
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

    /// Kappa and consistency of the epochs that have both.
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

    /// The largest kappa of all epochs. Chosen on the validation set, so it flatters.
    pub fn best_kappa(&self) -> Option<f64> {
        self.epochs
            .iter()
            .filter_map(|epoch| epoch.1)
            .max_by(f64::total_cmp)
    }

    /// The models it is compared as: its own, and those it stands for.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        let own = std::iter::once(&self.condition.model);
        own.chain(&self.equivalent_models).map(String::as_str)
    }

    /// What pairs runs of different lambda: the seed, or the run's name where it is unknown.
    pub fn pairing(&self) -> &str {
        self.seed.as_deref().unwrap_or(&self.name)
    }
}

/// Runs of one condition after the other, as [`Run::from_records`] orders them.
pub fn by_condition(runs: &[Run]) -> impl Iterator<Item = &[Run]> {
    runs.chunk_by(|a, b| a.condition == b.condition)
}
