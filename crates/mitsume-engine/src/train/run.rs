//! The training loop: epochs of a run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use mitsume::Curriculum;
use mitsume_artifacts::{
    Action, ArtifactError, Environment, EpochRow, MeasureRow, RunConfig, RunDir, StepRow,
    StepWriter, read_epochs, read_measures, write_atomic, write_epochs, write_measures,
};
use mitsume_data::{Batch, shuffled};

use super::architecture::Architecture;
use super::checkpoint::{self, TrainState};
use super::cross_entropy::cross_entropy;
use super::finished;
use super::init;
use super::prepare::{self, LoadedSplit};
use super::resume_checks;
use super::schedule;
use super::step::{EpochSettings, StepBatches, StepContext, step};
use super::tensorboard::TensorBoard;
use super::{TrainOutcome, TrainRequest};
use crate::maps::MapOptions;
use crate::{
    EngineError, EvaluateOptions, EvaluationInput, Event, MeasureOptions, Observer, Result,
    WeightMetadata, evaluate,
};

/// A run in progress.
struct Run<'a> {
    config: &'a RunConfig,
    dir: RunDir,
    architecture: Architecture,
    train: LoadedSplit,
    valid: LoadedSplit,
    context: StepContext,
    curriculum: Curriculum,
    note: String,
    state: TrainState,
    rows: Vec<EpochRow>,
    /// More measures of the same epochs; `None` if they are not requested.
    measures: Option<Vec<MeasureRow>>,
    steps: StepWriter,
    tensorboard: TensorBoard,
}

pub(super) fn run(
    request: &TrainRequest,
    resume: bool,
    stop: &AtomicBool,
    observer: &mut Observer<'_>,
) -> Result<TrainOutcome> {
    let mut run = Run::prepare(request, resume, observer)?;
    while !run.config.train.is_done(&run.rows) {
        if run.train_epoch(stop, observer)? == TrainOutcome::Interrupted {
            return Ok(TrainOutcome::Interrupted);
        }
        match run.finish_epoch(stop, observer) {
            // All steps of the epoch are done; its evaluation is repeated on resuming.
            Err(EngineError::Interrupted) => {
                run.save(false)?;
                return Ok(TrainOutcome::Interrupted);
            }
            other => other?,
        }
    }
    match run.evaluate_at_the_end(stop, observer) {
        // The checkpoint of the last epoch is saved already.
        Err(EngineError::Interrupted) => Ok(TrainOutcome::Interrupted),
        other => other.map(|()| TrainOutcome::Finished),
    }
}

impl<'a> Run<'a> {
    fn prepare(
        request: &'a TrainRequest,
        resume: bool,
        observer: &mut Observer<'_>,
    ) -> Result<Self> {
        let config = &request.config;
        let train = prepare::load_split("train", config, &request.image_cache, observer)?;
        let mut valid = prepare::load_split("valid", config, &request.image_cache, observer)?;
        prepare::refuse_different_classes(&train, &valid)?;
        prepare::find_leaks(&train, &mut valid, observer);
        let classes = train.folder.classes.clone();
        let device = request.device.clone().autodiff();
        let architecture = Architecture::open(config, classes.len(), &request.device)?;
        let dir = RunDir::new(&request.out);
        let now = environment(request, &train, &valid);
        let Start { state, environment } = Start::new(
            request,
            resume.then_some(&dir),
            &architecture,
            &now,
            observer,
        )?;
        let rows = finished_rows(&dir, &state)?;
        let measures = finished_measures(config, &dir, &state)?;
        let curriculum = curriculum(config)?;
        let cross_entropy = cross_entropy(&config.train.cross_entropy, train.labels(), &classes)?;
        std::fs::create_dir_all(dir.root())
            .map_err(|error| ArtifactError::io(Action::Create, dir.root(), error))?;
        let steps = StepWriter::resume(&dir.steps(), state.progress.steps_done)?;
        // Nothing refuses any more: a run that is refused keeps the configuration it had.
        config.write(&dir.config())?;
        if let Some(environment) = environment {
            environment.write(&dir.environment())?;
        }
        let note = WeightMetadata {
            model: config.model.title().to_owned(),
            classes,
            image_size: config.data.image_size,
            transform: train.source.preprocess().transform,
        };
        Ok(Run {
            config,
            architecture,
            context: StepContext {
                image: [
                    config.data.channels,
                    config.data.image_size,
                    config.data.image_size,
                ],
                settings: config.consistency.settings(),
                cross_entropy,
                clip_norm: config.train.optimizer.clip_norm,
                seed: config.train.seed,
                device,
            },
            curriculum,
            note: serde_json::to_string(&note).expect("plain data serialises"),
            rows,
            measures,
            steps,
            tensorboard: TensorBoard::create(&dir.tensorboard())?,
            dir,
            train,
            valid,
            state,
        })
    }

    /// Runs the remaining steps of the current epoch.
    fn train_epoch(
        &mut self,
        stop: &AtomicBool,
        observer: &mut Observer<'_>,
    ) -> Result<TrainOutcome> {
        let epoch = self.state.progress.epochs_done + 1;
        let settings = self.epoch_settings(epoch);
        let order = self.order(epoch);
        let size = self.config.train.batch_size;
        let accumulated = size * self.config.train.accumulate;
        let left = order[(self.state.progress.batches_done * size).min(order.len())..].to_vec();
        let steps_before = (order.len() - left.len()).div_ceil(accumulated);
        let steps_left = left.len().div_ceil(accumulated);
        let mut clock = Instant::now();
        let mut batches = self.train.source.batches(left.clone(), size, epoch);
        for (images, step_number) in left.chunks(accumulated).zip(1..) {
            let group = StepBatches {
                labels: self.train.labels_of(images),
                batches: batches
                    .by_ref()
                    .take(images.len().div_ceil(size))
                    .map(refuse_unreadable),
            };
            let result = step(
                &mut self.state,
                &self.architecture,
                &self.context,
                group,
                settings,
            )?;
            let progress = &mut self.state.progress;
            if !result.loss.is_finite() {
                return Err(EngineError::NotFinite {
                    epoch,
                    step: progress.steps_done + 1,
                    loss: result.loss as f32,
                    cross_entropy: result.cross_entropy as f32,
                    lambda: settings.lambda,
                    checkpoint: progress.epochs_done,
                });
            }
            progress.count_step(result.batches);
            progress.sums.add(&result, clock.elapsed().as_secs_f64());
            clock = Instant::now();
            self.steps.push(&StepRow {
                step: progress.steps_done,
                epoch,
                lambda: settings.lambda,
                cross_entropy: result.cross_entropy,
                cam_loss: result.cam_loss,
                loss: result.loss,
            })?;
            observer(Event::Step {
                epoch,
                epochs: self.config.train.epochs,
                step: steps_before + step_number,
                steps: steps_before + steps_left,
                loss: result.loss,
            });
            if stop.load(Ordering::Relaxed) {
                self.save(false)?;
                return Ok(TrainOutcome::Interrupted);
            }
        }
        Ok(TrainOutcome::Finished)
    }

    /// Evaluates the epoch, writes its row, updates the schedule and saves a checkpoint.
    fn finish_epoch(&mut self, stop: &AtomicBool, observer: &mut Observer<'_>) -> Result<()> {
        let clock = Instant::now();
        let epoch = self.state.progress.epochs_done + 1;
        let options = EvaluateOptions {
            measures: self.measure_options(false),
            maps: self.map_options(),
            stop: Some(stop),
            ..Default::default()
        };
        let evaluation = self.evaluate(&options, observer)?;
        let settings = self.epoch_settings(epoch);
        let progress = &mut self.state.progress;
        let row = EpochRow::new(
            epoch,
            [settings.learning_rate, settings.lambda],
            &progress.sums.means(settings.lambda),
            &evaluation,
            progress.sums.seconds + clock.elapsed().as_secs_f64(),
        );
        if schedule::plateau_takes(&self.config.train, epoch) {
            progress.plateau.step(row.val_loss);
        }
        progress.epochs_done = epoch;
        progress.batches_done = 0;
        progress.sums = Default::default();
        self.rows.push(row.clone());
        if let Some((rows, measures)) = self.measures.as_mut().zip(evaluation.measures) {
            rows.push(MeasureRow {
                epoch,
                grid_squared_l2: measures.grid_squared_l2,
                grid_l2: measures.grid_l2,
                chance_corrected: measures.chance_corrected,
            });
            write_measures(&self.dir.measures(), rows)?;
        }
        // Before the checkpoint: rows beyond it are dropped on resuming.
        write_epochs(&self.dir.epochs(), &self.rows)?;
        let best = self.config.train.best.criterion.best_epoch(&self.rows);
        self.save(best.is_some_and(|row| row.epoch == epoch))?;
        self.tensorboard.epoch(&row)?;
        observer(Event::Epoch(row));
        if epoch < self.config.train.epochs && self.config.train.stopped_early(&self.rows) {
            observer(Event::StoppedEarly { epochs: epoch });
        }
        Ok(())
    }

    /// Writes the final weight file, and an evaluation with all maps.
    fn evaluate_at_the_end(
        &mut self,
        stop: &AtomicBool,
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        if let Some(best) = checkpoint::read_best_weights(&self.dir.checkpoint())? {
            write_atomic(&self.dir.best_weights(), &best)?;
        }
        let (model, batches) = (&self.state.model, self.state.progress.batches_in_all());
        if let Some(bytes) = self.architecture.to_onnx(model)? {
            write_atomic(&self.dir.onnx(), &bytes)?;
        }
        let bytes = self.architecture.weights(model, batches, &self.note);
        finished::replace_weights(&self.dir, &bytes)?;
        let out = self.dir.evaluation();
        self.evaluate(
            &EvaluateOptions {
                out: Some(&out),
                measures: self.measure_options(true),
                maps: self.map_options(),
                stop: Some(stop),
                ..Default::default()
            },
            observer,
        )?;
        Ok(())
    }

    fn evaluate(
        &self,
        options: &EvaluateOptions<'_>,
        observer: &mut Observer<'_>,
    ) -> Result<mitsume_artifacts::Evaluation> {
        let network = self.architecture.network(&self.state.model)?;
        let input = EvaluationInput {
            network: network.as_ref(),
            folder: &self.valid.folder,
            source: &self.valid.source,
            settings: Default::default(),
        };
        // Unreadable images and other files were reported at the start.
        let mut quiet = |event: Event| match event {
            Event::Skipped(_) | Event::OtherFiles { .. } => {}
            event => observer(event),
        };
        evaluate(&input, options, &mut quiet)
    }

    fn map_options(&self) -> MapOptions {
        MapOptions {
            method: self.config.consistency.method,
            flip: false,
        }
    }

    fn measure_options(&self, all: bool) -> Option<MeasureOptions> {
        let grid = self.config.evaluation.grid;
        let is_requested = self.config.evaluation.measures;
        is_requested.then_some(MeasureOptions { grid, all })
    }

    /// - `is_best`: whether the weights are those of the best epoch.
    fn save(&mut self, is_best: bool) -> Result<()> {
        self.steps.sync()?;
        checkpoint::save(
            &self.dir.checkpoint(),
            &self.architecture,
            &self.state,
            &self.note,
            is_best,
        )
    }

    fn epoch_settings(&self, epoch: u64) -> EpochSettings {
        let plateau = &self.state.progress.plateau;
        let counted = u32::try_from(epoch).unwrap_or(u32::MAX);
        EpochSettings {
            learning_rate: schedule::learning_rate(&self.config.train, plateau, epoch),
            lambda: self.curriculum.lambda(counted),
        }
    }

    fn order(&self, epoch: u64) -> Vec<usize> {
        let readable = &self.train.readable;
        if !self.config.train.shuffle {
            return readable.clone();
        }
        let order = shuffled(readable.len(), self.config.train.seed, epoch);
        order
            .into_iter()
            .map(|position| readable[position])
            .collect()
    }
}

/// The state a run starts or resumes from.
struct Start {
    state: TrainState,
    /// The environment file to write; `None` if the run has one.
    environment: Option<Environment>,
}

impl Start {
    /// The checkpoint of `resumed`, or new weights if there is none.
    fn new(
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
                let optimizer = &config.train.optimizer;
                resume_checks::refuse_changed_method(dir, config)?;
                resume_checks::refuse_changed_graph(dir, config)?;
                resume_checks::refuse_changed_optimizer(dir, config)?;
                resume_checks::refuse_changed_plateau(dir, config)?;
                resume_checks::refuse_changed_best(dir, config)?;
                if let Some(began) = &began {
                    init::warn_changed_init(config, began, observer);
                }
                state = checkpoint::load(&dir.checkpoint(), architecture, optimizer, state)?;
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

/// The image was readable at the start; training without it would change the run.
fn refuse_unreadable(batch: Batch) -> Result<Batch> {
    let Some(skipped) = batch.skipped.first() else {
        return Ok(batch);
    };
    let (path, reason) = (skipped.path.display(), &skipped.reason);
    let problem = format!("{path}: {reason}; it could be read before: --resume goes on");
    Err(EngineError::Failed(problem))
}

/// Program, device and data of the run, for its environment file.
fn environment(request: &TrainRequest, train: &LoadedSplit, valid: &LoadedSplit) -> Environment {
    let mut environment = Environment::detect(
        env!("CARGO_PKG_VERSION"),
        &request.device_name,
        rayon::current_num_threads(),
        request.config.train.seed,
    );
    environment.adapter = mitsume_nn::adapter_name(&request.device);
    environment.data = vec![train.record.clone(), valid.record.clone()];
    environment
}

fn curriculum(config: &RunConfig) -> Result<Curriculum> {
    let epoch = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let consistency = &config.consistency;
    Ok(Curriculum::new(
        consistency.lambda_max,
        epoch(consistency.t0),
        epoch(consistency.t1),
    )?)
}

/// The rows of the epochs that the checkpoint holds.
fn finished_rows(dir: &RunDir, state: &TrainState) -> Result<Vec<EpochRow>> {
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
fn finished_measures(
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
