//! `model.init`: the weight file a run starts from.

use std::path::Path;

use mitsume_artifacts::{Environment, RunConfig};
use sha2::{Digest, Sha256};

use crate::{EngineError, Event, Observer, Result, sha256};

/// SHA-256 of the file in `model.init`, in hexadecimal; `None` if the key is not set.
pub(super) fn init_sha256(config: &RunConfig) -> Result<Option<String>> {
    let Some(path) = &config.model.init else {
        return Ok(None);
    };
    let digest = file_sha256(path).map_err(|error| {
        EngineError::Request(format!(
            "model.init: {}: cannot read the weights: {error}",
            path.display()
        ))
    })?;
    Ok(Some(digest))
}

fn file_sha256(path: &Path) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    sha256::add_file(&mut hasher, path)?;
    Ok(sha256::hex(hasher))
}

/// Reports if `model.init` is another file than at the start. A resumed run uses the weights of its
/// checkpoint, so the file may also be missing.
pub(super) fn warn_changed_init(
    config: &RunConfig,
    began: &Environment,
    observer: &mut Observer<'_>,
) {
    let (Some(path), Some(before)) = (&config.model.init, &began.init_sha256) else {
        return;
    };
    if file_sha256(path).is_ok_and(|now| now != *before) {
        observer(Event::InitChanged(path.clone()));
    }
}

/// Refuses another `model.init` than at the start: a run without a checkpoint starts again from it.
pub(super) fn refuse_changed_init(config: &RunConfig, began: &Environment) -> Result<()> {
    let (Some(path), Some(before)) = (&config.model.init, &began.init_sha256) else {
        return Ok(());
    };
    if init_sha256(config)?.as_ref() == Some(before) {
        return Ok(());
    }
    Err(EngineError::Request(format!(
        "model.init: {}: not the weights the run began with: restore the file, or start a new run",
        path.display()
    )))
}
