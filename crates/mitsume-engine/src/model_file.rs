//! One of the five levels read from a weight file, and how it wants its images.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use mitsume_artifacts::{ModelSetting, ModelSettings, Override, Preprocessing};
use mitsume_data::ImageTransform;
use mitsume_nn::{Classifier, Level, weights};
use serde_json::Value;

use crate::network::LevelNetwork;
use crate::{EngineError, Result, WeightMetadata};

/// Side of the published networks' images.
const PUBLISHED: usize = 224;

/// A level's classifier read from a file.
pub struct LoadedModel {
    /// The network, with channels and classes read off the weights, on a device without autodiff.
    pub network: LevelNetwork,
    /// What training noted, if the file was written by it.
    pub metadata: Option<WeightMetadata>,
    path: PathBuf,
}

/// How images are prepared for a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInput {
    /// Side of its images.
    pub size: usize,
    /// What it is shown of them, and in which numbers.
    pub transform: ImageTransform,
    /// How that stands to what it was trained with.
    pub settings: ModelSettings,
}

impl LoadedModel {
    /// Reads the weights of `path` into `level`, on `device`.
    ///
    /// # Errors
    /// Weights that cannot be read or do not fit; a note that contradicts them.
    pub fn open(level: Level, path: &Path, device: &Device) -> Result<Self> {
        let weights = weights::Weights::open(path)?;
        let spec = weights.spec(level)?;
        let mut model = Classifier::new(spec, 0, device);
        weights.apply(level, &mut model)?;
        let metadata = WeightMetadata::read(path)?;
        if let Some(metadata) = metadata
            .as_ref()
            .filter(|n| n.classes.len() != spec.classes)
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

    /// How its images are prepared: as `given`, for the rest as it was trained, and where the file does not say that,
    /// as the published networks were.
    ///
    /// # Errors
    /// Channels that are not the weights'; a size below the level's smallest.
    pub fn input(&self, given: &Preprocessing) -> Result<ModelInput> {
        let spec = self.network.spec;
        if let Some(channels) = given.channels.filter(|&channels| channels != spec.channels) {
            return Err(EngineError::Request(format!(
                "--channels {channels}: {} takes images of {}",
                self.path.display(),
                spec.channels
            )));
        }
        let trained = self
            .metadata
            .as_ref()
            .map(|metadata| (metadata.image_size, metadata.transform));
        let base = trained.unwrap_or((PUBLISHED, ImageTransform::default()));
        let size = given.size.unwrap_or(base.0);
        let smallest = spec.level.min_image_side();
        if size < smallest {
            return Err(EngineError::Request(format!(
                "--image-size: {size} is too small for {}: at least {smallest}",
                spec.level
            )));
        }
        let transform = given.transform(base.1);
        let settings = match trained {
            Some((trained_size, trained_transform)) => ModelSettings {
                overrides: overrides((trained_size, &trained_transform), (size, &transform)),
                assumed: Vec::new(),
            },
            None => ModelSettings {
                overrides: Vec::new(),
                assumed: not_given(given),
            },
        };
        Ok(ModelInput {
            size,
            transform,
            settings,
        })
    }
}

/// Where `used` differs from `trained`.
fn overrides(trained: (usize, &ImageTransform), used: (usize, &ImageTransform)) -> Vec<Override> {
    let pairs = written(trained).into_iter().zip(written(used));
    pairs
        .filter(|((_, trained_with), (_, used))| trained_with != used)
        .map(|((key, trained_with), (_, used))| Override {
            key,
            trained_with,
            used,
        })
        .collect()
}

/// Size and transform as a record has them.
fn written((size, transform): (usize, &ImageTransform)) -> [(ModelSetting, Value); 5] {
    let numbers = |values: [f32; 3]| Value::from(values.map(shortest).to_vec());
    [
        (ModelSetting::ImageSize, size.into()),
        (ModelSetting::Crop, transform.crop.into()),
        (
            ModelSetting::Interpolation,
            serde_json::to_value(transform.interpolation).expect("a name serialises"),
        ),
        (ModelSetting::Mean, numbers(transform.mean)),
        (ModelSetting::Std, numbers(transform.std)),
    ]
}

/// 0.485 and not the 0.48500001430511475 that this is in single precision.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().expect("a number reads back")
}

/// What nobody says where the weights do not.
fn not_given(given: &Preprocessing) -> Vec<ModelSetting> {
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
