//! `[train]` and `[train.plateau]`.

use serde::{Deserialize, Serialize};

use super::source::ConfigSource;
use crate::Result;

/// `[train]`: optimisation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainConfig {
    /// Number of epochs. Default 20.
    pub epochs: u64,
    /// Images per batch. Default 32.
    pub batch_size: usize,
    /// Initial learning rate of Adam. Default 1e-4.
    pub learning_rate: f64,
    /// Seed of all random numbers. Default 0; at most 2^63 - 1, the largest TOML integer.
    pub seed: u64,
    /// Whether training images are shuffled each epoch. Default true.
    pub shuffle: bool,
    /// `[train.plateau]`
    pub plateau: PlateauConfig,
}

/// `[train.plateau]`: reduces the learning rate when the validation loss stops falling.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PlateauConfig {
    /// Factor by which the learning rate is multiplied. Default 0.1.
    pub factor: f64,
    /// Number of epochs without improvement before that. Default 5.
    pub patience: u64,
}

/// The keys of the section in the file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TrainKeys {
    epochs: Option<u64>,
    batch_size: Option<u64>,
    learning_rate: Option<f64>,
    seed: Option<u64>,
    shuffle: Option<bool>,
    plateau: PlateauKeys,
}

/// The keys of the section in the file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PlateauKeys {
    factor: Option<f64>,
    patience: Option<u64>,
}

pub(super) fn resolve(raw: &TrainKeys, source: ConfigSource) -> Result<TrainConfig> {
    let batch_size = raw.batch_size.unwrap_or(32);
    let patience = raw.plateau.patience.unwrap_or(5);
    let factor = raw.plateau.factor.unwrap_or(0.1);
    if !(factor > 0.0 && factor < 1.0) {
        let problem = format!("{factor} is out of range; above 0 and below 1");
        return Err(source.error("train.plateau.factor", problem));
    }
    Ok(TrainConfig {
        epochs: source.range("train.epochs", raw.epochs.unwrap_or(20), 1..=1_000_000)?,
        batch_size: source.range("train.batch_size", batch_size, 1..=65_536)? as usize,
        learning_rate: source.range(
            "train.learning_rate",
            raw.learning_rate.unwrap_or(1e-4),
            1e-12..=1e3,
        )?,
        seed: raw.seed.unwrap_or(0),
        shuffle: raw.shuffle.unwrap_or(true),
        plateau: PlateauConfig {
            factor,
            patience: source.range("train.plateau.patience", patience, 0..=1_000_000)?,
        },
    })
}
