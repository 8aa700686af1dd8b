//! `[data.augment]`.

use serde::{Deserialize, Serialize};
use toml::Value;

use super::source::ConfigSource;
use crate::Result;

/// `[data.augment]`: augmentation of training images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Augment {
    /// Probability of a horizontal flip. Default 0.5.
    pub horizontal_flip: f64,
    /// Smallest and largest area of the random crop, as a fraction of the image's. Default
    /// [0.9, 1].
    pub resized_crop_scale: [f64; 2],
    /// Smallest and largest width / height of the crop. Default [3/4, 4/3].
    pub resized_crop_ratio: [f64; 2],
    /// Probability of a vertical flip. Default 0.
    pub vertical_flip: f64,
    /// Largest rotation in either direction, in degrees. Default 0.
    pub rotation: f64,
    /// Largest shift in either direction, as a fraction of width and height. Default [0, 0].
    pub affine_translate: [f64; 2],
    /// Smallest and largest enlargement. Default [1, 1].
    pub affine_scale: [f64; 2],
    /// Brightness factors are up to this far from 1. Default 0.
    pub brightness: f64,
    /// Contrast factors are up to this far from 1. Default 0.
    pub contrast: f64,
}

/// The keys of the section in the file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AugmentKeys {
    horizontal_flip: Option<f64>,
    resized_crop_scale: Option<[f64; 2]>,
    resized_crop_ratio: Option<[f64; 2]>,
    vertical_flip: Option<f64>,
    rotation: Option<f64>,
    affine_translate: Option<[f64; 2]>,
    affine_scale: Option<[f64; 2]>,
    brightness: Option<f64>,
    contrast: Option<f64>,
}

pub(super) fn resolve(value: Option<Value>, source: ConfigSource) -> Result<Option<Augment>> {
    let raw = match value {
        None | Some(Value::Boolean(true)) => AugmentKeys::default(),
        Some(Value::Boolean(false)) => return Ok(None),
        Some(table @ Value::Table(_)) => source.typed(table, "data.augment")?,
        Some(other) => {
            let problem = format!("{other} is neither false nor a [data.augment] section");
            return Err(source.error("data.augment", problem));
        }
    };
    let default = Augment::default();
    let flip = raw.horizontal_flip.unwrap_or(default.horizontal_flip);
    let [scale, ratio] =
        ["resized_crop_scale", "resized_crop_ratio"].map(|k| format!("data.augment.{k}"));
    let number = |key: &str, value: Option<f64>, largest: f64| {
        let key = format!("data.augment.{key}");
        source.range(&key, value.unwrap_or(0.0), 0.0..=largest)
    };
    let [x, y] = raw.affine_translate.unwrap_or(default.affine_translate);
    for part in [x, y] {
        number("affine_translate", Some(part), 1.0)?;
    }
    Ok(Some(Augment {
        horizontal_flip: source.range("data.augment.horizontal_flip", flip, 0.0..=1.0)?,
        resized_crop_scale: source.interval(
            &scale,
            raw.resized_crop_scale.unwrap_or(default.resized_crop_scale),
            1.0,
        )?,
        resized_crop_ratio: source.interval(
            &ratio,
            raw.resized_crop_ratio.unwrap_or(default.resized_crop_ratio),
            100.0,
        )?,
        vertical_flip: number("vertical_flip", raw.vertical_flip, 1.0)?,
        rotation: number("rotation", raw.rotation, 180.0)?,
        affine_translate: [x, y],
        affine_scale: source.interval(
            "data.augment.affine_scale",
            raw.affine_scale.unwrap_or(default.affine_scale),
            100.0,
        )?,
        brightness: number("brightness", raw.brightness, 100.0)?,
        contrast: number("contrast", raw.contrast, 100.0)?,
    }))
}

impl Default for Augment {
    fn default() -> Self {
        Self {
            horizontal_flip: 0.5,
            resized_crop_scale: [0.9, 1.0],
            resized_crop_ratio: [3.0 / 4.0, 4.0 / 3.0],
            vertical_flip: 0.0,
            rotation: 0.0,
            affine_translate: [0.0, 0.0],
            affine_scale: [1.0, 1.0],
            brightness: 0.0,
            contrast: 0.0,
        }
    }
}
