//! The curves of a run for TensorBoard.

mod event_file;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mitsume_artifacts::{Action, ArtifactError, EpochRow};

use crate::{EngineError, Result};
use event_file::Event;

/// Writes scalars with TensorBoard's naming, `group/name`.
pub(super) struct TensorBoard {
    file: BufWriter<File>,
    path: PathBuf,
}

impl TensorBoard {
    /// Creates an event file. A resumed run gets a second one; TensorBoard shows both as one curve.
    pub fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .map_err(|error| ArtifactError::io(Action::Create, folder, error))?;
        let now = since_1970();
        let path = folder.join(format!(
            "events.out.tfevents.{:010}.{:09}.mitsume",
            now.as_secs(),
            now.subsec_nanos()
        ));
        let file = File::create(&path);
        let file = file.map_err(|error| ArtifactError::io(Action::Create, &path, error))?;
        let file = BufWriter::new(file);
        let mut board = TensorBoard { file, path };
        board.write(&Event::first(now.as_secs_f64()))?;
        Ok(board)
    }

    /// The curves of an epoch: a point of every column that has a value.
    pub fn epoch(&mut self, row: &EpochRow) -> Result<()> {
        for (column, value) in row.values() {
            if let Some((tag, value)) = tag(column).zip(value) {
                self.scalar(&tag, row.epoch, value)?;
            }
        }
        self.file.flush().map_err(|error| self.failed(error))
    }

    fn scalar(&mut self, tag: &str, step: u64, value: f64) -> Result<()> {
        let now = since_1970().as_secs_f64();
        self.write(&Event::scalar(now, step as i64, tag, value as f32))
    }

    fn write(&mut self, event: &Event) -> Result<()> {
        event
            .write(&mut self.file)
            .map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> EngineError {
        ArtifactError::io(Action::Write, &self.path, error).into()
    }
}

fn since_1970() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default()
}

/// The name of a column's curve; none of columns that are no curve.
fn tag(column: &str) -> Option<String> {
    let tag = match column {
        "epoch" | "counted" | "seconds" => return None,
        "train_loss" => "loss/train",
        "train_cross_entropy" => "loss/train_cross_entropy",
        "train_cam_loss" => "loss/train_cam",
        "val_loss" => "loss/valid",
        "train_accuracy" => "accuracy/train",
        "val_accuracy" => "accuracy/valid",
        "kappa" => "kappa/valid",
        "learning_rate" => "schedule/learning_rate",
        "lambda" => "schedule/lambda",
        "consistency_squared_l2" => "consistency/squared_l2",
        "consistency_l2" => "consistency/l2",
        other => return Some(format!("epoch/{other}")),
    };
    Some(tag.to_owned())
}
