//! Options of the preprocessing of images.

use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};

/// Size, cut and scale of a network's images. Weights of a run know them; for an ONNX model it must
/// be said how it was trained.
#[derive(clap::Args)]
pub struct ImageArgs {
    /// Side of the network's images [default: what it was trained with or its file fixes; 224 where
    /// neither is known]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(4..=4096))]
    pub image_size: Option<u32>,
    /// A known preprocessing; the flags below change it [default: what a run's weights were trained
    /// with, levels for other weights of a level; an ONNX model needs it, --preprocess, or --mean
    /// and --std]
    #[arg(long, value_name = "NAME")]
    pub preset: Option<Preset>,
    /// A TOML file with any of mean, std, size, crop, channels, interpolation; the flags below
    /// change it [default: none]
    #[arg(long, value_name = "FILE.toml", value_hint = ValueHint::FilePath, conflicts_with = "preset")]
    pub preprocess: Option<PathBuf>,
    /// Taken off each channel of values in [0, 1]: one number, or three [default: the
    /// preprocessing's]
    #[arg(
        long,
        value_name = "R,G,B",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    pub mean: Option<Vec<f32>>,
    /// What each channel is divided by then: one number, or three [default: the preprocessing's]
    #[arg(long, value_name = "R,G,B", value_delimiter = ',')]
    pub std: Option<Vec<f32>>,
    /// Resize the shorter side to this and cut out the centre, instead of stretching the image
    /// [default: the preprocessing's, else stretched]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(4..=16384))]
    pub crop: Option<u32>,
    /// How images are resized [default: the preprocessing's, else bilinear]
    #[arg(long, value_name = "HOW")]
    pub interpolation: Option<InterpolationArg>,
    /// 1 (grey) or 3, where the model file leaves it open [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    pub channels: Option<u8>,
}

/// `--preset`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// torchvision's: shorter side to 256, centre 224, ImageNet's mean and standard deviation
    Imagenet,
    /// The five levels': stretched, (x - 0.5) / 0.5
    Levels,
}

/// `--interpolation`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InterpolationArg {
    /// The nearest pixel
    Nearest,
    /// Linear, antialiased
    Bilinear,
    /// Cubic, antialiased
    Bicubic,
}
