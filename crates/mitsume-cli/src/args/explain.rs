//! `mitsume explain`

use std::path::PathBuf;

use clap::ValueHint;

use super::{DeviceArg, ModelArgs, ThreadsArg};

/// `mitsume explain`
#[derive(clap::Args)]
#[command(after_help = "Example:\n  \
    mitsume explain --run runs/first scan1.png scan2.png --reference runs/first --out explained\n  \
    mitsume explain --run runs/first new-scans --out explained      (a folder)\n\n\
    An image that cannot be read stops none of the others: it is named at the end, and the exit\n\
    code is 1 (2 if no image could be read).")]
pub struct ExplainArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    /// Images to explain, and folders: all images in and below them, labelled or not
    #[arg(value_name = "IMAGE_OR_DIR", required = true, value_hint = ValueHint::AnyPath)]
    pub images: Vec<PathBuf>,
    /// The class to explain: a name, or `predicted`
    #[arg(long, value_name = "NAME", default_value = "predicted")]
    pub class: String,
    /// A folder with one folder per class, for the class names, where the weights do not know them
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data: Option<PathBuf>,
    /// A run directory or an evaluation: also show the deviation from its class mean map
    #[arg(long, value_name = "RUN_OR_EVAL", value_hint = ValueHint::DirPath)]
    pub reference: Option<PathBuf>,
    /// Folder for one PNG per image, explained.csv and explained.html
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
