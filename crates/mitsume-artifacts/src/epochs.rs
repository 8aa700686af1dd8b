//! `epochs.csv`: one row per epoch, rewritten after each epoch.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::epoch_table::{self, EpochTableRow, columns};
use crate::evaluation::Evaluation;

/// One finished epoch. The fields are the columns, in order. New columns are appended as `Option`,
/// so that older files can be read.
///
/// An empty field is a value that was not computed (`train_cam_loss` at lambda 0; in an epoch without
/// evaluation all of the validation images) or is not defined (a consistency with no correctly
/// classified image).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochRow {
    /// Counted from 1.
    pub epoch: u64,
    /// The learning rate this epoch was trained with.
    pub learning_rate: f64,
    /// lambda_t of the curriculum in this epoch.
    pub lambda: f64,
    /// Mean training loss over the images: cross-entropy + lambda * CAM loss.
    pub train_loss: f64,
    /// Mean training cross-entropy over the images.
    pub train_cross_entropy: f64,
    /// Mean CAM loss over the images: each step's, weighted by its images.
    pub train_cam_loss: Option<f64>,
    /// Share of training images predicted correctly while training, in [0, 1].
    pub train_accuracy: f64,
    /// Cross-entropy on the validation set.
    pub val_loss: Option<f64>,
    /// Accuracy on the validation set, in [0, 1].
    pub val_accuracy: Option<f64>,
    /// Cohen's kappa on the validation set.
    pub kappa: Option<f64>,
    /// Consistency by the definition (`squared-l2`), lower is more consistent.
    pub consistency_squared_l2: Option<f64>,
    /// Consistency as the published code computes it (`l2`), lower is more consistent.
    pub consistency_l2: Option<f64>,
    /// Number of correctly classified images, over which the consistency is computed.
    pub counted: Option<u64>,
    /// Wall-clock seconds of the epoch, evaluation included.
    pub seconds: f64,
}

/// Means over the training images of an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TrainingMeans {
    /// Cross-entropy + lambda * CAM loss.
    pub loss: f64,
    /// Cross-entropy.
    pub cross_entropy: f64,
    /// CAM loss; `None` if lambda is 0.
    pub cam_loss: Option<f64>,
    /// Share of images predicted correctly, in [0, 1].
    pub accuracy: f64,
}

impl EpochRow {
    /// The row of an epoch, from its training and, where there is one, its evaluation. `seconds` is the
    /// wall-clock time of both.
    pub fn new(
        epoch: u64,
        [learning_rate, lambda]: [f64; 2],
        training: &TrainingMeans,
        evaluation: Option<&Evaluation>,
        seconds: f64,
    ) -> Self {
        let row = Self {
            epoch,
            learning_rate,
            lambda,
            train_loss: training.loss,
            train_cross_entropy: training.cross_entropy,
            train_cam_loss: training.cam_loss,
            train_accuracy: training.accuracy,
            seconds,
            ..Self::default()
        };
        match evaluation {
            Some(evaluation) => row.with_evaluation(evaluation),
            None => row,
        }
    }

    /// The row with the values of an evaluation.
    #[must_use]
    pub fn with_evaluation(self, evaluation: &Evaluation) -> Self {
        Self {
            val_loss: Some(evaluation.cross_entropy),
            val_accuracy: Some(evaluation.accuracy),
            kappa: Some(evaluation.kappa),
            consistency_squared_l2: evaluation.consistency.squared_l2,
            consistency_l2: evaluation.consistency.l2,
            counted: Some(evaluation.consistency.counted),
            ..self
        }
    }

    /// Whether the epoch was evaluated.
    pub fn is_evaluated(&self) -> bool {
        self.kappa.is_some()
    }

    /// The last of the epochs that was evaluated.
    pub fn last_evaluated(epochs: &[Self]) -> Option<&Self> {
        epochs.iter().rev().find(|row| row.is_evaluated())
    }

    /// All columns with their values, in order; `None` if the field is empty.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, Option<f64>)> {
        let row = serde_json::to_value(self).expect("plain data serialises");
        columns::<Self>()
            .iter()
            .map(move |name| (*name, row[*name].as_f64()))
    }
}

impl EpochTableRow for EpochRow {
    const FIRST_COLUMNS: usize = 14;

    fn epoch(&self) -> u64 {
        self.epoch
    }
}

/// Writes all rows, replacing the file atomically. A resumed run passes the rows up to its
/// checkpoint, which removes later ones.
///
/// # Errors
/// [`ArtifactError::Io`](crate::ArtifactError::Io) naming `path`.
pub fn write_epochs(path: &Path, rows: &[EpochRow]) -> Result<()> {
    epoch_table::write(path, rows)
}

/// Reads all rows.
///
/// # Errors
/// [`ArtifactError`](crate::ArtifactError) naming the file and line: other columns, a value
/// that is not a number, epochs other than 1, 2, 3, ...
pub fn read_epochs(path: &Path) -> Result<Vec<EpochRow>> {
    epoch_table::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(epoch: u64) -> EpochRow {
        EpochRow {
            epoch,
            learning_rate: 1e-4,
            lambda: 0.1 + 0.2,
            train_loss: 1.0 / 3.0,
            train_cross_entropy: f64::MIN_POSITIVE,
            train_cam_loss: None,
            train_accuracy: 0.25,
            val_loss: Some(1.5),
            val_accuracy: Some(0.5),
            kappa: Some(-0.125),
            consistency_squared_l2: Some(0.031_25),
            consistency_l2: None,
            counted: Some(7),
            seconds: 12.5,
        }
    }

    #[test]
    fn rows_come_back_exactly_with_empty_fields_where_undefined() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("epochs.csv");
        write_epochs(&path, &[row(1), row(2)]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next().unwrap(), columns::<EpochRow>().join(","));
        assert_eq!(
            lines.next().unwrap(),
            "1,0.0001,0.30000000000000004,0.3333333333333333,2.2250738585072014e-308,,0.25,1.5,0.5,\
             -0.125,0.03125,,7,12.5"
        );
        assert_eq!(read_epochs(&path).unwrap(), [row(1), row(2)]);
    }

    #[test]
    fn an_epoch_without_evaluation_has_empty_fields() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("epochs.csv");
        let training = TrainingMeans {
            loss: 0.5,
            cross_entropy: 0.25,
            cam_loss: None,
            accuracy: 0.75,
        };
        let trained = EpochRow::new(2, [0.1, 0.0], &training, None, 3.0);
        let rows = [row(1), trained, row(3)];
        write_epochs(&path, &rows).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text.lines().nth(2),
            Some("2,0.1,0.0,0.5,0.25,,0.75,,,,,,,3.0")
        );
        assert_eq!(read_epochs(&path).unwrap(), rows);
        assert_eq!(EpochRow::last_evaluated(&rows[..2]).unwrap().epoch, 1);
        assert_eq!(EpochRow::last_evaluated(&rows).unwrap().epoch, 3);
        assert!(EpochRow::last_evaluated(&rows[1..2]).is_none());
    }

    #[test]
    fn a_run_without_epochs_has_the_header() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("epochs.csv");
        write_epochs(&path, &[]).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            columns::<EpochRow>().join(",") + "\n"
        );
        assert_eq!(read_epochs(&path).unwrap(), []);
    }

    #[test]
    fn foreign_and_damaged_files_are_refused_with_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("epochs.csv");
        let refuse = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read_epochs(&path).unwrap_err().to_string()
        };
        assert!(refuse("a,b\n1,2\n").contains("the first line must be \"epoch,learning_rate"));
        let header = columns::<EpochRow>().join(",");
        assert!(refuse(&format!("{header}\n1,x,0,0,0,,0,0,0,0,,,0,0\n")).contains("line: 2"));
        assert!(refuse(&format!("{header}\n1,0,0,0\n")).contains("line: 2"));
        let skipped = refuse(&format!("{header}\n2,0,0,0,0,,0,0,0,0,,,0,0\n"));
        assert!(
            skipped.contains("epoch 2 where epoch 1 should follow"),
            "{skipped}"
        );
    }
}
