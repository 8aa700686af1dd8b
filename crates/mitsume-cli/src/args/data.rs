//! `mitsume data`

use std::path::PathBuf;

use clap::{Subcommand, ValueHint};

use super::ThreadsArg;

/// `mitsume data`
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mitsume data synth phantoms\n  mitsume data check phantoms")]
pub struct DataArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DataCommand,
}

/// Its two commands.
#[derive(Subcommand)]
pub enum DataCommand {
    /// Draw brain-like phantoms in four classes, with lesion masks
    Synth(SynthArgs),
    /// Counts, sizes, unreadable files, duplicates, train/test leaks, label conflicts
    Check(CheckArgs),
}

/// `mitsume data synth`
#[derive(clap::Args)]
#[command(after_help = "Example:\n  mitsume data synth phantoms --size 128 --train 300 --test 100")]
pub struct SynthArgs {
    /// Folder to write Training, Testing and masks into; must be new or empty
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: PathBuf,
    /// Training images per class
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub train: usize,
    /// Test images per class
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub test: usize,
    /// Side of an image in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 128, value_parser = clap::value_parser!(u32).range(16..=2048))]
    pub size: u32,
    /// The same seed draws the same images
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    pub threads: ThreadsArg,
}

/// `mitsume data check`
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  mitsume data check brain-tumor-mri --json\n  mitsume data check data/train elsewhere/test\n  mitsume data check scans.csv"
)]
pub struct CheckArgs {
    /// A folder of splits (each with class folders), or of class folders, or a list (list.csv,
    /// list.json); where there are several, each is a split and the first is trained on
    #[arg(value_name = "DIR_OR_LIST", value_hint = ValueHint::AnyPath, required = true)]
    pub dirs: Vec<PathBuf>,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub threads: ThreadsArg,
}
