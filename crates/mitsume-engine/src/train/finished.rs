//! Finished runs, which have nothing left to do.

use std::path::Path;

use mitsume_artifacts::{
    Action, ArtifactError, Environment, EvaluationDir, RunConfig, RunDir, write_atomic,
};
use mitsume_guard::file;

use super::resume_checks::{refuse_changed_method, refuse_other_device};
use super::{RunStatus, TrainRequest};
use crate::{EngineError, Result};

/// The number of epochs of the requested run, if all of them are trained and evaluated.
///
/// # Errors
/// A run that cannot be resumed; a finished run with a changed training setting.
pub(super) fn finished_epochs(request: &TrainRequest) -> Result<Option<u64>> {
    let dir = RunDir::new(&request.out);
    let now = &request.config;
    let Some(status) = RunStatus::read(&dir, now)?.filter(RunStatus::is_finished) else {
        return Ok(None);
    };
    if dir.environment().is_file() {
        let began = Environment::read(&dir.environment())?;
        refuse_other_device(&dir, &began, &request.device_name)?;
    }
    refuse_changed_method(&dir, now)?;
    let before = RunConfig::read(&dir.config(), &[])?;
    refuse_changed_training(&status, &before, now)?;
    let has_model = now.model.level().is_some() || dir.onnx().is_file();
    let evaluated = before == *now
        && has_model
        && EvaluationDir::new(dir.evaluation()).is_evaluation()
        && same_bytes(&dir.weights(), &status.weights)?;
    Ok(evaluated.then_some(status.epochs_done))
}

/// Otherwise the configuration would not be the one that the run was trained with.
fn refuse_changed_training(status: &RunStatus, before: &RunConfig, now: &RunConfig) -> Result<()> {
    let done = status.epochs_done;
    let with_new_evaluation = RunConfig {
        evaluation: now.evaluation,
        ..before.clone()
    };
    let no_more_epochs = now.train.epochs == before.train.epochs || now.train.epochs == done;
    let mut same_epochs = now.clone();
    same_epochs.train.epochs = before.train.epochs;
    if no_more_epochs && same_epochs == with_new_evaluation {
        return Ok(());
    }
    if let Some(patience) = status.stopped_early_after {
        return Err(EngineError::Request(format!(
            "{}: it stopped early after {done} epochs, and what they were done with cannot be \
             changed: train longer with --set train.early_stopping={}, or start a new run",
            status.run.display(),
            2 * patience
        )));
    }
    Err(EngineError::Request(format!(
        "{}: all {done} epochs are done, and what they were done with cannot be changed: train longer \
         with --set train.epochs={}, or start a new run",
        status.run.display(),
        2 * done
    )))
}

/// As large as an ONNX file can be, in bytes.
pub(super) const MAX_WEIGHT_BYTES: u64 = 2 << 30;

fn same_bytes(one: &Path, other: &Path) -> Result<bool> {
    if !one.is_file() {
        return Ok(false);
    }
    let read = |path: &Path| {
        file::read(path, MAX_WEIGHT_BYTES)
            .map_err(|error| EngineError::from(ArtifactError::io(Action::Read, path, error)))
    };
    Ok(read(one)? == read(other)?)
}

/// Writes the weights of a finished run. An evaluation of other weights is removed first, so that
/// it is never mistaken for one of these.
pub(super) fn replace_weights(dir: &RunDir, bytes: &[u8]) -> Result<()> {
    let path = dir.weights();
    let same = file::read(&path, MAX_WEIGHT_BYTES).is_ok_and(|before| before == bytes);
    let evaluation = dir.evaluation();
    if !same && EvaluationDir::new(&evaluation).is_evaluation() {
        std::fs::remove_dir_all(&evaluation)
            .map_err(|error| ArtifactError::io(Action::Remove, &evaluation, error))?;
    }
    Ok(write_atomic(&path, bytes)?)
}
