//! Metadata of a weight file.

use std::path::Path;

use mitsume_artifacts::precision_name;
use mitsume_data::ImageTransform;
use mitsume_nn::{Precision, weights};
use serde::{Deserialize, Serialize};

use crate::{EngineError, Result};

/// Metadata that training writes into a weight file, so that the file alone is enough to use the
/// network as it was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightMetadata {
    /// `level1` to `level5`.
    pub model: String,
    /// Class names in label order.
    pub classes: Vec<String>,
    /// Side of the images it was trained on.
    pub image_size: usize,
    /// Image transform of its training. Older files do not have it and were all trained with the
    /// default.
    #[serde(rename = "view", default)]
    pub transform: ImageTransform,
    /// Precision of its convolutions in training; files of float32 do not have it.
    #[serde(default, with = "precision_name")]
    #[serde(skip_serializing_if = "precision_name::is_float32")]
    pub precision: Precision,
}

/// Largest image side that a run can train on.
const MAX_IMAGE_SIDE: usize = 4096;

impl WeightMetadata {
    /// Reads the metadata of a weight file; `None` if the file was not written by training.
    ///
    /// # Errors
    /// Metadata that cannot be parsed, or with values that training cannot have written.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let damaged = |problem: String| {
            EngineError::Request(format!(
                "{}: its note on how it was trained is damaged: {problem}",
                path.display()
            ))
        };
        let Some(text) = weights::read_metadata(path) else {
            return Ok(None);
        };
        let metadata: Self =
            serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let side = metadata.image_size;
        if !(1..=MAX_IMAGE_SIDE).contains(&side) {
            return Err(damaged(format!(
                "image_size {side}: 1 to {MAX_IMAGE_SIDE} expected"
            )));
        }
        let transform = metadata.transform.validate([side; 2]);
        transform.map_err(|error| damaged(error.to_string()))?;
        Ok(Some(metadata))
    }
}
