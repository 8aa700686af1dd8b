//! Training runs.

pub(crate) mod architecture;
mod checkpoint;
mod clip;
mod cross_entropy;
mod finished;
mod init;
mod moments;
mod optimizer;
mod parameter_group;
mod plateau;
mod prepare;
mod progress;
#[cfg(test)]
mod pytorch_tests;
mod resume_checks;
mod run;
mod run_status;
mod schedule;
mod start;
mod step;
mod tensorboard;
mod weight_average;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::tensor::Device;
use mitsume_artifacts::{Environment, RunConfig, RunDir};
use mitsume_data::ImageCache;

use crate::{EngineError, Observer, Result};

pub use checkpoint::check_checkpoint;
pub use plateau::Plateau;
pub use run_status::RunStatus;

/// A requested run.
#[derive(Clone)]
pub struct TrainRequest {
    /// The run's configuration.
    pub config: RunConfig,
    /// The run directory, new or empty.
    pub out: PathBuf,
    /// Device to train on.
    pub device: Device,
    /// Name of the device, as `--device` takes it, for the run's environment file.
    pub device_name: String,
    /// Images decoded for other runs on the same data; empty for a single run.
    pub image_cache: Arc<ImageCache>,
}

/// An earlier run that is to be resumed.
#[derive(Clone)]
pub struct ResumeRequest {
    /// The run directory.
    pub out: PathBuf,
    /// Changes of its configuration, each as `KEY=VALUE`.
    pub overrides: Vec<String>,
    /// Device to train on.
    pub device: Device,
    /// Name of the device, as `--device` takes it.
    pub device_name: String,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainOutcome {
    /// All epochs are done.
    Finished,
    /// The run was already trained and evaluated: nothing was done or changed.
    AlreadyFinished {
        /// Number of epochs.
        epochs: u64,
    },
    /// The run was stopped after a step and saved a checkpoint; [`resume`] continues it.
    Interrupted,
}

/// Trains a new run and evaluates it.
///
/// Once `stop` is set, the run finishes its step, saves a checkpoint and returns
/// [`TrainOutcome::Interrupted`]. For the files of the run directory see [`RunDir`].
///
/// # Errors
/// A wrong request, before anything is written; a loss that is not finite, with epoch and step;
/// files that cannot be written.
pub fn train(
    request: &TrainRequest,
    stop: &AtomicBool,
    observer: &mut Observer<'_>,
) -> Result<TrainOutcome> {
    refuse_occupied(&request.out)?;
    run::run(request, false, stop, observer)
}

/// [`train`] in a new folder; [`resume`] with this configuration in a folder that holds a run. A
/// repeated command needs this.
///
/// # Errors
/// As [`train`] and [`resume`]; a folder with other files in it.
pub fn train_or_resume(
    request: &TrainRequest,
    stop: &AtomicBool,
    observer: &mut Observer<'_>,
) -> Result<TrainOutcome> {
    if RunDir::new(&request.out).is_run() {
        return resume_unless_finished(request, stop, observer);
    }
    refuse_occupied(&request.out)?;
    run::run(request, false, stop, observer)
}

/// Resumes an interrupted run from its last checkpoint, with the same bits as an uninterrupted run.
/// A run without a checkpoint starts again; a finished run is left as it is
/// ([`TrainOutcome::AlreadyFinished`]) unless the overrides give it more epochs.
///
/// # Errors
/// As [`train`]; a folder without a run; other images or another device than at the start;
/// overrides that change how a finished run was trained.
pub fn resume(
    request: ResumeRequest,
    stop: &AtomicBool,
    observer: &mut Observer<'_>,
) -> Result<TrainOutcome> {
    let run_dir = open_run(&request.out)?;
    let config = RunConfig::read(&run_dir.config(), &request.overrides)?;
    let request = TrainRequest {
        config,
        out: request.out,
        device: request.device,
        device_name: request.device_name,
        image_cache: Arc::default(),
    };
    resume_unless_finished(&request, stop, observer)
}

fn resume_unless_finished(
    request: &TrainRequest,
    stop: &AtomicBool,
    observer: &mut Observer<'_>,
) -> Result<TrainOutcome> {
    match finished::finished_epochs(request)? {
        Some(epochs) => Ok(TrainOutcome::AlreadyFinished { epochs }),
        None => run::run(request, true, stop, observer),
    }
}

/// The device that a run was started on, as `--device` names it.
///
/// # Errors
/// A folder without a run; an environment file that cannot be read.
pub fn recorded_device(out: &Path) -> Result<String> {
    let run_dir = open_run(out)?;
    if !run_dir.environment().is_file() {
        // The run was interrupted before anything was computed.
        return Ok("cpu".into());
    }
    Ok(Environment::read(&run_dir.environment())?.device)
}

/// Opens a run directory.
fn open_run(out: &Path) -> Result<RunDir> {
    let run_dir = RunDir::new(out);
    if !run_dir.is_run() {
        return Err(EngineError::Request(format!(
            "{}: no run to resume: it has no config.toml",
            out.display()
        )));
    }
    Ok(run_dir)
}

fn refuse_occupied(out: &Path) -> Result<()> {
    let occupied = std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some());
    let what = if RunDir::new(out).is_run() {
        "holds a run already: go on with --resume, or name another folder with --out"
    } else if occupied {
        "is not empty: name a new or empty folder with --out"
    } else if out.is_file() {
        "is a file: name a folder with --out"
    } else {
        return Ok(());
    };
    Err(EngineError::Request(format!("{}: {what}", out.display())))
}
