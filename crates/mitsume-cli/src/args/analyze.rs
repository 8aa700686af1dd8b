//! `mitsume analyze`

use std::path::PathBuf;

use clap::ValueHint;

/// `mitsume analyze`
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mitsume analyze sweeps/analytic\n  \
    mitsume analyze epochs.csv --out analysis --figures figures --confidence 0.99\n\n\
    A table needs the columns dataset, run, model, epoch, kappa, and for correlations\n\
    consistency; seed and lambda_max are used where they are. Rows without kappa are left out.")]
pub struct AnalyzeArgs {
    /// A sweep, a folder with run directories, or a table (.csv) of epochs
    #[arg(value_name = "DIR|FILE.csv", value_hint = ValueHint::AnyPath)]
    pub path: PathBuf,
    /// Write report.html, analysis.json and the figures (SVG) into this folder [default: print
    /// only]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Also write every figure as SVG and PNG, and every table as CSV and LaTeX, into this folder
    /// [default: none]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub figures: Option<PathBuf>,
    /// Confidence level of all intervals, between 0 and 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    pub confidence: f64,
    /// Draws of the bootstrap and of the permutation tests
    #[arg(long, value_name = "N", default_value_t = 9999, value_parser = clap::value_parser!(u32).range(99..=10_000_000))]
    pub resamples: u32,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The lambda that others are compared with
    #[arg(
        long,
        value_name = "LAMBDA",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub baseline: f64,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
}
