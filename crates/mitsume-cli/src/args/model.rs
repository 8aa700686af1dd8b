//! `mitsume eval`, and how a model is named.

use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};
use mitsume::methods::Method;

use super::{DeviceArg, ThreadsArg};

/// Which model.
#[derive(clap::Args)]
pub struct ModelArgs {
    /// level1, level2, level3, level4 or level5
    #[arg(long, value_name = "MODEL")]
    pub model: String,
    /// Its weights: .safetensors, or a PyTorch state dict (.pth)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub weights: PathBuf,
    /// Side the images are resized to
    #[arg(long, value_name = "PIXELS", default_value_t = 224, value_parser = clap::value_parser!(u32).range(4..=4096))]
    pub image_size: u32,
    /// How maps are made: grad-cam, hires-cam, elementwise, grad-cam-plus-plus, xgrad-cam, layer-cam,
    /// cam (level3 to level5), eigen-cam, eigen-grad-cam, ablation-cam, score-cam (slow), or random as a control
    #[arg(long, value_name = "METHOD", default_value = "grad-cam")]
    pub method: Method,
}

/// `mitsume eval`
#[derive(clap::Args)]
#[command(after_help = "Example:\n  \
    mitsume eval --model level2 --weights runs/first/weights.safetensors --data brain/Testing --json")]
pub struct EvalArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    /// A folder with one folder per class
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data: PathBuf,
    /// Keep maps, labels and predictions in this file (readable by `score`)
    #[arg(long, value_name = "FILE.safetensors", value_hint = ValueHint::FilePath)]
    pub cams: Option<PathBuf>,
    /// Keep the whole evaluation in this folder (for `report` and `explain --reference`)
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Which measures to take besides squared-l2 and l2
    #[arg(long, value_name = "WHICH", default_value = "grid")]
    pub measures: MeasureSet,
    /// Rows and columns of the common grid that maps are averaged onto
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub grid: u16,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
    /// Make an unreadable image an error instead of leaving it out
    #[arg(long)]
    pub strict: bool,
    /// Images per forward pass
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub batch_size: u32,
    #[command(flatten)]
    pub device: DeviceArg,
    #[command(flatten)]
    pub threads: ThreadsArg,
}

/// `--measures`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MeasureSet {
    /// Only squared-l2 and l2
    None,
    /// Both on the common grid, and the chance-corrected consistency
    Grid,
    /// Also its permutation null, and the cosine, Jensen-Shannon, earth mover's, Pearson and SSIM
    /// distances to the class mean map (milliseconds an image)
    All,
}
