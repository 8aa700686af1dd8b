//! A level's classifier from a weight file, with the preprocessing it was trained with.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use mitsume_artifacts::{ModelSetting, ModelSettings, Override, Preprocessing};
use mitsume_data::ImageTransform;
use mitsume_nn::{Classifier, Level, Precision, supports_precision, weights};
use serde_json::Value;

use crate::network::{LevelNetwork, Network};
use crate::{EngineError, Result, WeightMetadata};

/// Image side of the published networks.
const PUBLISHED_IMAGE_SIDE: usize = 224;

/// A level's classifier, read from a weight file.
pub struct LoadedModel {
    /// The network, with channels and classes as in the weights, on a device without autodiff.
    pub network: LevelNetwork,
    /// Metadata of its training, if the file was written by a run.
    pub metadata: Option<WeightMetadata>,
    path: PathBuf,
}

/// Input of a model: size and preprocessing of its images.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInput {
    /// Side of the images.
    pub size: usize,
    /// Image transform.
    pub transform: ImageTransform,
    /// Where they differ from those of training, or had to be assumed.
    pub settings: ModelSettings,
}

impl LoadedModel {
    /// Reads the weights of `path` into `level`, on `device`, in the precision they were trained in if
    /// the device has it, else in float32.
    ///
    /// # Errors
    /// Weights that cannot be read or do not fit; metadata that contradicts them.
    pub fn open(level: Level, path: &Path, device: &Device) -> Result<Self> {
        let weights = weights::Weights::open(path)?;
        let spec = weights.spec(level)?;
        let mut model = Classifier::new(spec, 0, device);
        weights.apply(level, &mut model)?;
        let metadata = WeightMetadata::read(path)?;
        let trained = metadata.as_ref().map(|metadata| metadata.precision);
        // Another device computes weights that were trained in bfloat16 in float32.
        let precision = trained.filter(|precision| supports_precision(*precision, device));
        let model = model.with_precision(precision.unwrap_or_default());
        if let Some(metadata) = metadata
            .as_ref()
            .filter(|metadata| metadata.classes.len() != spec.classes)
        {
            return Err(EngineError::Request(format!(
                "{}: its note names {} classes, its last layer has {}",
                path.display(),
                metadata.classes.len(),
                spec.classes
            )));
        }
        Ok(LoadedModel {
            network: LevelNetwork { spec, model },
            metadata,
            path: path.to_owned(),
        })
    }

    /// The model with the convolutions of its trunk in `precision`.
    ///
    /// # Errors
    /// A precision that its device does not compute in.
    pub fn with_precision(mut self, precision: Precision) -> Result<Self> {
        if !supports_precision(precision, &self.network.device()) {
            return Err(EngineError::Request(format!(
                "--precision {precision}: for --device cpu; other devices compute in float32"
            )));
        }
        self.network.model = self.network.model.with_precision(precision);
        Ok(self)
    }

    /// Size and preprocessing of its images: as `given`, otherwise as in training, and without
    /// metadata as for the published networks.
    ///
    /// # Errors
    /// Other channels than the weights'; a size below the level's minimum.
    pub fn input(&self, given: &Preprocessing) -> Result<ModelInput> {
        let spec = self.network.spec;
        if let Some(channels) = given.channels.filter(|&channels| channels != spec.channels) {
            return Err(EngineError::Request(format!(
                "--channels {channels}: {} takes images of {}",
                self.path.display(),
                spec.channels
            )));
        }
        let trained = self.metadata.as_ref().map(|metadata| ImagePreparation {
            size: metadata.image_size,
            transform: metadata.transform,
        });
        let base = trained.unwrap_or(ImagePreparation {
            size: PUBLISHED_IMAGE_SIDE,
            transform: ImageTransform::default(),
        });
        let size = given.size.unwrap_or(base.size);
        let smallest = spec.level.min_image_side();
        if size < smallest {
            return Err(EngineError::Request(format!(
                "--image-size: {size} is too small for {}: at least {smallest}",
                spec.level
            )));
        }
        let precision = self.network.model.trunk.precision;
        if let Some(metadata) = &self.metadata {
            let mut input = ModelInput::of_trained(metadata, given);
            let settings = &mut input.settings;
            settings.precision = precision;
            settings
                .overrides
                .extend(precision_override(metadata.precision, precision));
            return Ok(input);
        }
        Ok(ModelInput {
            size,
            transform: given.transform(base.transform),
            settings: ModelSettings {
                overrides: Vec::new(),
                assumed: assumed_settings(given),
                precision,
            },
        })
    }
}

impl ModelInput {
    /// Size and preprocessing as `given`, otherwise as in training; in float32.
    pub fn of_trained(metadata: &WeightMetadata, given: &Preprocessing) -> Self {
        let trained = ImagePreparation {
            size: metadata.image_size,
            transform: metadata.transform,
        };
        let used = ImagePreparation {
            size: given.size.unwrap_or(trained.size),
            transform: given.transform(trained.transform),
        };
        Self {
            size: used.size,
            transform: used.transform,
            settings: ModelSettings {
                overrides: overrides(trained, used),
                assumed: Vec::new(),
                precision: Precision::Float32,
            },
        }
    }
}

/// Side and transform of a network's images.
#[derive(Clone, Copy)]
struct ImagePreparation {
    size: usize,
    transform: ImageTransform,
}

/// Settings of `used` that differ from `trained`.
fn overrides(trained: ImagePreparation, used: ImagePreparation) -> Vec<Override> {
    let pairs = recorded_settings(trained).zip(recorded_settings(used));
    pairs
        .filter(|((_, trained_with), (_, used))| trained_with != used)
        .map(|((key, trained_with), (_, used))| Override {
            key,
            trained_with,
            used,
        })
        .collect()
}

/// An override if the convolutions are computed in another precision than in training.
fn precision_override(trained: Precision, used: Precision) -> Option<Override> {
    (trained != used).then(|| Override {
        key: ModelSetting::Precision,
        trained_with: trained.name().into(),
        used: used.name().into(),
    })
}

/// Settings with their values as the JSON files record them.
fn recorded_settings(preparation: ImagePreparation) -> impl Iterator<Item = (ModelSetting, Value)> {
    let transform = preparation.transform;
    let numbers = |values: [f32; 3]| Value::from(values.map(shortest_decimal).to_vec());
    let settings = [
        (ModelSetting::ImageSize, preparation.size.into()),
        (ModelSetting::Crop, transform.crop.into()),
        (
            ModelSetting::Interpolation,
            serde_json::to_value(transform.interpolation).expect("a name serialises"),
        ),
        (ModelSetting::Mean, numbers(transform.mean)),
        (ModelSetting::Std, numbers(transform.std)),
    ];
    settings.into_iter()
}

/// The f64 with the shortest decimal form of an f32: 0.485, not 0.48500001430511475.
fn shortest_decimal(value: f32) -> f64 {
    value.to_string().parse().expect("a number reads back")
}

/// Settings that neither the user nor the weights give.
fn assumed_settings(given: &Preprocessing) -> Vec<ModelSetting> {
    let settings = [
        (ModelSetting::ImageSize, given.size.is_some()),
        (ModelSetting::Crop, given.crop.is_some()),
        (ModelSetting::Interpolation, given.interpolation.is_some()),
        (ModelSetting::Mean, given.mean.is_some()),
        (ModelSetting::Std, given.std.is_some()),
    ];
    let missing = settings.into_iter().filter(|(_, given)| !given);
    missing.map(|(setting, _)| setting).collect()
}
