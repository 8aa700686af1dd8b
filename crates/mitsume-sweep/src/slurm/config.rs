//! `[slurm]` of `sweep.toml`.

use serde::{Deserialize, Serialize};

/// What the tasks ask the cluster for. All keys are optional; what is left out is the cluster's
/// default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlurmConfig {
    /// `--partition`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// `--time` of a task, such as "2:00:00". A task that needs longer goes on after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// `--mem` of a task, such as "4G".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// `--constraint`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// `--cpus-per-task`, and the threads of a task. Default 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u16>,
    /// Tasks at a time. Default: as many as the cluster gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_a_time: Option<u32>,
    /// The device of the tasks, as `--device` names it. Default "cpu".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// More `#SBATCH` options, such as "--account=mylab" or "--gres=gpu:1".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Shell lines before the work, such as "module load rocm".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub setup: Vec<String>,
}
