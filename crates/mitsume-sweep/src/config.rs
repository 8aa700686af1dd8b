//! `sweep.toml`: the grid of runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mitsume_guard::file::read_to_string;
use mitsume_nn::Level;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::slurm::SlurmConfig;
use crate::{Result, SweepError};

/// Largest file that is read, in bytes; a grid of a hundred seeds and values has a few thousand.
pub(crate) const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// A grid of runs. Every combination of `data`, `models`, `lambdas`, `seeds` and the values in
/// `grid` is one run; `run` has the keys of `run.toml` that all runs share.
///
/// ```toml
/// models = ["level1", "level2"]
/// lambdas = [0, 50]                      # consistency.lambda_max; default [0]
/// seeds = [0, 1, 2]                      # train.seed; default [0]
/// [data.brain]
/// train = "brain/Training"
/// valid = "brain/Testing"
/// [grid]
/// "consistency.alpha" = ["full", "detached"]
/// [run.train]
/// epochs = 20
/// [slurm]
/// partition = "gpu"
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepConfig {
    /// `model.name` of the runs: levels or ONNX files, which are relative to the current directory when
    /// the sweep is read. Required.
    pub models: Vec<String>,
    /// `consistency.lambda_max` of the runs. Default `[0]`.
    #[serde(default = "zero_lambda")]
    pub lambdas: Vec<f64>,
    /// `train.seed` of the runs. Default `[0]`.
    #[serde(default = "zero_seed")]
    pub seeds: Vec<u64>,
    /// The data sets by name, as shown in tables. At least one.
    pub data: BTreeMap<String, DataSet>,
    /// Other keys of `run.toml`, each with the list of its values.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub grid: Table,
    /// Keys of `run.toml` that all runs share.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub run: Table,
    /// Settings of the Slurm jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slurm: Option<SlurmConfig>,
}

/// A data set of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSet {
    /// The folder of training images.
    pub train: PathBuf,
    /// The folder of validation images.
    pub valid: PathBuf,
    /// `data.removed_share` of its runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_share: Option<f64>,
    /// `data.removed_by` of its runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_by: Option<String>,
}

/// Whether a model is a file; levels are known by name.
fn is_file(model: &str) -> bool {
    model.parse::<Level>().is_err() && Path::new(model).extension().is_some()
}

fn zero_lambda() -> Vec<f64> {
    vec![0.0]
}

fn zero_seed() -> Vec<u64> {
    vec![0]
}

impl SweepConfig {
    /// Reads `sweep.toml`. Relative folders are relative to the current directory.
    ///
    /// # Errors
    /// [`SweepError`] naming the file and the key.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_to_string(path, MAX_CONFIG_BYTES)
            .map_err(|error| SweepError::config(path, format!("cannot read it: {error}")))?;
        Self::from_toml(&text, path)
    }

    /// Parses a sweep; `path` is only named in errors.
    ///
    /// # Errors
    /// As [`SweepConfig::read`].
    pub fn from_toml(text: &str, path: &Path) -> Result<Self> {
        let mut config: Self = toml::from_str(text)
            .map_err(|error| SweepError::config(path, error.to_string().trim_end()))?;
        config.refuse_empty(path)?;
        for model in config.models.iter_mut().filter(|model| is_file(model)) {
            let absolute = std::path::absolute(&*model)
                .map_err(|error| SweepError::config(path, format!("models: {error}")))?;
            // A model that is not UTF-8 is refused with the run that trains it.
            *model = absolute.to_string_lossy().into_owned();
        }
        for set in config.data.values_mut() {
            for folder in [&mut set.train, &mut set.valid] {
                *folder = std::path::absolute(&*folder)
                    .map_err(|error| SweepError::config(path, format!("[data]: {error}")))?;
            }
        }
        Ok(config)
    }

    /// The sweep as a file that reads back equal.
    ///
    /// # Errors
    /// A folder whose name is not UTF-8.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|error| {
            SweepError::Request(format!("the sweep cannot be written as TOML: {error}"))
        })
    }

    /// Sets a key that all runs share: `train.epochs=3`. A value is TOML; a bare word is a string.
    ///
    /// # Errors
    /// Text of another form, or a value where the key needs a section. Unknown keys are reported by
    /// [`SweepConfig::cells`].
    pub fn set(&mut self, set: &str) -> Result<()> {
        let error = |problem: &str| SweepError::Request(format!("--set {set}: {problem}"));
        let (key, text) = set
            .split_once('=')
            .ok_or_else(|| error("write key=value, for example train.epochs=3"))?;
        let parsed = format!("value = {}", text.trim()).parse::<Table>().ok();
        let value = parsed
            .filter(|table| table.len() == 1)
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| Value::String(text.trim().to_owned()));
        let mut parts: Vec<&str> = key.trim().split('.').collect();
        let last = parts.pop().unwrap_or_default();
        let mut table = &mut self.run;
        for part in parts {
            let section = table.entry(part).or_insert_with(|| Table::new().into());
            table = section
                .as_table_mut()
                .ok_or_else(|| error("a value stands where this key needs a section"))?;
        }
        table.insert(last.to_owned(), value);
        Ok(())
    }

    fn refuse_empty(&self, path: &Path) -> Result<()> {
        let missing = [
            ("models", self.models.is_empty(), "[\"level2\"]"),
            ("lambdas", self.lambdas.is_empty(), "[0, 50]"),
            ("seeds", self.seeds.is_empty(), "[0, 1, 2]"),
            (
                "data",
                self.data.is_empty(),
                "a section [data.NAME] with train and valid",
            ),
        ];
        match missing.iter().find(|(_, empty, _)| *empty) {
            Some((key, _, example)) => {
                let problem = format!("{key}: empty; write {example}");
                Err(SweepError::config(path, problem))
            }
            None => Ok(()),
        }
    }
}
