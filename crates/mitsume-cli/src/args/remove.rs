//! `mitsume data remove`

use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};

use super::{DeviceArg, ModelArgs, ThreadsArg, parse_share};

/// `mitsume data remove`
#[derive(clap::Args)]
#[command(after_help = "Example:\n  \
    mitsume data remove --run runs/first --train brain/Training --test brain/Testing --out removed\n  \
    mitsume sweep --config removed/sweep.toml --out sweeps/removed\n  \
    mitsume analyze sweeps/removed --out sweeps/removed")]
pub struct RemoveArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    /// Training images: a folder with one folder per class, a list, or a split of a list
    #[arg(long, value_name = "DIR_OR_LIST", value_hint = ValueHint::AnyPath)]
    pub train: PathBuf,
    /// Test images, the same way
    #[arg(long, value_name = "DIR_OR_LIST", value_hint = ValueHint::AnyPath)]
    pub test: PathBuf,
    /// Shares of the pixels to remove, a set of images for each
    #[arg(long, value_name = "SHARE,...", value_delimiter = ',', default_value = "0.1,0.3,0.5,0.7,0.9", value_parser = parse_share)]
    pub share: Vec<f64>,
    /// In which order pixels are removed, a set of images for each
    #[arg(
        long,
        value_name = "ORDER,...",
        value_delimiter = ',',
        default_value = "map,random-map,random-pixels"
    )]
    pub by: Vec<OrderArg>,
    /// Seed of the random orders
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Folder for the images, removal.json and sweep.toml; must be new or empty
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: PathBuf,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub device: DeviceArg,
    #[command(flatten)]
    pub threads: ThreadsArg,
}

/// `--by`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OrderArg {
    /// By the map of --method, the most relevant first
    Map,
    /// By a map of the same feature maps with random weights
    RandomMap,
    /// Pixel by pixel at random
    RandomPixels,
}
