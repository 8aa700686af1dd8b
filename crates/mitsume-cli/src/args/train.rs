//! `mitsume train`

use std::path::PathBuf;

use clap::ValueHint;

use super::{DeviceArg, ThreadsArg};

/// `mitsume train`
#[derive(clap::Args)]
#[command(
    override_usage = "mitsume train --config <FILE> [OPTIONS]\n       mitsume train --resume <DIR> [OPTIONS]"
)]
#[command(after_help = "Examples:\n  \
    mitsume train --config run.toml --set train.epochs=5 --set consistency.lambda_max=50 --out runs/first\n  \
    mitsume train --resume runs/first\n\n\
    The smallest run.toml:\n  \
    [data]\n  train = \"brain/Training\"\n  valid = \"brain/Testing\"\n  [model]\n  name = \"level2\"")]
pub struct TrainArgs {
    /// A run.toml: what to train, on what, how; begins a new run
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with = "resume")]
    pub config: Option<PathBuf>,
    /// Override a key of the configuration, such as train.epochs=5; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The run directory; must be new or empty [default: the next free runs/MODEL-NNN]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Go on with an interrupted run, on the device it began on; a finished one trains longer with
    /// --set train.epochs=N
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub resume: Option<PathBuf>,
    #[command(flatten)]
    pub device: DeviceArg,
    #[command(flatten)]
    pub threads: ThreadsArg,
}
