//! What the flags say of how images come to a network.

use mitsume_artifacts::{PerChannel, Preprocessing};
use mitsume_data::{ImageTransform, Interpolation};

use crate::args::{ImageArgs, InterpolationArg, Preset};
use crate::failure::{Failure, Result};

/// What the flags, the file and the preset say, in this order. `size`: the side of the model's images where it is
/// known and no flag says another.
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
            from_transform(ImageTransform::IMAGENET, flags.size.or(size))
        }
        (None, Some(Preset::Levels)) => {
            from_transform(ImageTransform::default(), flags.size.or(size))
        }
        (None, None) => Preprocessing::default(),
    };
    Ok(flags.or(base))
}

/// A transform as if it had been given. For other sizes than 224 the crop keeps its share of the image.
fn from_transform(transform: ImageTransform, size: Option<usize>) -> Preprocessing {
    let crop = transform
        .crop
        .map(|crop| size.map_or(crop, |size| (crop * size).div_ceil(224)));
    Preprocessing {
        mean: Some(PerChannel::Each(transform.mean)),
        std: Some(PerChannel::Each(transform.std)),
        crop,
        interpolation: Some(transform.interpolation),
        ..Preprocessing::default()
    }
}
