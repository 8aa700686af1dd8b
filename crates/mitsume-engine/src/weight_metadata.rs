//! What a weight file says of itself.

use std::path::Path;

use mitsume_data::ImageTransform;
use mitsume_nn::weights;
use serde::{Deserialize, Serialize};

use crate::{EngineError, Result};

/// What training writes into a weight file's metadata, so that the file alone can be used as it was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightMetadata {
    /// `level1` to `level5`.
    pub model: String,
    /// Class names in label order.
    pub classes: Vec<String>,
    /// Side of the images it was trained on.
    pub image_size: usize,
    /// What it was shown of them, and in which numbers. Older files do not have it: all of them were
    /// written by training, which shows images as the default says.
    #[serde(rename = "view", default)]
    pub transform: ImageTransform,
}

/// Longest side of the images a run trains on.
const LONGEST: usize = 4096;

impl WeightMetadata {
    /// The note of a weight file; none where the file was not written by training.
    ///
    /// # Errors
    /// A note that cannot be read, or that no training could have written.
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
        let note: Self = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let side = note.image_size;
        if !(1..=LONGEST).contains(&side) {
            return Err(damaged(format!(
                "image_size {side}: 1 to {LONGEST} expected"
            )));
        }
        let transform = note.transform.validate([side; 2]);
        transform.map_err(|error| damaged(error.to_string()))?;
        Ok(Some(note))
    }
}
