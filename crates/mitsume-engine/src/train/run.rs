//! The training loop: epochs of a run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use mitsume::Curriculum;
use mitsume_artifacts::{
    Action, ArtifactError, EpochRow, Evaluation, MeasureRow, ModelSettings, RunConfig, RunDir,
    StepRow, StepWriter, write_atomic, write_epochs, write_measures,
};
use mitsume_data::{Batch, shuffled};

use super::architecture::Architecture;
use super::checkpoint::{self, TrainState};
use super::cross_entropy::cross_entropy;
use super::finished;
use super::prepare::{self, LoadedSplit};
use super::progress::StepResult;
use super::schedule;
use super::start::{self, Start};
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
    let evaluated = run
        .complete_last_epoch(stop, observer)
        .and_then(|()| run.evaluate_at_the_end(stop, observer));
    match evaluated {
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
        prepare::find_shared_patients(&train, &mut valid, observer);
        let classes = train.folder.classes.clone();
        let device = request.device.clone().autodiff();
        let architecture = Architecture::open(config, classes.len(), &request.device)?;
        let dir = RunDir::new(&request.out);
        let now = start::environment(request, &train, &valid);
        let Start { state, environment } = Start::new(
            request,
            resume.then_some(&dir),
            &architecture,
            &now,
            observer,
        )?;
        let rows = start::finished_rows(&dir, &state)?;
        let measures = start::finished_measures(config, &dir, &state)?;
        let curriculum = start::curriculum(config)?;
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
            precision: config.train.precision,
        };
        Ok(Run {
            config,
            architecture,
            context: StepContext::new(config, cross_entropy, device),
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

    /// An error if the loss of the step after the last one is not finite.
    fn refuse_not_finite(&self, result: &StepResult, lambda: f64) -> Result<()> {
        let progress = &self.state.progress;
        if result.loss.is_finite() {
            return Ok(());
        }
        Err(EngineError::NotFinite {
            epoch: progress.epochs_done + 1,
            step: progress.steps_done + 1,
            loss: result.loss as f32,
            cross_entropy: result.cross_entropy as f32,
            lambda,
            checkpoint: progress.epochs_done,
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
            self.refuse_not_finite(&result, settings.lambda)?;
            let progress = &mut self.state.progress;
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

    /// Evaluates the epoch where that is due, writes its row, updates the schedule and saves a
    /// checkpoint.
    fn finish_epoch(&mut self, stop: &AtomicBool, observer: &mut Observer<'_>) -> Result<()> {
        let clock = Instant::now();
        let epoch = self.state.progress.epochs_done + 1;
        let evaluation = match self.config.train.evaluates(epoch) {
            true => Some(self.evaluate_epoch(stop, observer)?),
            false => None,
        };
        let settings = self.epoch_settings(epoch);
        let progress = &mut self.state.progress;
        let row = EpochRow::new(
            epoch,
            [settings.learning_rates.base, settings.lambda],
            &progress.sums.means(settings.lambda),
            evaluation.as_ref(),
            progress.sums.seconds + clock.elapsed().as_secs_f64(),
        );
        self.tell_plateau(&row);
        let progress = &mut self.state.progress;
        progress.epochs_done = epoch;
        progress.batches_done = 0;
        progress.sums = Default::default();
        self.rows.push(row.clone());
        if let Some(rows) = &mut self.measures {
            rows.push(measure_row(epoch, evaluation.as_ref()));
        }
        // Before the checkpoint: rows beyond it are dropped on resuming.
        self.write_rows()?;
        self.save(self.is_best(epoch))?;
        self.tensorboard.epoch(&row)?;
        observer(Event::Epoch(row));
        if epoch < self.config.train.epochs && self.config.train.stopped_early(&self.rows) {
            observer(Event::StoppedEarly { epochs: epoch });
        }
        Ok(())
    }

    /// Evaluates the last epoch if it was not to be the last one when it ended: the run goes on with
    /// other settings.
    fn complete_last_epoch(
        &mut self,
        stop: &AtomicBool,
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        if self.rows.last().is_none_or(EpochRow::is_evaluated) {
            return Ok(());
        }
        let evaluation = self.evaluate_epoch(stop, observer)?;
        let row = self.rows.pop().expect("there is a last one");
        let row = row.with_evaluation(&evaluation);
        self.rows.push(row.clone());
        if let Some(last) = self.measures.as_mut().and_then(|rows| rows.last_mut()) {
            *last = measure_row(row.epoch, Some(&evaluation));
        }
        self.tell_plateau(&row);
        // Before the rows: with them the epoch is evaluated, and is not considered again.
        self.save(self.is_best(row.epoch))?;
        self.write_rows()?;
        self.tensorboard.epoch(&row)
    }

    fn evaluate_epoch(&self, stop: &AtomicBool, observer: &mut Observer<'_>) -> Result<Evaluation> {
        let options = EvaluateOptions {
            measures: self.measure_options(false),
            maps: self.map_options(),
            stop: Some(stop),
            ..Default::default()
        };
        self.evaluate(&options, observer)
    }

    fn tell_plateau(&mut self, row: &EpochRow) {
        if let Some(loss) = row.val_loss
            && schedule::plateau_takes(&self.config.train, row.epoch)
        {
            self.state.progress.plateau.step(loss);
        }
    }

    fn is_best(&self, epoch: u64) -> bool {
        let best = self.config.train.best.criterion.best_epoch(&self.rows);
        best.is_some_and(|row| row.epoch == epoch)
    }

    fn write_rows(&self) -> Result<()> {
        if let Some(rows) = &self.measures {
            write_measures(&self.dir.measures(), rows)?;
        }
        Ok(write_epochs(&self.dir.epochs(), &self.rows)?)
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
        let model = self.state.evaluated();
        let batches = self.state.progress.batches_in_all();
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
    ) -> Result<Evaluation> {
        let network = self.architecture.network(self.state.evaluated())?;
        let input = EvaluationInput {
            network: network.as_ref(),
            folder: &self.valid.folder,
            source: &self.valid.source,
            settings: ModelSettings {
                precision: self.config.train.precision,
                ..ModelSettings::default()
            },
        };
        // Unreadable images and other files were reported at the start.
        let mut quiet = |event: Event| match event {
            Event::Skipped(_) | Event::OtherFiles { .. } | Event::MoreFrames(_) => {}
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
            learning_rates: schedule::learning_rates(&self.config.train, plateau, epoch),
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

/// The image was readable at the start; training without it would change the run.
fn refuse_unreadable(batch: Batch) -> Result<Batch> {
    let Some(skipped) = batch.skipped.first() else {
        return Ok(batch);
    };
    let (path, reason) = (skipped.path.display(), &skipped.reason);
    let problem = format!("{path}: {reason}; it could be read before: --resume goes on");
    Err(EngineError::Failed(problem))
}

/// More measures of an epoch; empty where it was not evaluated.
fn measure_row(epoch: u64, evaluation: Option<&Evaluation>) -> MeasureRow {
    let measures = evaluation.and_then(|evaluation| evaluation.measures.as_ref());
    measures.map_or_else(
        || MeasureRow {
            epoch,
            ..MeasureRow::default()
        },
        |measures| MeasureRow {
            epoch,
            grid_squared_l2: measures.grid_squared_l2,
            grid_l2: measures.grid_l2,
            chance_corrected: measures.chance_corrected,
        },
    )
}
