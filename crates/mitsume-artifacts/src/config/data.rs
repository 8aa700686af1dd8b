//! `[data]`.

use std::path::{Path, PathBuf};

use mitsume_data::ImageTransform;
use serde::{Deserialize, Serialize};
use toml::Value;

use super::augment::{self, Augment};
use super::preprocessing::{self, PreprocessingKeys};
use super::source::ConfigSource;
use crate::{ArtifactError, Result};

const DEFAULT_CACHE: u64 = 2 << 30;

/// `[data]`: training and validation images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataConfig {
    /// Name of the data set in tables and figures. Default: [`DataConfig::title`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Folder (or list) of training images. Required.
    pub train: PathBuf,
    /// Folder (or list) of validation images. Required.
    pub valid: PathBuf,
    /// Train on at most this many images of each class, evenly spaced. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_per_class: Option<usize>,
    /// Validate on at most this many images of each class. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_per_class: Option<usize>,
    /// Share of the pixels that were removed from the images before, for an analysis to say so
    /// (`mitsume data remove`). Nothing is removed by it. Default: not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_share: Option<f64>,
    /// By which maps they were removed. Default: not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_by: Option<String>,
    /// Side of the square network input in pixels. Default 224.
    pub image_size: usize,
    /// 1 (grey) or 3 (RGB). Default 1; 3 for an ONNX file.
    pub channels: usize,
    /// Cache for decoded images in bytes; images beyond it are decoded each epoch. Default 2 GiB.
    /// In the file a number of bytes or text such as `"2GiB"`.
    #[serde(serialize_with = "byte_size")]
    pub cache: u64,
    /// `[data.preprocessing]`: how images become inputs of the network. Default for the five
    /// levels: theirs; required for an ONNX file.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "preprocessing::serialize"
    )]
    pub preprocessing: Option<ImageTransform>,
    /// `[data.augment]`, or `augment = false`. On by default, with [`Augment::default`].
    #[serde(serialize_with = "off_or_table")]
    pub augment: Option<Augment>,
}

/// The keys of the section in the file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DataKeys {
    name: Option<String>,
    train: Option<PathBuf>,
    valid: Option<PathBuf>,
    train_per_class: Option<u64>,
    valid_per_class: Option<u64>,
    removed_share: Option<f64>,
    removed_by: Option<String>,
    image_size: Option<u64>,
    channels: Option<u64>,
    cache: Option<Value>,
    preprocessing: Option<PreprocessingKeys>,
    augment: Option<Value>,
}

/// `default_channels`: of the model.
pub(super) fn resolve(
    raw: DataKeys,
    default_channels: u64,
    source: ConfigSource,
) -> Result<DataConfig> {
    let channels = raw.channels.unwrap_or(default_channels);
    let channels = source.range("data.channels", channels, 1..=3)?;
    if channels == 2 {
        return Err(source.error("data.channels", "2 is neither 1 (grey) nor 3 (RGB)"));
    }
    let per_class = |key: &str, value: Option<u64>| {
        let checked = value.map(|value| source.range(key, value, 1..=u64::from(u32::MAX)));
        Ok::<_, ArtifactError>(checked.transpose()?.map(|value| value as usize))
    };
    let removed = raw.removed_share;
    let removed = removed.map(|share| source.range("data.removed_share", share, 0.0..=1.0));
    let image_size = raw.image_size.unwrap_or(224);
    let image_size = source.range("data.image_size", image_size, 16..=4096)? as usize;
    let preprocessing = raw.preprocessing;
    let preprocessing = preprocessing.map(|keys| preprocessing::resolve(keys, image_size, source));
    Ok(DataConfig {
        name: raw.name,
        train: source.path("data.train", raw.train, "the folder of training images")?,
        valid: source.path("data.valid", raw.valid, "the folder of validation images")?,
        train_per_class: per_class("data.train_per_class", raw.train_per_class)?,
        valid_per_class: per_class("data.valid_per_class", raw.valid_per_class)?,
        removed_share: removed.transpose()?,
        removed_by: raw.removed_by,
        image_size,
        channels: channels as usize,
        cache: cache(raw.cache, source)?,
        preprocessing: preprocessing.transpose()?,
        augment: augment::resolve(raw.augment, source)?,
    })
}

fn cache(value: Option<Value>, source: ConfigSource) -> Result<u64> {
    let problem = match value {
        None => return Ok(DEFAULT_CACHE),
        Some(Value::Integer(bytes)) => match u64::try_from(bytes) {
            Ok(bytes) => return Ok(bytes),
            Err(_) => format!("{bytes} is negative"),
        },
        // Larger sizes could not be written as a TOML integer.
        Some(Value::String(text)) => match text.parse::<bytesize::ByteSize>() {
            Ok(size) if i64::try_from(size.as_u64()).is_ok() => return Ok(size.as_u64()),
            _ => format!("\"{text}\" is no size"),
        },
        Some(other) => format!("{other} is no size"),
    };
    let problem = format!("{problem}; write \"2GiB\", \"500MB\" or a number of bytes");
    Err(source.error("data.cache", problem))
}

impl DataConfig {
    /// The name of the data set: `name` if given, otherwise the name of the training folder, or of
    /// its parent if that is the name of a split (`brain/Training`).
    pub fn title(&self) -> String {
        let of = |path: &Path| Some(path.file_name()?.to_string_lossy().into_owned());
        let split = |name: &String| ["train", "training"].contains(&&*name.to_lowercase());
        let folder = of(&self.train).filter(|name| !split(name));
        let around = || self.train.parent().and_then(of);
        let known = self.name.clone().or(folder).or_else(around);
        known.unwrap_or_else(|| self.train.display().to_string())
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
