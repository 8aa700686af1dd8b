//! `[data.preprocessing]`.

use mitsume_data::{ImageTransform, Interpolation};
use serde::{Deserialize, Serialize, Serializer};

use super::source::ConfigSource;
use crate::Result;
use crate::preprocessing::{PerChannel, Preprocessing};

/// The keys of the section, as they stand in the file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PreprocessingKeys {
    preset: Option<PreprocessingPreset>,
    mean: Option<PerChannel>,
    std: Option<PerChannel>,
    crop: Option<usize>,
    interpolation: Option<Interpolation>,
}

/// A known image transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PreprocessingPreset {
    /// torchvision's for ImageNet.
    Imagenet,
    /// That of the five levels.
    Levels,
}

/// The transform for images of `size` pixels.
pub(super) fn resolve(
    keys: PreprocessingKeys,
    size: usize,
    source: ConfigSource,
) -> Result<ImageTransform> {
    let base = match keys.preset {
        Some(PreprocessingPreset::Imagenet) => Some(ImageTransform::IMAGENET.for_size(size)),
        Some(PreprocessingPreset::Levels) => Some(ImageTransform::default()),
        None => None,
    };
    if base.is_none() && (keys.mean.is_none() || keys.std.is_none()) {
        let problem = "a preset (\"imagenet\" or \"levels\"), or mean and std";
        return Err(source.error("data.preprocessing", problem));
    }
    let given = Preprocessing {
        mean: keys.mean,
        std: keys.std,
        crop: keys.crop,
        interpolation: keys.interpolation,
        ..Preprocessing::default()
    };
    let transform = given.transform(base.unwrap_or_default());
    transform
        .validate([size; 2])
        .map_err(|error| source.error("data.preprocessing", error.to_string()))?;
    Ok(transform)
}

/// Written out in full, whatever preset it came from.
#[expect(clippy::ref_option, reason = "the signature serde asks for")]
pub(super) fn serialize<S: Serializer>(
    transform: &Option<ImageTransform>,
    to: S,
) -> std::result::Result<S::Ok, S::Error> {
    let decimals =
        |values: [f32; 3]| values.map(|v| v.to_string().parse::<f64>().unwrap_or(f64::from(v)));
    #[derive(Serialize)]
    struct Written {
        mean: [f64; 3],
        std: [f64; 3],
        #[serde(skip_serializing_if = "Option::is_none")]
        crop: Option<usize>,
        interpolation: Interpolation,
    }
    let written = transform.map(|transform| Written {
        mean: decimals(transform.mean),
        std: decimals(transform.std),
        crop: transform.crop,
        interpolation: transform.interpolation,
    });
    written.serialize(to)
}
