//! `[slurm]` of `sweep.toml`.

use std::path::Path;

use mitsume_guard::file::read_to_string;
use serde::{Deserialize, Serialize};

use crate::config::MAX_CONFIG_BYTES;
use crate::{Result, SweepError};

/// Resources and options of the tasks. All keys are optional, with the cluster's defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlurmConfig {
    /// `--partition`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// `--time` of a task, such as "2:00:00". A task that needs longer is requeued and resumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// `--mem` of a task, such as "4G".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// `--constraint`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// `--cpus-per-task`, also the threads of a task. Default 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u16>,
    /// Number of tasks at a time. Default: as many as the cluster allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_a_time: Option<u32>,
    /// `--device` of the tasks. Default "cpu".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// More `#SBATCH` options, such as "--account=mylab" or "--gres=gpu:1".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Shell lines before the work, such as "module load rocm".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub setup: Vec<String>,
}

/// A file of which only `[slurm]` is read.
#[derive(Deserialize)]
struct WithSlurm {
    slurm: SlurmConfig,
}

impl SlurmConfig {
    /// Reads `[slurm]` of a TOML file, such as a `sweep.toml`.
    ///
    /// # Errors
    /// [`SweepError::Config`] naming the file and the key.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_to_string(path, MAX_CONFIG_BYTES)
            .map_err(|error| SweepError::config(path, format!("cannot read it: {error}")))?;
        let file: WithSlurm = toml::from_str(&text)
            .map_err(|error| SweepError::config(path, error.to_string().trim_end()))?;
        Ok(file.slurm)
    }
}
