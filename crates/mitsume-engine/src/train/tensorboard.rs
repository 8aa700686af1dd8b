//! TensorBoard event files.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use mitsume_artifacts::{ArtifactError, EpochRow};
use tfrecord::{EventMeta, EventWriter, EventWriterConfig};

use crate::{EngineError, Result};

/// Appends scalars under TensorBoard's naming, `group/name`.
pub(super) struct TensorBoard {
    writer: EventWriter<BufWriter<File>>,
    folder: PathBuf,
}

impl TensorBoard {
    /// A new event file; a resumed run gets a second one, which TensorBoard shows as one curve.
    pub fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .map_err(|error| ArtifactError::io("create", folder, error))?;
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

    /// The curves of an epoch.
    pub fn epoch(&mut self, row: &EpochRow) -> Result<()> {
        let always = [
            ("loss/train", row.train_loss),
            ("loss/train_cross_entropy", row.train_cross_entropy),
            ("loss/valid", row.val_loss),
            ("accuracy/train", row.train_accuracy),
            ("accuracy/valid", row.val_accuracy),
            ("kappa/valid", row.kappa),
            ("schedule/learning_rate", row.learning_rate),
            ("schedule/lambda", row.lambda),
        ];
        let sometimes = [
            ("loss/train_cam", row.train_cam_loss),
            ("consistency/squared_l2", row.consistency_squared_l2),
            ("consistency/l2", row.consistency_l2),
        ];
        for (tag, value) in always {
            self.scalar(tag, row.epoch, value)?;
        }
        for (tag, value) in sometimes {
            if let Some(value) = value {
                self.scalar(tag, row.epoch, value)?;
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

fn failed(folder: &Path, error: tfrecord::Error) -> EngineError {
    let error = match error {
        tfrecord::Error::IoError(error) => error,
        other => std::io::Error::other(other),
    };
    ArtifactError::io("write", folder, error).into()
}
