//! `[train]`: the keys of the section; what belongs together is resolved in a file of its own.

use serde::{Deserialize, Serialize};
use toml::Value;

use super::best::{self, Best, BestConfig};
use super::loss::{self, CrossEntropyConfig};
use super::optimizer::{self, Optimizer, OptimizerConfig};
use super::schedule::{self, PlateauConfig, PlateauKeys, Schedule, ScheduleConfig};
use super::source::ConfigSource;
use crate::Result;

/// `[train]`: optimisation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainConfig {
    /// Number of epochs. Default 20.
    pub epochs: u64,
    /// Images per batch. Default 32.
    pub batch_size: usize,
    /// Batches whose gradients are summed into one step. Default 1.
    pub accumulate: usize,
    /// Initial learning rate, after the warm-up if there is one. Default 1e-4.
    pub learning_rate: f64,
    /// Seed of all random numbers. Default 0; at most 2^63 - 1, the largest TOML integer.
    pub seed: u64,
    /// Whether training images are shuffled each epoch. Default true.
    pub shuffle: bool,
    /// How parameters follow their gradients.
    #[serde(flatten)]
    pub optimizer: OptimizerConfig,
    /// The learning rate of each epoch.
    #[serde(flatten)]
    pub schedule: ScheduleConfig,
    /// Which cross-entropy is trained.
    #[serde(flatten)]
    pub cross_entropy: CrossEntropyConfig,
    /// Which epoch is the best.
    #[serde(flatten)]
    pub best: BestConfig,
    /// `[train.plateau]`
    pub plateau: PlateauConfig,
}

/// The keys of the section in the file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TrainKeys {
    epochs: Option<u64>,
    batch_size: Option<u64>,
    accumulate: Option<u64>,
    learning_rate: Option<f64>,
    seed: Option<u64>,
    shuffle: Option<bool>,
    pub(super) optimizer: Option<Optimizer>,
    pub(super) momentum: Option<f64>,
    pub(super) nesterov: Option<bool>,
    pub(super) weight_decay: Option<f64>,
    pub(super) decay_norms_and_biases: Option<bool>,
    pub(super) clip_norm: Option<f64>,
    pub(super) schedule: Option<Schedule>,
    pub(super) warmup_epochs: Option<u64>,
    pub(super) step_size: Option<u64>,
    pub(super) gamma: Option<f64>,
    pub(super) min_learning_rate: Option<f64>,
    pub(super) label_smoothing: Option<f64>,
    pub(super) class_weights: Option<Value>,
    pub(super) best: Option<Best>,
    pub(super) early_stopping: Option<u64>,
    pub(super) plateau: PlateauKeys,
}

pub(super) fn resolve(raw: &TrainKeys, source: ConfigSource) -> Result<TrainConfig> {
    let batch_size = raw.batch_size.unwrap_or(32);
    let accumulate = raw.accumulate.unwrap_or(1);
    let epochs = source.range("train.epochs", raw.epochs.unwrap_or(20), 1..=1_000_000)?;
    let learning_rate = raw.learning_rate.unwrap_or(1e-4);
    let learning_rate = source.range("train.learning_rate", learning_rate, 1e-12..=1e3)?;
    Ok(TrainConfig {
        epochs,
        batch_size: source.range("train.batch_size", batch_size, 1..=65_536)? as usize,
        accumulate: source.range("train.accumulate", accumulate, 1..=65_536)? as usize,
        learning_rate,
        seed: raw.seed.unwrap_or(0),
        shuffle: raw.shuffle.unwrap_or(true),
        optimizer: optimizer::resolve(raw, source)?,
        schedule: schedule::resolve(raw, epochs, learning_rate, source)?,
        cross_entropy: loss::resolve(raw, source)?,
        best: best::resolve(raw, source)?,
        plateau: schedule::resolve_plateau(&raw.plateau, source)?,
    })
}
