//! `mitsume predict`

use std::path::PathBuf;

use clap::ValueHint;

use super::{DeviceArg, ModelArgs, ThreadsArg};

/// `mitsume predict`
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mitsume predict --run runs/first new-scans --out predictions.csv\n  \
    mitsume predict --run runs/first scans.csv/test --reference runs/first --maps maps --out predictions.csv\n\n\
    The table has a row for each image: image, predicted, probability, pINDEX:CLASS of every class,\n\
    squared_l2, l2, map, error. An image that cannot be read stops none of the others: the exit code\n\
    is 1 then (2 if no image could be read).")]
pub struct PredictArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    /// Images; folders: all images in and below them, labelled or not; lists (list.csv, list.json)
    /// and splits of lists (list.csv/test)
    #[arg(value_name = "IMAGE_OR_DIR", required = true, value_hint = ValueHint::AnyPath)]
    pub images: Vec<PathBuf>,
    /// The table to write
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    pub out: PathBuf,
    /// A folder with one folder per class, or a list, for the class names, where the weights do not
    /// know them [default: the weights' own names]
    #[arg(long, value_name = "DIR_OR_LIST", value_hint = ValueHint::AnyPath)]
    pub data: Option<PathBuf>,
    /// A run directory or an evaluation: also how far the map of each image's predicted class is
    /// from its class mean map [default: no comparison]
    #[arg(long, value_name = "RUN_OR_EVAL", value_hint = ValueHint::DirPath)]
    pub reference: Option<PathBuf>,
    /// Folder for the map of each image's predicted class, as float32 [height, width] of the layer
    /// (IMAGE.explained.map.npy) [default: not written]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub maps: Option<PathBuf>,
    /// Images per forward pass
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub batch_size: u32,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub device: DeviceArg,
    #[command(flatten)]
    pub threads: ThreadsArg,
}
