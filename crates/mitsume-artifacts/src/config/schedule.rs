//! The learning rate's keys of `[train]`, and `[train.plateau]`.

use serde::{Deserialize, Serialize};

use super::source::ConfigSource;
use super::train::TrainKeys;
use crate::Result;

/// How the learning rate changes from epoch to epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Lowered when the validation loss stops falling: `ReduceLROnPlateau`.
    #[default]
    Plateau,
    /// Half a cosine from `learning_rate` to `min_learning_rate`: `CosineAnnealingLR`.
    Cosine,
    /// Multiplied by `gamma` every `step_size` epochs: `StepLR`.
    Step,
    /// As it is.
    Constant,
}

/// The learning rate of each epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScheduleConfig {
    /// Default `plateau`.
    #[serde(rename = "schedule")]
    pub kind: Schedule,
    /// Epochs in which the learning rate rises linearly, before the schedule begins. Default 0.
    pub warmup_epochs: u64,
    /// Epochs between two steps of `step`, which requires it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_size: Option<u64>,
    /// The factor of `step`. Default 0.1.
    pub gamma: f64,
    /// The end of `cosine`. Default 0.
    pub min_learning_rate: f64,
}

/// `[train.plateau]`: reduces the learning rate when the validation loss stops falling.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PlateauConfig {
    /// Factor by which the learning rate is multiplied. Default 0.1.
    pub factor: f64,
    /// Number of epochs without improvement before that. Default 5.
    pub patience: u64,
}

/// The keys of `[train.plateau]`, in the file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PlateauKeys {
    factor: Option<f64>,
    patience: Option<u64>,
}

/// - `epochs`, `learning_rate`: of the same section, resolved.
pub(super) fn resolve(
    raw: &TrainKeys,
    epochs: u64,
    learning_rate: f64,
    source: ConfigSource,
) -> Result<ScheduleConfig> {
    let kind = raw.schedule.unwrap_or_default();
    let warmup_epochs = raw.warmup_epochs.unwrap_or(0);
    if warmup_epochs >= epochs {
        let problem = format!("{warmup_epochs} is out of range; below train.epochs, {epochs}");
        return Err(source.error("train.warmup_epochs", problem));
    }
    let step_size = raw
        .step_size
        .map(|size| source.range("train.step_size", size, 1..=1_000_000))
        .transpose()?;
    if kind == Schedule::Step && step_size.is_none() {
        let problem = "missing; name the epochs after which train.schedule = \"step\" multiplies \
                       the learning rate by train.gamma";
        return Err(source.error("train.step_size", problem));
    }
    let gamma = raw.gamma.unwrap_or(0.1);
    if !(gamma > 0.0 && gamma <= 1.0) {
        let problem = format!("{gamma} is out of range; above 0, up to 1");
        return Err(source.error("train.gamma", problem));
    }
    let lowest = raw.min_learning_rate.unwrap_or(0.0);
    if !(0.0..=learning_rate).contains(&lowest) {
        let problem =
            format!("{lowest} is out of range; 0 to train.learning_rate, {learning_rate}");
        return Err(source.error("train.min_learning_rate", problem));
    }
    Ok(ScheduleConfig {
        kind,
        warmup_epochs,
        step_size,
        gamma,
        min_learning_rate: lowest,
    })
}

pub(super) fn resolve_plateau(raw: &PlateauKeys, source: ConfigSource) -> Result<PlateauConfig> {
    let patience = raw.patience.unwrap_or(5);
    let factor = raw.factor.unwrap_or(0.1);
    if !(factor > 0.0 && factor < 1.0) {
        let problem = format!("{factor} is out of range; above 0 and below 1");
        return Err(source.error("train.plateau.factor", problem));
    }
    Ok(PlateauConfig {
        factor,
        patience: source.range("train.plateau.patience", patience, 0..=1_000_000)?,
    })
}

impl ScheduleConfig {
    /// Dotted keys that have no effect.
    pub(super) fn keys_without_effect(&self) -> Vec<&'static str> {
        let mut keys = Vec::new();
        if self.kind != Schedule::Plateau {
            keys.extend(["train.plateau.factor", "train.plateau.patience"]);
        }
        if self.kind != Schedule::Cosine {
            keys.push("train.min_learning_rate");
        }
        if self.kind != Schedule::Step {
            keys.extend(["train.step_size", "train.gamma"]);
        }
        keys
    }
}
