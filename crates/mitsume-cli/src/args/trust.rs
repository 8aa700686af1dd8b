//! `mitsume trust`

use std::path::PathBuf;

use clap::ValueHint;

use super::{DeviceArg, ModelArgs, ThreadsArg, parse_share};

/// `mitsume trust`
#[derive(clap::Args)]
#[command(after_help = "Example:\n  \
    mitsume trust --run runs/first \\\n    \
    --data phantoms/Testing --masks phantoms/masks/Testing --out trusted\n\
    then open trusted/trust.html in a browser.")]
pub struct TrustArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    /// A folder with one folder per class, a list, or a split of a list (list.csv/test); every
    /// image is explained for its label
    #[arg(long, value_name = "DIR_OR_LIST", value_hint = ValueHint::AnyPath)]
    pub data: PathBuf,
    /// Masks of the objects, at the images' own paths below this folder, ending in .png; any value
    /// but 0 is inside [default: no masks; what needs them is left out]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub masks: Option<PathBuf>,
    /// How many images to test, spread evenly through the folder
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub images: u32,
    /// Stages of the randomisation, at most one a layer
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub stages: u16,
    /// Noisy copies of each image for the sensitivity of the maps to noise; 0 leaves it out
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub noise_samples: u16,
    /// The largest change of a brightness in these copies, as a share of the range from black to
    /// white (0.02: 5 of 255 grey levels)
    #[arg(long, value_name = "SHARE", default_value_t = 0.02, value_parser = parse_share)]
    pub noise_radius: f64,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Folder for trust.json and trust.html
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: PathBuf,
    /// Also write every figure as SVG and PNG, and every table as CSV and LaTeX, into this folder
    /// [default: none]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub figures: Option<PathBuf>,
    /// Print the JSON to stdout and nothing else
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub device: DeviceArg,
    #[command(flatten)]
    pub threads: ThreadsArg,
}
