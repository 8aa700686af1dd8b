//! TensorBoard event files.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use mitsume_artifacts::{Action, ArtifactError, EpochRow};
use tfrecord::{EventMeta, EventWriter, EventWriterConfig};

use crate::{EngineError, Result};

/// Writes scalars with TensorBoard's naming, `group/name`.
pub(super) struct TensorBoard {
    writer: EventWriter<BufWriter<File>>,
    folder: PathBuf,
}

impl TensorBoard {
    /// Creates an event file. A resumed run gets a second one; TensorBoard shows both as one curve.
    pub fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .map_err(|error| ArtifactError::io(Action::Create, folder, error))?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let name = format!(
            "events.out.tfevents.{:010}.{:09}.mitsume",
            now.as_secs(),
            now.subsec_nanos()
        );
        let config = EventWriterConfig { auto_flush: false };
        let writer = EventWriter::create(folder.join(name), config);
        Ok(TensorBoard {
            writer: writer.map_err(|error| failed(folder, error))?,
            folder: folder.to_owned(),
        })
    }

    /// The curves of an epoch: a point of every column that has a value.
    pub fn epoch(&mut self, row: &EpochRow) -> Result<()> {
        for (column, value) in row.values() {
            if let Some((tag, value)) = tag(column).zip(value) {
                self.scalar(&tag, row.epoch, value)?;
            }
        }
        self.writer
            .flush()
            .map_err(|error| failed(&self.folder, error))
    }

    fn scalar(&mut self, tag: &str, step: u64, value: f64) -> Result<()> {
        let meta = EventMeta::with_step(step as i64);
        let written = self.writer.write_scalar(tag, meta, value as f32);
        written.map_err(|error| failed(&self.folder, error))
    }
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

fn failed(folder: &Path, error: tfrecord::Error) -> EngineError {
    let error = match error {
        tfrecord::Error::IoError(error) => error,
        other => std::io::Error::other(other),
    };
    ArtifactError::io(Action::Write, folder, error).into()
}
