//! Preprocessing of a user's network, as a small TOML file.

use std::path::Path;

use mitsume_data::{ImageTransform, Interpolation};
use mitsume_guard::file::read_to_string;
use serde::Deserialize;

use crate::{Action, ArtifactError, Result};

/// Size, channels and transform of a network's inputs. Settings not given are `None`.
///
/// ```toml
/// mean = [0.485, 0.456, 0.406]   # or one number
/// std = [0.229, 0.224, 0.225]
/// size = 224                     # side of the network's inputs
/// crop = 256                     # shorter side before the centre crop; stretched if absent
/// channels = 3
/// interpolation = "bilinear"     # nearest, bilinear, bicubic
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// Mean of each channel, subtracted from values in [0, 1].
    pub mean: Option<PerChannel>,
    /// Standard deviation of each channel.
    pub std: Option<PerChannel>,
    /// Side of the network's inputs.
    pub size: Option<usize>,
    /// Shorter side before the centre crop.
    pub crop: Option<usize>,
    /// 1 or 3.
    pub channels: Option<usize>,
    /// Interpolation of the resize.
    pub interpolation: Option<Interpolation>,
}

/// One number for all channels, or one for each.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum PerChannel {
    /// The same for all channels.
    Same(f32),
    /// Red, green, blue.
    Each([f32; 3]),
}

impl PerChannel {
    /// From one number or three; `None` for other lengths.
    pub fn new(values: &[f32]) -> Option<Self> {
        match *values {
            [value] => Some(Self::Same(value)),
            [r, g, b] => Some(Self::Each([r, g, b])),
            _ => None,
        }
    }

    /// The value of each channel.
    pub fn values(self) -> [f32; 3] {
        match self {
            Self::Same(value) => [value; 3],
            Self::Each(values) => values,
        }
    }
}

/// Largest file that is read, in bytes.
const MAX_PREPROCESSING_BYTES: u64 = 1 << 20;

impl Preprocessing {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// A file that cannot be read, or an unknown or invalid key.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_to_string(path, MAX_PREPROCESSING_BYTES)
            .map_err(|error| ArtifactError::io(Action::Read, path, error))?;
        toml::from_str(&text).map_err(|error| ArtifactError::malformed(path, error.to_string()))
    }

    /// The image transform `base`, replaced by the settings given here.
    pub fn transform(&self, base: ImageTransform) -> ImageTransform {
        ImageTransform {
            crop: self.crop.or(base.crop),
            interpolation: self.interpolation.unwrap_or(base.interpolation),
            mean: self.mean.map_or(base.mean, PerChannel::values),
            std: self.std.map_or(base.std, PerChannel::values),
        }
    }

    /// These settings, and those of `other` where they are `None`.
    pub fn or(self, other: Self) -> Self {
        Self {
            mean: self.mean.or(other.mean),
            std: self.std.or(other.std),
            size: self.size.or(other.size),
            crop: self.crop.or(other.crop),
            channels: self.channels.or(other.channels),
            interpolation: self.interpolation.or(other.interpolation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_wrong_keys_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.toml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Preprocessing::read(&path)
        };
        let text = "mean = 0.25\nstd = [0.1, 0.2, 0.3]\nsize = 96\ninterpolation = \"bicubic\"";
        let given = read(text).unwrap();
        let transform = given.transform(ImageTransform::default());
        assert_eq!(
            (transform.mean, transform.std),
            ([0.25; 3], [0.1, 0.2, 0.3])
        );
        assert_eq!((given.size, transform.crop), (Some(96), None));
        assert_eq!(transform.interpolation, Interpolation::Bicubic);
        for (text, word) in [
            ("mena = 1", "mena"),
            ("interpolation = \"cubic\"", "bicubic"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(
                error.contains(word) && error.contains("images.toml"),
                "{error}"
            );
        }
        assert!(Preprocessing::read(&folder.path().join("none")).is_err());
    }
}
