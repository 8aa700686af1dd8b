//! `run.toml`: what a training run is asked to do.

mod effect;
mod keys;
mod read;

use std::path::{Path, PathBuf};

use mitsume::methods::Method;
use mitsume::{AlphaGradient, CamLossSettings, Distance, Preset, Reference};
use mitsume_guard::file::read_to_string;
use serde::Serialize;

use crate::{ArtifactError, Result, atomic};

/// The largest file that is read, in bytes; a configuration has a few hundred.
const LARGEST: u64 = 1 << 20;

/// A complete configuration: every default filled in, every preset resolved, every value valid.
///
/// Relative paths in a configuration are relative to the current directory, as any path typed
/// in a shell is, and are absolute here. [`RunConfig::to_toml`] reads back equal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunConfig {
    /// `[data]`
    pub data: DataConfig,
    /// `[model]`
    pub model: ModelConfig,
    /// `[train]`
    pub train: TrainConfig,
    /// `[consistency]`
    pub consistency: ConsistencyConfig,
    /// `[evaluation]`
    pub evaluation: EvaluationConfig,
}

/// `[data]`: what to train and validate on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataConfig {
    /// What tables and figures call the data set. Default: after the folder of training images,
    /// [`DataConfig::title`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Folder (or list) of training images. Required.
    pub train: PathBuf,
    /// Folder (or list) of validation images. Required.
    pub valid: PathBuf,
    /// Train on at most this many images of each class, spread evenly over it. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_per_class: Option<usize>,
    /// Validate on at most this many images of each class. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_per_class: Option<usize>,
    /// Side of the square model input in pixels. Default 224.
    pub image_size: usize,
    /// 1 (grey) or 3 (RGB). Default 1.
    pub channels: usize,
    /// Bytes of memory for decoded images; more are decoded again each epoch. Default 2 GiB.
    /// In the file a number of bytes or `"2GiB"`.
    #[serde(serialize_with = "byte_size")]
    pub cache: u64,
    /// `[data.augment]`, or `augment = false`. Default METHOD section 6.
    #[serde(serialize_with = "off_or_table")]
    pub augment: Option<Augment>,
}

/// `[data.augment]`: what a training image goes through.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Augment {
    /// Probability of a horizontal flip. Default 0.5.
    pub horizontal_flip: f64,
    /// Smallest and largest share of the area a random crop keeps. Default [0.9, 1].
    pub resized_crop_scale: [f64; 2],
    /// Smallest and largest width / height of the crop. Default [3/4, 4/3].
    pub resized_crop_ratio: [f64; 2],
}

/// `[model]`: which classifier, starting from what.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelConfig {
    /// `level1` to `level5`. Required.
    pub name: String,
    /// Dropout probability before the last layer. Default 0.5 for levels 2 to 4, 0.6 for level
    /// 5; level 1 has none, so 0.
    pub dropout: f64,
    /// Weights to start from, `.safetensors` or `.pth`. Default: initialised from the seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
}

/// `[train]`: how to optimise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainConfig {
    /// Passes over the training images. Default 20.
    pub epochs: u64,
    /// Images per step. Default 32.
    pub batch_size: usize,
    /// Adam's learning rate at the start. Default 1e-4.
    pub learning_rate: f64,
    /// Everything random follows from it. Default 0; at most 2^63 - 1, the largest TOML integer.
    pub seed: u64,
    /// Whether images come in a new order each epoch. Default true.
    pub shuffle: bool,
    /// `[train.plateau]`
    pub plateau: PlateauConfig,
}

/// `[train.plateau]`: lowering the learning rate when the validation loss stops falling.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PlateauConfig {
    /// The learning rate is multiplied by this. Default 0.1.
    pub factor: f64,
    /// After this many epochs without improvement. Default 5.
    pub patience: u64,
}

/// `[consistency]`: the CAM loss (Eq. 11 to 18).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ConsistencyConfig {
    /// Where the defaults of distance, reference and alpha come from. Default `thesis`.
    pub preset: Preset,
    /// Weight of the CAM loss after the curriculum; negative for diversity, 0 for plain
    /// training. Default 0.
    pub lambda_max: f64,
    /// The weight is 0 before this epoch (Eq. 18). Default 2.
    pub t0: u64,
    /// The weight reaches `lambda_max` in this epoch. Default 10; not before `t0`.
    pub t1: u64,
    /// How the maps are made that are trained, and evaluated after every epoch. One that
    /// [is differentiable](Method::is_differentiable). Default `grad-cam`.
    pub method: Method,
    /// Deviation of a map from its reference.
    pub distance: Distance,
    /// The map deviated from.
    pub reference: Reference,
    /// Share of the old map kept by the moving average (Eq. 17), in [0, 1). Default 0.9.
    pub ema_decay: f64,
    /// Whether the gradient goes through alpha, or through whatever the method makes of the score's
    /// gradients.
    pub alpha: AlphaGradient,
}

/// `[evaluation]`: what is measured on the validation images besides the two forms of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EvaluationConfig {
    /// Whether `measures.csv` is written, and all measures are taken at the end. Default true.
    pub measures: bool,
    /// Rows and columns of the common grid that maps are averaged onto. Default 7.
    pub grid: usize,
}

impl DataConfig {
    /// The data set's name: `name`, or that of the folder of training images, or where that only
    /// says that it is for training (`brain/Training`), that of the folder around it.
    pub fn title(&self) -> String {
        let of = |path: &Path| Some(path.file_name()?.to_string_lossy().into_owned());
        let split = |name: &String| ["train", "training"].contains(&&*name.to_lowercase());
        let folder = of(&self.train).filter(|name| !split(name));
        let around = || self.train.parent().and_then(of);
        let known = self.name.clone().or(folder).or_else(around);
        known.unwrap_or_else(|| self.train.display().to_string())
    }
}

impl ConsistencyConfig {
    /// The loss these choices make.
    pub fn settings(&self) -> CamLossSettings {
        CamLossSettings {
            method: self.method,
            distance: self.distance,
            reference: self.reference,
            alpha: self.alpha,
        }
    }
}

impl Default for Augment {
    fn default() -> Self {
        Self {
            horizontal_flip: 0.5,
            resized_crop_scale: [0.9, 1.0],
            resized_crop_ratio: [3.0 / 4.0, 4.0 / 3.0],
        }
    }
}

impl RunConfig {
    /// Reads a configuration file and applies `key=value` settings on top.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file and the key, with what would be right.
    pub fn read(path: &Path, sets: &[String]) -> Result<Self> {
        let text = read_to_string(path, LARGEST).map_err(|e| ArtifactError::io("read", path, e))?;
        Self::from_toml_with(&text, path, sets)
    }

    /// Parses a configuration; `path` is only named in errors.
    ///
    /// # Errors
    /// [`ArtifactError`] naming `path` and the key, with what would be right.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self> {
        Self::from_toml_with(text, path, &[])
    }

    /// As [`RunConfig::from_toml`], with `key=value` settings (`train.epochs=3`) on top.
    ///
    /// A value is TOML; a bare word is a string, and so is what comes for a path. Setting
    /// `consistency.preset` puts distance, reference and alpha back to that preset, and setting
    /// `model.name` puts dropout back to that level's, unless they are set as well.
    ///
    /// # Errors
    /// As [`RunConfig::from_toml`].
    pub fn from_toml_with(text: &str, path: &Path, sets: &[String]) -> Result<Self> {
        let mut table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            ArtifactError::malformed(path, format!("no TOML: {}", e.to_string().trim_end()))
        })?;
        keys::check(&table, path)?;
        keys::apply(&mut table, sets)?;
        read::resolve(table, path)
    }

    /// This configuration with one more `key=value` setting.
    ///
    /// # Errors
    /// As [`RunConfig::from_toml`].
    pub fn with_set(&self, set: &str) -> Result<Self> {
        Self::from_toml_with(&self.to_toml()?, Path::new("--set"), &[set.to_owned()])
    }

    /// The configuration as a file that reads back equal.
    ///
    /// # Errors
    /// [`ArtifactError::Config`] for what TOML cannot hold: a path that is no UTF-8.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| ArtifactError::Config {
            path: PathBuf::from("config.toml"),
            key: "data, model".to_owned(),
            problem: format!("{e}; paths must be UTF-8"),
        })
    }

    /// Writes the configuration to `path`.
    ///
    /// # Errors
    /// As [`RunConfig::to_toml`], or [`ArtifactError::Io`].
    pub fn write(&self, path: &Path) -> Result<()> {
        atomic::write_bytes(path, self.to_toml()?.as_bytes())
    }
}

fn byte_size<S: serde::Serializer>(bytes: &u64, to: S) -> std::result::Result<S::Ok, S::Error> {
    let units = [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units
        .iter()
        .find(|(unit, _)| *bytes > 0 && bytes.is_multiple_of(*unit))
    {
        Some((unit, name)) => to.serialize_str(&format!("{}{name}", bytes / unit)),
        None => to.serialize_u64(*bytes),
    }
}

#[expect(clippy::ref_option, reason = "the signature serde asks for")]
fn off_or_table<S: serde::Serializer>(
    augment: &Option<Augment>,
    to: S,
) -> std::result::Result<S::Ok, S::Error> {
    match augment {
        Some(augment) => augment.serialize(to),
        None => to.serialize_bool(false),
    }
}
