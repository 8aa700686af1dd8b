//! What a run starts or resumes from.

use mitsume::Curriculum;
use mitsume_artifacts::{
    Environment, EpochRow, MeasureRow, RunConfig, RunDir, read_epochs, read_measures,
};

use super::TrainRequest;
use super::architecture::Architecture;
use super::checkpoint::{self, TrainState};
use super::prepare::{self, LoadedSplit};
use super::{init, resume_checks};
use crate::processor::processor;
use crate::{EngineError, Observer, Result};

/// The state a run starts or resumes from.
pub(super) struct Start {
    pub state: TrainState,
    /// The environment file to write; `None` if the run has one.
    pub environment: Option<Environment>,
}

impl Start {
    /// The checkpoint of `resumed`, or new weights if there is none.
    pub fn new(
        request: &TrainRequest,
        resumed: Option<&RunDir>,
        architecture: &Architecture,
        now: &Environment,
        observer: &mut Observer<'_>,
    ) -> Result<Self> {
        let config = &request.config;
        let device = request.device.clone().autodiff();
        let classes = now.data[0].classes.len();
        let mut state = prepare::initial_state(config, architecture, classes, &device)?;
        let began = resumed
            .filter(|dir| dir.environment().is_file())
            .map(|dir| Environment::read(&dir.environment()))
            .transpose()?;
        if let Some((dir, began)) = resumed.zip(began.as_ref()) {
            resume_checks::refuse_changed_start(dir, began, now)?;
        }
        let mut environment = now.clone();
        match resumed {
            Some(dir) if checkpoint::exists(&dir.checkpoint())? => {
                resume_checks::refuse_changed_method(dir, config)?;
                resume_checks::refuse_changed_graph(dir, config)?;
                resume_checks::refuse_changed_precision(dir, config)?;
                resume_checks::refuse_changed_optimizer(dir, config)?;
                resume_checks::refuse_changed_plateau(dir, config)?;
                resume_checks::refuse_changed_best(dir, config)?;
                resume_checks::refuse_changed_average(dir, config)?;
                if let Some(began) = &began {
                    init::warn_changed_init(config, began, observer);
                    resume_checks::warn_other_processor(began, now, observer);
                }
                state = checkpoint::load(&dir.checkpoint(), architecture, &config.train, state)?;
            }
            _ => {
                if let Some(began) = &began {
                    init::refuse_changed_init(config, began)?;
                }
                environment.init_sha256 = init::init_sha256(config)?;
                if let Some(init) = &config.model.init {
                    architecture.load_weights(init, &mut state.model)?;
                }
            }
        }
        Ok(Self {
            state,
            environment: began.is_none().then_some(environment),
        })
    }
}

/// Program, device and data of the run, for its environment file.
pub(super) fn environment(
    request: &TrainRequest,
    train: &LoadedSplit,
    valid: &LoadedSplit,
) -> Environment {
    let mut environment = Environment::detect(
        env!("CARGO_PKG_VERSION"),
        &request.device_name,
        rayon::current_num_threads(),
        request.config.train.seed,
    );
    environment.cpu = processor();
    environment.adapter = mitsume_nn::adapter_name(&request.device);
    environment.data = vec![train.record.clone(), valid.record.clone()];
    environment
}

pub(super) fn curriculum(config: &RunConfig) -> Result<Curriculum> {
    let epoch = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let consistency = &config.consistency;
    Ok(Curriculum::new(
        consistency.lambda_max,
        epoch(consistency.t0),
        epoch(consistency.t1),
    )?)
}

/// The rows of the epochs that the checkpoint holds.
pub(super) fn finished_rows(dir: &RunDir, state: &TrainState) -> Result<Vec<EpochRow>> {
    let done = state.progress.epochs_done;
    if done == 0 {
        return Ok(Vec::new());
    }
    let mut rows = read_epochs(&dir.epochs())?;
    rows.retain(|row| row.epoch <= done);
    if rows.len() as u64 != done {
        return Err(EngineError::Request(format!(
            "{}: {} rows, but the checkpoint has {done} epochs behind it",
            dir.epochs().display(),
            rows.len()
        )));
    }
    Ok(rows)
}

/// The other measures of these epochs; `None` for a run that was started without them.
pub(super) fn finished_measures(
    config: &RunConfig,
    dir: &RunDir,
    state: &TrainState,
) -> Result<Option<Vec<MeasureRow>>> {
    let done = state.progress.epochs_done;
    if !config.evaluation.measures || (done > 0 && !dir.measures().is_file()) {
        return Ok(None);
    }
    if done == 0 {
        return Ok(Some(Vec::new()));
    }
    let mut rows = read_measures(&dir.measures())?;
    rows.retain(|row| row.epoch <= done);
    if rows.len() as u64 != done {
        return Err(EngineError::Request(format!(
            "{}: {} rows, but the checkpoint has {done} epochs behind it",
            dir.measures().display(),
            rows.len()
        )));
    }
    Ok(Some(rows))
}
