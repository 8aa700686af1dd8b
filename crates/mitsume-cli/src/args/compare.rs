//! `mitsume compare`

use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};
use mitsume::measures::DEFAULT_GRID;

use super::ThreadsArg;

/// `mitsume compare`
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mitsume compare runs/plain runs/consistent --out compared\n  \
    mitsume compare looked/resnet looked/level2 looked/level4 --baseline level2 --json\n\n\
    Images are matched by their path below the data folder and by their class; only those that\n\
    every model was evaluated on are compared, and the others are listed.")]
pub struct CompareArgs {
    /// Two or more evaluations (folders of `eval --out`) or finished runs; the first is the baseline
    #[arg(required = true, num_args = 2.., value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub models: Vec<PathBuf>,
    /// The model that the others are compared with: its folder, or the name by which the output calls
    /// it [default: the first]
    #[arg(long, value_name = "NAME")]
    pub baseline: Option<String>,
    /// Resamples for the intervals; 0 for none
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub resamples: u32,
    /// Seed of the resamples
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Confidence level of the intervals, between 0 and 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    pub confidence: f64,
    /// Within what images or patients are drawn: each class, which keeps its number of them, or all
    /// together. The class of a patient is that of most of its images
    #[arg(long, value_name = "WHAT", default_value = "class")]
    pub strata: StrataArg,
    /// What is drawn: patients with all of their images, or images, as if they were independent
    /// [default: patient where a patient is known, else image]
    #[arg(long, value_name = "WHAT")]
    pub resample_by: Option<ResampleByArg>,
    /// The patient in the path of each image, as with `data split`: the whole match, or its group
    /// (?<patient>...) [default: the column patient of the evaluated lists; frames of one DICOM file are
    /// of one patient]
    #[arg(long, value_name = "REGEX")]
    pub patient_regex: Option<String>,
    /// Rows and columns of the common grid, on which maps of different size compare
    #[arg(long, value_name = "N", default_value_t = DEFAULT_GRID as u16, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub grid: u16,
    /// Make every model's consistency of the images that all models have right, instead of each
    /// model's own correct ones
    #[arg(long)]
    pub shared: bool,
    /// Images in each list: whose maps are least alike, and that only one model has right
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(0..=200))]
    pub top: u16,
    /// Write compare.html, compare.json and compare.csv into this folder [default: print only]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Also write every figure as SVG and PNG, and every table as CSV and LaTeX, into this folder
    /// [default: none]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub figures: Option<PathBuf>,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub threads: ThreadsArg,
}

/// `--resample-by`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ResampleByArg {
    /// Patients
    Patient,
    /// Images
    Image,
}

/// `--strata`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StrataArg {
    /// Each class keeps its number of images
    Class,
    /// All images together
    None,
}
