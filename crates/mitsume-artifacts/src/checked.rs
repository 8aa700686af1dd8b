//! Records whose values are checked when they are read and before they are written.

use std::path::Path;

use mitsume::trust::MeanSurroundings;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::environment::{read_json, write_json};
use crate::{ArtifactError, DataSummary, Result};

/// A record with values that can contradict each other.
pub(crate) trait Checked {
    /// The first inconsistent or invalid value, if any.
    fn problem(&self) -> Option<String>;
}

/// Reads a JSON file as [`read_json`], and checks it.
pub(crate) fn read_checked<T: DeserializeOwned + Checked>(path: &Path) -> Result<T> {
    let value: T = read_json(path)?;
    match value.problem() {
        Some(problem) => Err(ArtifactError::malformed(path, problem)),
        None => Ok(value),
    }
}

/// Checks a record and writes it as [`write_json`].
pub(crate) fn write_checked<T: Serialize + Checked>(path: &Path, value: &T) -> Result<()> {
    match value.problem() {
        Some(problem) => Err(ArtifactError::malformed(path, problem)),
        None => write_json(path, value),
    }
}

/// The problem of a value outside [0, 1]; NaN is outside.
pub(crate) fn fraction_problem(name: &str, value: Option<f64>) -> Option<String> {
    let value = value.filter(|value| !(0.0..=1.0).contains(value))?;
    Some(format!("{name}: {value} is not in [0, 1]"))
}

/// The problem of a deviation that is negative or not finite.
pub(crate) fn deviation_problem(name: &str, value: Option<f64>) -> Option<String> {
    let value = value.filter(|value| !(value.is_finite() && *value >= 0.0))?;
    Some(format!(
        "{name}: {value} is no deviation; finite and >= 0 would be"
    ))
}

/// The problem of shares of border or background outside [0, 1].
pub(crate) fn surroundings_problem(name: &str, found: Option<MeanSurroundings>) -> Option<String> {
    let found = found?;
    let regions = [("border", found.border), ("background", found.background)];
    let shares = regions.map(|(name, region)| [(name, region.mass), (name, region.area)]);
    let mut shares = shares.into_iter().flatten();
    shares.find_map(|(region, share)| fraction_problem(&format!("{name}.{region}"), Some(share)))
}

/// The problem of the transform that images were shown with.
pub(crate) fn transform_problem(data: &DataSummary) -> Option<String> {
    let shown = data.transform.as_ref()?;
    let error = shown.transform.validate(shown.size).err()?;
    Some(format!("data.view: {error}"))
}
