//! A model as a file: weights, and what a user needs to know to use them.

use std::path::Path;

use burn::tensor::Device;
use mitsume_nn::{Classifier, Level, weights};
use serde::{Deserialize, Serialize};

use crate::network::LevelNetwork;
use crate::{LabError, Result};

/// What training writes into a weight file's metadata, so that the file alone can be explained
/// with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelNote {
    /// `level1` to `level5`.
    pub model: String,
    /// Class names in label order.
    pub classes: Vec<String>,
    /// Side of the images it was trained on.
    pub image_size: usize,
}

/// A level's classifier read from a file.
pub struct LoadedModel {
    /// The network, with channels and classes read off the weights, on a device without autodiff.
    pub network: LevelNetwork,
    /// What training noted, if the file was written by it.
    pub note: Option<ModelNote>,
}

impl LoadedModel {
    /// Class names: the note's where they fit, else `class 0`, `class 1`, ...
    pub fn class_names(&self) -> Vec<String> {
        let classes = self.network.spec.classes;
        match &self.note {
            Some(note) if note.classes.len() == classes => note.classes.clone(),
            _ => numbered_classes(classes),
        }
    }
}

/// `class 0`, `class 1`, ...: names where there are none.
pub fn numbered_classes(classes: usize) -> Vec<String> {
    (0..classes).map(|class| format!("class {class}")).collect()
}

/// Reads `model` (`level1` to `level5`) with the weights of `path` onto `device`.
///
/// # Errors
/// A name that is no level; weights that cannot be read or do not fit.
pub fn load_model(model: &str, path: &Path, device: &Device) -> Result<LoadedModel> {
    let level: Level = model.parse().map_err(LabError::Request)?;
    let weights = weights::Weights::open(path)?;
    let spec = weights.spec(level)?;
    let mut model = Classifier::new(spec, 0, device);
    weights.apply(level, &mut model)?;
    let note = weights::read_note(path).and_then(|note| serde_json::from_str(&note).ok());
    let network = LevelNetwork { spec, model };
    Ok(LoadedModel { network, note })
}
