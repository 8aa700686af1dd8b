//! A training run in a run directory.

mod checkpoint;
mod finished;
mod init;
mod moments;
mod plateau;
mod prepare;
mod progress;
mod run;
mod run_status;
mod step;
mod tensorboard;

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

/// A run that is asked for.
#[derive(Clone)]
pub struct TrainRequest {
    /// What to do.
    pub config: RunConfig,
    /// The run directory, new or empty.
    pub out: PathBuf,
    /// Where to compute.
    pub device: Device,
    /// The device as the user names it, for the record.
    pub device_name: String,
    /// Images decoded for other runs; an empty pool for a run of its own.
    pub image_cache: Arc<ImageCache>,
}

/// An earlier run that is to be resumed.
#[derive(Clone)]
pub struct ResumeRequest {
    /// The run directory.
    pub out: PathBuf,
    /// Changes of its configuration, each as `KEY=VALUE`.
    pub overrides: Vec<String>,
    /// Where to compute.
    pub device: Device,
    /// The device as the user names it.
    pub device_name: String,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainOutcome {
    /// All epochs are done.
    Finished,
    /// All of them were done and evaluated before: nothing was left to do, and nothing was changed.
    AlreadyFinished {
        /// How many.
        epochs: u64,
    },
    /// It was asked to stop, finished its step and saved; [`resume`] goes on.
    Interrupted,
}

/// Trains from the beginning.
///
/// `stop` is looked at between steps. The run directory is filled as it goes; see [`RunDir`].
///
/// # Errors
/// Wrong requests before anything is written; a loss that is not finite with epoch and step.
pub fn train(
    request: &TrainRequest,
    stop: &AtomicBool,
    observer: &mut Observer<'_>,
) -> Result<TrainOutcome> {
    refuse_occupied(&request.out)?;
    run::run(request, false, stop, observer)
}

/// [`train`] where the folder is new, [`resume`] with this configuration where it holds a run: what a
/// command that is simply repeated wants.
///
/// # Errors
/// As [`train`] and [`resume`]; a folder with something else in it.
pub fn train_or_resume(
    request: &TrainRequest,
    stop: &AtomicBool,
    observer: &mut Observer<'_>,
) -> Result<TrainOutcome> {
    if RunDir::new(&request.out).is_run() {
        return go_on(request, stop, observer);
    }
    refuse_occupied(&request.out)?;
    run::run(request, false, stop, observer)
}

/// Goes on with an interrupted run, from its last checkpoint, bit for bit as if there had been no
/// interruption. A run that was interrupted before its first checkpoint starts anew; one that is
/// finished stays as it is ([`TrainOutcome::AlreadyFinished`]) unless `sets` gives it more epochs.
///
/// # Errors
/// As [`train`]; a folder that holds no run; data or a device that changed since; `sets` that would
/// change what a finished run was trained with.
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
    go_on(&request, stop, observer)
}

fn go_on(
    request: &TrainRequest,
    stop: &AtomicBool,
    observer: &mut Observer<'_>,
) -> Result<TrainOutcome> {
    match finished::epochs(request)? {
        Some(epochs) => Ok(TrainOutcome::AlreadyFinished { epochs }),
        None => run::run(request, true, stop, observer),
    }
}

/// The device a run began on, as `--device` names it: that on which it goes on.
///
/// # Errors
/// A folder that holds no run; a record that cannot be read.
pub fn recorded_device(out: &Path) -> Result<String> {
    let run_dir = open_run(out)?;
    if !run_dir.environment().is_file() {
        // Interrupted before anything was computed.
        return Ok("cpu".into());
    }
    Ok(Environment::read(&run_dir.environment())?.device)
}

/// The run directory `out`, if it is one.
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
