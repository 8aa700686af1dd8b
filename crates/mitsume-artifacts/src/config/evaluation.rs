//! `[evaluation]`.

use serde::{Deserialize, Serialize};

use super::source::ConfigSource;
use crate::Result;

/// `[evaluation]`: measures on the validation images besides the two forms of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EvaluationConfig {
    /// Whether `measures.csv` is written, and all measures are computed at the end. Default true.
    pub measures: bool,
    /// Rows and columns of the common grid onto which maps are averaged. Default 7.
    pub grid: usize,
}

/// The keys of the section in the file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EvaluationKeys {
    measures: Option<bool>,
    grid: Option<u64>,
}

pub(super) fn resolve(raw: &EvaluationKeys, source: ConfigSource) -> Result<EvaluationConfig> {
    let grid = raw.grid.unwrap_or(mitsume::measures::DEFAULT_GRID as u64);
    Ok(EvaluationConfig {
        measures: raw.measures.unwrap_or(true),
        grid: source.range("evaluation.grid", grid, 1..=64)? as usize,
    })
}
