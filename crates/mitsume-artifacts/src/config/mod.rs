//! `run.toml`: the configuration of a training run. Each section has a module with its keys, types,
//! defaults and ranges.

mod augment;
mod best;
mod consistency;
mod data;
mod effect;
mod evaluation;
mod keys;
mod loss;
mod model;
mod optimizer;
mod preprocessing;
mod schedule;
mod source;
mod train;

use std::path::{Path, PathBuf};

use mitsume_guard::file::read_to_string;
use mitsume_levels::Precision;
use serde::{Deserialize, Serialize};

use crate::{Action, ArtifactError, Result, atomic};

pub use augment::Augment;
pub use best::{Best, BestConfig};
pub use consistency::ConsistencyConfig;
pub use data::DataConfig;
pub use evaluation::EvaluationConfig;
pub use loss::{ClassWeights, CrossEntropyConfig};
pub use model::ModelConfig;
pub use optimizer::{Optimizer, OptimizerConfig};
pub use schedule::{PlateauConfig, Schedule, ScheduleConfig};
use source::ConfigSource;
pub use train::TrainConfig;

/// Largest file that is read, in bytes; a configuration has a few hundred.
const MAX_BYTES: u64 = 1 << 20;

/// A complete configuration: defaults filled in, presets resolved, all values valid.
///
/// Relative paths in a file are relative to the current directory, and are absolute here. The text
/// of [`RunConfig::to_toml`] reads back equal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunConfig {
    /// `[data]`
    pub data: DataConfig,
    /// `[model]`
    pub model: ModelConfig,
    /// `[train]`
    pub train: TrainConfig,
    /// `[consistency]`
    pub consistency: ConsistencyConfig,
    /// `[evaluation]`
    pub evaluation: EvaluationConfig,
}

/// The sections, as they stand in the file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Keys {
    data: data::DataKeys,
    model: model::ModelKeys,
    train: train::TrainKeys,
    consistency: consistency::ConsistencyKeys,
    evaluation: evaluation::EvaluationKeys,
}

impl RunConfig {
    /// Reads a configuration file and applies `key=value` settings on top.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file and the key, and how to correct it.
    pub fn read(path: &Path, sets: &[String]) -> Result<Self> {
        let text = read_to_string(path, MAX_BYTES)
            .map_err(|e| ArtifactError::io(Action::Read, path, e))?;
        Self::from_toml_with(&text, path, sets)
    }

    /// Parses a configuration; `path` is only named in errors.
    ///
    /// # Errors
    /// [`ArtifactError`] naming `path` and the key, and how to correct it.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self> {
        Self::from_toml_with(text, path, &[])
    }

    /// As [`RunConfig::from_toml`], with `key=value` settings (`train.epochs=3`) on top.
    ///
    /// A value is TOML; a bare word is a string, and so is any value of a path. Setting
    /// `consistency.preset` resets distance, reference and alpha to that preset, `model.name`
    /// dropout to that level's default, and `train.optimizer` weight decay to that optimiser's,
    /// unless they are set as well.
    ///
    /// # Errors
    /// As [`RunConfig::from_toml`].
    pub fn from_toml_with(text: &str, path: &Path, sets: &[String]) -> Result<Self> {
        let mut table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            ArtifactError::malformed(path, format!("no TOML: {}", e.to_string().trim_end()))
        })?;
        keys::check(&table, path)?;
        keys::apply(&mut table, sets)?;
        Self::from_table(table, path)
    }

    /// This configuration with one more `key=value` setting.
    ///
    /// # Errors
    /// As [`RunConfig::from_toml`].
    pub fn with_set(&self, set: &str) -> Result<Self> {
        Self::from_toml_with(&self.to_toml()?, Path::new("--set"), &[set.to_owned()])
    }

    /// The configuration as a file that reads back equal.
    ///
    /// # Errors
    /// [`ArtifactError::Config`] for a path that is not UTF-8, which TOML cannot express.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| ArtifactError::Config {
            path: PathBuf::from("config.toml"),
            key: "data, model".to_owned(),
            problem: format!("{e}; paths must be UTF-8"),
        })
    }

    /// Writes the configuration to `path`.
    ///
    /// # Errors
    /// As [`RunConfig::to_toml`], or [`ArtifactError::Io`].
    pub fn write(&self, path: &Path) -> Result<()> {
        atomic::write_atomic(path, self.to_toml()?.as_bytes())
    }

    /// Types, defaults, presets and ranges of a table whose keys are known.
    fn from_table(table: toml::Table, path: &Path) -> Result<Self> {
        let source = ConfigSource(path);
        let keys: Keys = source.typed(toml::Value::Table(table), "")?;
        let channels = keys.model.default_channels();
        let config = Self {
            data: data::resolve(keys.data, channels, source)?,
            model: model::resolve(keys.model, source)?,
            train: train::resolve(&keys.train, source)?,
            consistency: consistency::resolve(&keys.consistency, source)?,
            evaluation: evaluation::resolve(&keys.evaluation, source)?,
        };
        match config.model.level() {
            Some(level) => {
                let head = level.head();
                let fits = config.consistency.method.check_head(head.is_gap_linear());
                fits.map_err(|error| source.error("consistency.method", error.to_string()))?;
            }
            None if config.train.precision != Precision::Float32 => {
                let problem = format!(
                    "{} is for level1 to level5: ONNX files are trained in float32",
                    config.train.precision
                );
                return Err(source.error("train.precision", problem));
            }
            None if config.data.preprocessing.is_none() => {
                let problem = "missing; how the ONNX file's images are prepared: preset = \"imagenet\" \
                               or \"levels\", or mean and std";
                return Err(source.error("data.preprocessing", problem));
            }
            None => {}
        }
        Ok(config)
    }
}
