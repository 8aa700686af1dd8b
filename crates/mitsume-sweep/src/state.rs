//! Status of a cell, from the files in its folder.

use std::io::ErrorKind;

use mitsume_artifacts::{EpochRow, EvaluationDir, Lock, read_epochs};
use mitsume_guard::file::read_to_string;
use serde::Serialize;

use crate::{Cell, Result, SweepDir};

/// Largest failure message that is read, in bytes.
const MAX_FAILURE_BYTES: u64 = 1 << 20;

/// State of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CellState {
    /// Not started.
    Waiting,
    /// A process runs it.
    Running,
    /// Started and not finished; it can be resumed.
    Interrupted,
    /// Ended with an error; the same command tries it again.
    Failed,
    /// Trained and evaluated.
    Finished,
}

/// State and progress of a cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellStatus {
    /// The cell's name.
    pub name: String,
    /// Its state.
    pub state: CellState,
    /// Number of finished epochs.
    pub epochs_done: u64,
    /// Number of configured epochs.
    pub epochs: u64,
    /// Cohen's kappa after the last epoch that was evaluated.
    pub kappa: Option<f64>,
    /// Consistency by the definition (`squared-l2`) after that epoch.
    pub squared_l2: Option<f64>,
    /// Consistency as published (`l2`).
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
        let last = EpochRow::last_evaluated(&rows);
        let epochs = cell.config.train.epochs;
        let epochs_done = rows.len() as u64;
        let error = match read_to_string(&sweep.failure(cell), MAX_FAILURE_BYTES) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => Some(format!("its reason cannot be read: {error}")),
        };
        // A run writes its evaluation last.
        let evaluated = EvaluationDir::new(run.evaluation()).is_evaluation();
        let finished = cell.config.train.is_done(&rows) && run.weights().is_file() && evaluated;
        let state = if finished {
            CellState::Finished
        } else if Lock::is_held(&sweep.lock(cell)) {
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
            kappa: last.and_then(|row| row.kappa),
            squared_l2: last.and_then(|row| row.consistency_squared_l2),
            l2: last.and_then(|row| row.consistency_l2),
            seconds_per_epoch: (!rows.is_empty())
                .then(|| rows.iter().map(|row| row.seconds).sum::<f64>() / rows.len() as f64),
            error: error.filter(|_| state == CellState::Failed),
        })
    }
}
