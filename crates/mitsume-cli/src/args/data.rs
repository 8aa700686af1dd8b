//! `mitsume data`

use std::path::PathBuf;

use clap::{Subcommand, ValueHint};

use super::{RemoveArgs, ThreadsArg};

/// `mitsume data`
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  mitsume data synth phantoms\n  mitsume data check phantoms\n  mitsume data split scans --out scans.csv\n  mitsume data remove --run runs/first --train brain/Training --test brain/Testing --out removed"
)]
pub struct DataArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DataCommand,
}

/// Its commands.
#[derive(Subcommand)]
pub enum DataCommand {
    /// Draw brain-like phantoms in four classes, with lesion masks
    Synth(SynthArgs),
    /// Counts, sizes, unreadable files, duplicates, train/test leaks, label conflicts
    Check(CheckArgs),
    /// Lists for training, validation and test: by classes, and by patients
    Split(SplitArgs),
    /// Images without the pixels that a model's maps call relevant, to train on again (ROAR)
    Remove(Box<RemoveArgs>),
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
    after_help = "Examples:\n  mitsume data check brain-tumor-mri --json\n  mitsume data check data/train elsewhere/test\n  mitsume data check scans.csv\n  mitsume data check chest-xray --patient-regex 'person\\d+|(NORMAL2-)?IM-\\d+'"
)]
pub struct CheckArgs {
    /// A folder of splits (each with class folders), or of class folders, or a list (list.csv,
    /// list.json); where there are several, each is a split and the first is trained on
    #[arg(value_name = "DIR_OR_LIST", value_hint = ValueHint::AnyPath, required = true)]
    pub dirs: Vec<PathBuf>,
    /// The patient in the path of each image: the whole match, or its group (?<patient>...)
    /// [default: the column patient of a list]
    #[arg(long, value_name = "REGEX")]
    pub patient_regex: Option<String>,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub threads: ThreadsArg,
}

/// `mitsume data split`
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mitsume data split scans --out scans.csv --valid 0.15 --test 0.15\n  \
    mitsume data split chest-xray/train --out chest.csv --patient-regex 'person\\d+|(NORMAL2-)?IM-\\d+'\n  \
    mitsume data split scans --keep-test --folds 5 --out scans.csv      (scans-fold1.csv to scans-fold5.csv)\n\n\
    Every side gets its share of every class. A patient's images stay together. The lists are taken\n\
    wherever a folder of images is: [data] train = \"scans.csv\", valid = \"scans.csv\"; eval --data scans.csv/test")]
pub struct SplitArgs {
    /// A folder of class folders, a folder of splits, a list (list.csv, list.json), or a split of a
    /// list (list.csv/train)
    #[arg(value_name = "DIR_OR_LIST", value_hint = ValueHint::AnyPath)]
    pub data: PathBuf,
    /// The list to write, in a folder above the images; must not exist. With --folds there is one for
    /// each: FILE-fold1.csv, FILE-fold2.csv and so on
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    pub out: PathBuf,
    /// Share of the images for validation [default: 0.2]
    #[arg(long, value_name = "0..1", conflicts_with = "folds")]
    pub valid: Option<f64>,
    /// Share of the images for the test
    #[arg(long, value_name = "0..1", default_value_t = 0.0)]
    pub test: f64,
    /// Number of lists, each with another part of the images for validation [default: one list, with
    /// --valid]
    #[arg(long, value_name = "K")]
    pub folds: Option<usize>,
    /// The patient in the path of each image below DIR, with /: the whole match, or its group
    /// (?<patient>...) [default: the column patient of a list; else every image by itself]
    #[arg(long, value_name = "REGEX")]
    pub patient_regex: Option<String>,
    /// Where DIR or the list has splits: keep the test, and divide the others [default: refused]
    #[arg(long, conflicts_with = "pool")]
    pub keep_test: bool,
    /// Where DIR or the list has splits: divide all images anew [default: refused]
    #[arg(long)]
    pub pool: bool,
    /// The same seed divides the same images in the same way
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
}
