//! The weights a run begins with, where it does not begin with new ones.

use std::fs::File;
use std::path::Path;

use mitsume_artifacts::{Environment, RunConfig};
use sha2::{Digest, Sha256};

use crate::{EngineError, Event, Observer, Result};

/// SHA-256 of the file `model.init` names, in hexadecimal; none where it names none.
pub(super) fn sha256(config: &RunConfig) -> Result<Option<String>> {
    let Some(path) = &config.model.init else {
        return Ok(None);
    };
    let digest = of_file(path).map_err(|error| {
        EngineError::Request(format!(
            "model.init: {}: cannot read the weights: {error}",
            path.display()
        ))
    })?;
    Ok(Some(digest))
}

fn of_file(path: &Path) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    std::io::copy(&mut File::open(path)?, &mut hasher)?;
    let bytes = hasher.finalize();
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A run goes on with the weights of its checkpoint, so the file it began with may be gone; another file in its place
/// is told of.
pub(super) fn warn_changed_init(
    config: &RunConfig,
    began: &Environment,
    observer: &mut Observer<'_>,
) {
    let (Some(path), Some(before)) = (&config.model.init, &began.init_sha256) else {
        return;
    };
    if of_file(path).is_ok_and(|now| now != *before) {
        observer(Event::InitChanged(path.clone()));
    }
}

/// A run without a checkpoint begins anew, and its record says with which weights.
pub(super) fn refuse_changed_init(config: &RunConfig, began: &Environment) -> Result<()> {
    let (Some(path), Some(before)) = (&config.model.init, &began.init_sha256) else {
        return Ok(());
    };
    if sha256(config)?.as_ref() == Some(before) {
        return Ok(());
    }
    Err(EngineError::Request(format!(
        "model.init: {}: not the weights the run began with: restore the file, or start a new run",
        path.display()
    )))
}
