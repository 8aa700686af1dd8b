//! `[train]`: the keys of the section; what belongs together is resolved in a file of its own.

use mitsume_levels::Precision;
use serde::{Deserialize, Serialize};
use toml::Value;

use super::best::{self, Best, BestConfig};
use super::loss::{self, CrossEntropyConfig};
use super::optimizer::{self, Optimizer, OptimizerConfig};
use super::schedule::{self, PlateauConfig, PlateauKeys, Schedule, ScheduleConfig};
use super::source::ConfigSource;
use crate::{Result, precision_name};

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
    /// As [`Self::learning_rate`], of the last linear layer. Default: the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_learning_rate: Option<f64>,
    /// Seed of all random numbers. Default 0; at most 2^63 - 1, the largest TOML integer.
    pub seed: u64,
    /// Whether training images are shuffled each epoch. Default true.
    pub shuffle: bool,
    /// Precision of the products of a level's convolutions, in training and in the evaluation after
    /// each epoch. Default float32.
    #[serde(with = "precision_name")]
    pub precision: Precision,
    /// How parameters follow their gradients.
    #[serde(flatten)]
    pub optimizer: OptimizerConfig,
    /// The learning rate of each epoch.
    #[serde(flatten)]
    pub schedule: ScheduleConfig,
    /// Which cross-entropy is trained.
    #[serde(flatten)]
    pub cross_entropy: CrossEntropyConfig,
    /// Decay of the moving average of the weights that is evaluated in place of them. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_average: Option<f64>,
    /// The validation images are evaluated after every so many epochs, and after the last. Default 1.
    pub evaluate_every: u64,
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
    head_learning_rate: Option<f64>,
    seed: Option<u64>,
    shuffle: Option<bool>,
    precision: Option<String>,
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
    weight_average: Option<f64>,
    evaluate_every: Option<u64>,
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
    let head_learning_rate = raw
        .head_learning_rate
        .map(|rate| source.range("train.head_learning_rate", rate, 1e-12..=1e3));
    let evaluate_every = raw.evaluate_every.unwrap_or(1);
    Ok(TrainConfig {
        epochs,
        batch_size: source.range("train.batch_size", batch_size, 1..=65_536)? as usize,
        accumulate: source.range("train.accumulate", accumulate, 1..=65_536)? as usize,
        learning_rate,
        head_learning_rate: head_learning_rate.transpose()?,
        seed: raw.seed.unwrap_or(0),
        shuffle: raw.shuffle.unwrap_or(true),
        precision: resolve_precision(raw.precision.as_deref(), source)?,
        optimizer: optimizer::resolve(raw, source)?,
        schedule: schedule::resolve(raw, epochs, learning_rate, source)?,
        cross_entropy: loss::resolve(raw, source)?,
        weight_average: resolve_average(raw.weight_average, source)?,
        evaluate_every: source.range("train.evaluate_every", evaluate_every, 1..=1_000_000)?,
        best: best::resolve(raw, source)?,
        plateau: schedule::resolve_plateau(&raw.plateau, source)?,
    })
}

fn resolve_precision(name: Option<&str>, source: ConfigSource) -> Result<Precision> {
    let precision = name.map_or(Ok(Precision::Float32), str::parse);
    precision.map_err(|error| source.error("train.precision", error.to_string()))
}

fn resolve_average(decay: Option<f64>, source: ConfigSource) -> Result<Option<f64>> {
    match decay {
        Some(decay) if !(decay > 0.0 && decay < 1.0) => {
            let problem = format!(
                "{decay} is out of range; above 0 and below 1, such as 0.99; left out, there is none"
            );
            Err(source.error("train.weight_average", problem))
        }
        decay => Ok(decay),
    }
}
