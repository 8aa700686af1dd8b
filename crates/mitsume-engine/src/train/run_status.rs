//! Status of a run.

use std::path::PathBuf;

use mitsume_artifacts::{RunConfig, RunDir, read_epochs};

use super::checkpoint;
use crate::Result;

/// Progress of a run, as of its last checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunStatus {
    /// The run directory.
    pub run: PathBuf,
    /// Epochs finished.
    pub epochs_done: u64,
    /// Epochs of its configuration.
    pub epochs: u64,
    /// Steps finished, including those of an unfinished epoch.
    pub steps_done: u64,
    /// `train.early_stopping`, if it ended the run before its last epoch.
    pub stopped_early_after: Option<u64>,
    /// The checkpoint's weight file; of the moving average, where there is one.
    pub weights: PathBuf,
    /// The ONNX file with these weights; there if the run trains one, but not in a checkpoint of an
    /// earlier version.
    pub onnx: PathBuf,
}

impl RunStatus {
    /// Reads the status of the run in `dir` with configuration `config`; `None` before its first
    /// checkpoint.
    ///
    /// # Errors
    /// A checkpoint that cannot be read.
    pub fn read(dir: &RunDir, config: &RunConfig) -> Result<Option<Self>> {
        let folder = dir.checkpoint();
        if !checkpoint::exists(&folder)? {
            return Ok(None);
        }
        let progress = checkpoint::read_progress(&folder)?;
        let done = progress.epochs_done;
        let patience = config.train.best.early_stopping;
        let stopped_early_after =
            match patience.filter(|_| (1..config.train.epochs).contains(&done)) {
                Some(patience) => {
                    let mut rows = read_epochs(&dir.epochs())?;
                    rows.retain(|row| row.epoch <= done);
                    // After it there is no step, but in a run that is resumed with more patience.
                    let at_the_end = progress.batches_done == 0;
                    (at_the_end && config.train.stopped_early(&rows)).then_some(patience)
                }
                None => None,
            };
        Ok(Some(Self {
            stopped_early_after,
            run: dir.root().to_owned(),
            epochs_done: progress.epochs_done,
            epochs: config.train.epochs,
            steps_done: progress.steps_done,
            weights: checkpoint::evaluated_weights(&folder),
            onnx: checkpoint::model(&folder),
        }))
    }

    /// Whether all epochs are done.
    pub fn is_finished(&self) -> bool {
        self.epochs_done >= self.epochs || self.stopped_early_after.is_some()
    }
}
