//! `removal.json`: data sets whose images had pixels removed.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::environment::write_json;
use crate::{ModelSummary, Result};

/// In which order pixels are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemovalOrder {
    /// By the model's map, the most relevant first.
    Map,
    /// By a map of the same feature maps with random weights.
    RandomMap,
    /// Pixel by pixel at random.
    RandomPixels,
}

impl RemovalOrder {
    /// Its name, as in the JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::RandomMap => "random-map",
            Self::RandomPixels => "random-pixels",
        }
    }
}

/// What `mitsume data remove` made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemovalRecord {
    /// The model and its map method; maps are of the predicted class.
    pub model: ModelSummary,
    /// Seed of the random orders.
    pub seed: u64,
    /// The colour of a removed pixel by channel, 0 to 255: the mean of the training images.
    pub mean: Vec<u8>,
    /// Training and test images of each set.
    pub images: [u64; 2],
    /// Maps of the model that are constant: their pixels went in reading order.
    pub constant_maps: u64,
    /// The sets, each a folder of its name.
    pub sets: Vec<RemovedSet>,
}

/// One set of images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemovedSet {
    /// Name of its folder.
    pub name: String,
    /// In which order pixels were removed; `None` for the unchanged images.
    pub order: Option<RemovalOrder>,
    /// Share of the pixels that were removed.
    pub share: f64,
}

impl RemovalRecord {
    /// Writes it as JSON.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_json(path, self)
    }
}
