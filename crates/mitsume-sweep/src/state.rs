//! How far a cell is, from what its folder holds.

use std::io::ErrorKind;

use mitsume_artifacts::{EvaluationDir, read_epochs};
use mitsume_guard::file::read_to_string;
use serde::Serialize;

use crate::{Cell, Result, SweepDir, lock};

/// The longest reason of a failure that is read, in bytes.
const LARGEST_FAILURE: u64 = 1 << 20;

/// What can be said of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CellState {
    /// Not begun.
    Waiting,
    /// A process works on it.
    Running,
    /// Begun, and to be gone on with.
    Interrupted,
    /// Ended with an error; the same command tries again.
    Failed,
    /// All epochs are done and evaluated.
    Finished,
}

/// How far a cell is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellStatus {
    /// The cell's name.
    pub name: String,
    /// Its state.
    pub state: CellState,
    /// Epochs done.
    pub epochs_done: u64,
    /// Epochs asked for.
    pub epochs: u64,
    /// Cohen's kappa after the last epoch done.
    pub kappa: Option<f64>,
    /// Consistency as defined, after the last epoch done.
    pub squared_l2: Option<f64>,
    /// Consistency as published.
    pub l2: Option<f64>,
    /// Mean seconds of an epoch.
    pub seconds_per_epoch: Option<f64>,
    /// Why it failed.
    pub error: Option<String>,
}

impl CellStatus {
    pub(crate) fn read(sweep: &SweepDir, cell: &Cell) -> Result<Self> {
        let run = sweep.run_dir(cell);
        let rows = if run.epochs().is_file() {
            read_epochs(&run.epochs())?
        } else {
            Vec::new()
        };
        let last = rows.last();
        let epochs = cell.config.train.epochs;
        let epochs_done = rows.len() as u64;
        let error = match read_to_string(&sweep.failure(cell), LARGEST_FAILURE) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => Some(format!("its reason cannot be read: {error}")),
        };
        // The evaluation at the end is the last thing a run writes.
        let evaluated = EvaluationDir::new(run.evaluation()).is_evaluation();
        let finished = epochs_done >= epochs && run.weights().is_file() && evaluated;
        let state = if finished {
            CellState::Finished
        } else if lock::is_held(&sweep.lock(cell)) {
            CellState::Running
        } else if error.is_some() {
            CellState::Failed
        } else if run.is_run() {
            CellState::Interrupted
        } else {
            CellState::Waiting
        };
        Ok(Self {
            name: cell.name.clone(),
            state,
            epochs_done,
            epochs,
            kappa: last.map(|row| row.kappa),
            squared_l2: last.and_then(|row| row.consistency_squared_l2),
            l2: last.and_then(|row| row.consistency_l2),
            seconds_per_epoch: (!rows.is_empty())
                .then(|| rows.iter().map(|row| row.seconds).sum::<f64>() / rows.len() as f64),
            error: error.filter(|_| state == CellState::Failed),
        })
    }
}
