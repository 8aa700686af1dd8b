//! Checkpoints: everything that a run needs to resume bit for bit.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use burn::optim::ModuleOptimizer;
use mitsume::EmaMaps;
use mitsume_artifacts::{Action, ArtifactError, AtomicDir, RunConfig, TrainConfig, recover_dir};
use mitsume_guard::{catch_panic, file};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::architecture::{Architecture, TrainedModel};
use super::finished::MAX_WEIGHT_BYTES;
use super::progress::Progress;
use super::{moments, prepare};
use crate::{EngineError, Result};

/// Tensors and counters of a run between two steps.
pub(super) struct TrainState {
    pub model: TrainedModel,
    /// The moving average of the weights, after the first step of a run that has one.
    pub average: Option<TrainedModel>,
    pub optimizer: ModuleOptimizer,
    /// The class maps' moving averages, of each layer with maps.
    pub emas: Vec<EmaMaps>,
    pub progress: Progress,
}

impl TrainState {
    /// The weights that are evaluated and that the run leaves.
    pub fn evaluated(&self) -> &TrainedModel {
        self.average.as_ref().unwrap_or(&self.model)
    }
}

/// File of the weights, under their published names.
const WEIGHTS: &str = "weights.safetensors";
/// File of their moving average.
const AVERAGE: &str = "weights-average.safetensors";
/// File of the weights of the best epoch so far.
const BEST_WEIGHTS: &str = "weights-best.safetensors";
/// File of the network with the weights that are evaluated, of a run that trains an ONNX file.
const MODEL: &str = "model.onnx";
const OPTIMIZER: &str = "optimizer.bpk";
const EMA: &str = "ema.json";
const PROGRESS: &str = "progress.json";
/// Largest JSON file of a checkpoint, in bytes; moving averages of 1,000 classes take 100 MB.
const MAX_JSON_BYTES: u64 = 1 << 30;

/// Writes a checkpoint folder atomically: an earlier one is replaced completely, or stays.
///
/// There is no random-number state to save: shuffling, augmentation and dropout are functions of
/// the seed and of the epoch and step in `progress.json`.
///
/// - `is_best`: whether these are the weights of the best epoch; those of the earlier checkpoint's
///   are kept otherwise.
pub(super) fn save(
    folder: &Path,
    architecture: &Architecture,
    state: &TrainState,
    note: &str,
    is_best: bool,
) -> Result<()> {
    let dir = AtomicDir::new(folder)?;
    let batches = state.progress.batches_in_all();
    let mut bytes = architecture.weights(&state.model, batches, note);
    dir.write_file(WEIGHTS, &bytes)?;
    if let Some(average) = &state.average {
        bytes = architecture.weights(average, batches, note);
        dir.write_file(AVERAGE, &bytes)?;
    }
    if let Some(bytes) = architecture.to_onnx(state.evaluated())? {
        dir.write_file(MODEL, &bytes)?;
    }
    if is_best {
        dir.write_file(BEST_WEIGHTS, &bytes)?;
    } else if let Some(bytes) = read_best_weights(folder)? {
        dir.write_file(BEST_WEIGHTS, &bytes)?;
    }
    // Burn's own `save` reports a full disk with the names of its temporary files.
    let bytes = state.optimizer.into_bytes().map_err(|error| {
        let path = folder.join(OPTIMIZER);
        EngineError::Failed(format!("cannot write {}: {error}", path.display()))
    })?;
    dir.write_file(OPTIMIZER, &bytes)?;
    let emas = match &state.emas[..] {
        [ema] => json(ema),
        emas => json(&emas),
    };
    dir.write_file(EMA, &emas)?;
    dir.write_file(PROGRESS, &json(&state.progress))?;
    dir.commit()?;
    Ok(())
}

/// The weight file of the best epoch; none before the first one, and in a checkpoint of a version
/// that kept none.
pub(super) fn read_best_weights(folder: &Path) -> Result<Option<Vec<u8>>> {
    let path = folder.join(BEST_WEIGHTS);
    match file::read(&path, MAX_WEIGHT_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ArtifactError::io(Action::Read, &path, error).into()),
    }
}

/// The file of the weights that a run would leave if it ended with this checkpoint.
pub(super) fn evaluated_weights(folder: &Path) -> PathBuf {
    let average = folder.join(AVERAGE);
    match average.is_file() {
        true => average,
        false => folder.join(WEIGHTS),
    }
}

/// The ONNX file with these weights, which a checkpoint of an earlier version has not.
pub(super) fn model(folder: &Path) -> PathBuf {
    folder.join(MODEL)
}

/// Whether there is a checkpoint to resume from.
pub(super) fn exists(folder: &Path) -> Result<bool> {
    recover_dir(folder)?;
    Ok(folder.join(PROGRESS).is_file())
}

/// Reads the counters of a checkpoint.
pub(super) fn read_progress(folder: &Path) -> Result<Progress> {
    read_json(&folder.join(PROGRESS))
}

/// Reads a checkpoint into the initial state of the same configuration, of which `config` is a part.
pub(super) fn load(
    folder: &Path,
    architecture: &Architecture,
    config: &TrainConfig,
    state: TrainState,
) -> Result<TrainState> {
    let TrainState {
        mut model,
        optimizer,
        emas,
        ..
    } = state;
    architecture.load_weights(&folder.join(WEIGHTS), &mut model)?;
    let best = folder.join(BEST_WEIGHTS);
    if best.is_file() {
        // They are copied from checkpoint to checkpoint: a damaged file must not be.
        architecture.load_weights(&best, &mut model.clone())?;
    }
    let progress = read_progress(folder)?;
    let mut average = None;
    if config.weight_average.is_some() && progress.steps_done > 0 {
        let mut loaded = model.clone();
        architecture.load_weights(&folder.join(AVERAGE), &mut loaded)?;
        average = Some(loaded);
    }
    let path = folder.join(OPTIMIZER);
    let damaged = |why: String| {
        let path = path.display();
        EngineError::Request(format!("{path}: cannot read the optimiser's state: {why}"))
    };
    let panicked = || damaged("the file is damaged".into());
    catch_panic(|| moments::check(&path, &model, &config.optimizer, progress.steps_done))
        .ok_or_else(panicked)?
        .map_err(damaged)?;
    let optimizer = catch_panic(|| optimizer.load(&path))
        .ok_or_else(panicked)?
        .map_err(|error| damaged(error.to_string()))?;
    let path = folder.join(EMA);
    let stored: Vec<EmaMaps> = match emas.len() {
        1 => vec![read_json(&path)?],
        _ => read_json(&path)?,
    };
    let fits = |(stored, ema): (&EmaMaps, &EmaMaps)| {
        stored.shape() == ema.shape()
            && stored.maps().len() == ema.maps().len()
            && stored.decay() == ema.decay()
    };
    if stored.len() != emas.len() || !stored.iter().zip(&emas).all(fits) {
        let path = folder.join(EMA);
        let reason = "moving averages of other classes, map size or decay than the configuration's";
        return Err(EngineError::Request(format!(
            "{}: {reason}",
            path.display()
        )));
    }
    Ok(TrainState {
        model,
        average,
        optimizer,
        emas: stored,
        progress,
    })
}

/// Reads a checkpoint folder as [`resume`](super::resume) does, to check it, and returns its number
/// of steps. `config` and `classes` are the run's.
///
/// # Errors
/// A file of it that is missing, damaged or of another run.
pub fn check_checkpoint(folder: &Path, config: &RunConfig, classes: usize) -> Result<u64> {
    let device = burn::tensor::Device::flex();
    let architecture = Architecture::open(config, classes, &device)?;
    let state = prepare::initial_state(config, &architecture, classes, &device.autodiff())?;
    let state = load(folder, &architecture, &config.train, state)?;
    Ok(state.progress.steps_done)
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain data serialises")
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let wrong = |error: &dyn std::fmt::Display| {
        EngineError::Request(format!("{}: {error}", path.display()))
    };
    let bytes = file::read(path, MAX_JSON_BYTES).map_err(|error| wrong(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| wrong(&error))
}
