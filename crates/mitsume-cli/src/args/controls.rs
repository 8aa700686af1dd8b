//! `mitsume controls`

use std::path::PathBuf;

use clap::ValueHint;

use super::{DeviceArg, ModelArgs, ThreadsArg};

/// `mitsume controls`
#[derive(clap::Args)]
#[command(after_help = "Example:\n  \
    mitsume controls --run runs/first --data phantoms/Testing \\\n    \
    --masks phantoms/masks/Testing --out runs/first/controls\n\
    then open runs/first/controls/controls.html in a browser. In the folder controls of a run,\n\
    `mitsume analyze` takes the result up with those of the other runs.")]
pub struct ControlsArgs {
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
    /// How many images to take, spread evenly through the folder; their maps are kept in memory
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub images: u32,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Folder for controls.json and controls.html
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: PathBuf,
    /// Also write every table as CSV and LaTeX into this folder [default: none]
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
