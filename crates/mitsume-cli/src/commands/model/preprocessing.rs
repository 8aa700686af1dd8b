//! The preprocessing that the flags give.

use mitsume_artifacts::{PerChannel, Preprocessing};
use mitsume_data::{ImageTransform, Interpolation};

use crate::args::{ImageArgs, InterpolationArg, Preset};
use crate::failure::{Failure, Result};

/// The preprocessing given by the flags, the file and the preset, in this order of precedence.
/// `size` is the side of the model's images, if it is known; `--image-size` overrides it.
pub fn given(args: &ImageArgs, size: Option<usize>) -> Result<Preprocessing> {
    let per_channel = |flag: &str, values: &Option<Vec<f32>>| match values {
        None => Ok(None),
        Some(values) => match PerChannel::new(values) {
            Some(values) => Ok(Some(values)),
            None => Err(Failure::Request(format!(
                "{flag}: {} numbers: one or three expected",
                values.len()
            ))),
        },
    };
    let flags = Preprocessing {
        mean: per_channel("--mean", &args.mean)?,
        std: per_channel("--std", &args.std)?,
        size: args.image_size.map(|side| side as usize),
        crop: args.crop.map(|side| side as usize),
        channels: args.channels.map(usize::from),
        interpolation: args.interpolation.map(|how| match how {
            InterpolationArg::Nearest => Interpolation::Nearest,
            InterpolationArg::Bilinear => Interpolation::Bilinear,
            InterpolationArg::Bicubic => Interpolation::Bicubic,
        }),
    };
    let base = match (&args.preprocess, args.preset) {
        (Some(path), _) => {
            Preprocessing::read(path).map_err(|e| Failure::Request(e.to_string()))?
        }
        (None, Some(Preset::Imagenet)) => {
            preset_preprocessing(ImageTransform::IMAGENET, flags.size.or(size))
        }
        (None, Some(Preset::Levels)) => {
            preset_preprocessing(ImageTransform::default(), flags.size.or(size))
        }
        (None, None) => Preprocessing::default(),
    };
    Ok(flags.or(base))
}

/// The preprocessing of a preset. For other sizes than 224 the crop keeps its share of the image.
fn preset_preprocessing(transform: ImageTransform, size: Option<usize>) -> Preprocessing {
    let transform = size.map_or(transform, |size| transform.for_size(size));
    Preprocessing {
        mean: Some(PerChannel::Each(transform.mean)),
        std: Some(PerChannel::Each(transform.std)),
        crop: transform.crop,
        interpolation: Some(transform.interpolation),
        ..Preprocessing::default()
    }
}
