//! `mitsume sweep`

use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};

use super::{DeviceArg, ThreadsArg};

/// `mitsume sweep`
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mitsume sweep --preset analytic --quick --data brain --out sweeps/analytic\n  \
    mitsume sweep --preset learning --data brain --print > sweep.toml    (then change it)\n  \
    mitsume sweep --preset learning --model resnet18.onnx --set model.new_head=true \\\n    \
    --set data.preprocessing.preset=imagenet --data brain --out sweeps/resnet18\n  \
    mitsume sweep --config sweep.toml --out sweeps/mine --dry-run\n  \
    mitsume sweep --config sweep.toml --out sweeps/mine --jobs 2\n  \
    mitsume sweep --out sweeps/mine                       (go on with an interrupted one)\n  \
    mitsume sweep --out sweeps/mine --launcher slurm\n\n\
    The smallest sweep.toml:\n  \
    models = [\"level2\"]\n  lambdas = [0, 50]\n  seeds = [0, 1, 2]\n  \
    [data.brain]\n  train = \"brain/Training\"\n  valid = \"brain/Testing\"\n\n\
    Presets: analytic (does consistency go with kappa?), learning (does training for it help?),\n\
    late (lambda in the last epochs only); with --quick they take minutes.\n\n\
    The same command goes on with interrupted cells, tries failed ones again and leaves finished\n\
    ones alone.")]
pub struct SweepArgs {
    /// The grid of runs, a sweep.toml
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "preset")]
    pub config: Option<PathBuf>,
    /// A ready-made grid: analytic, learning or late
    #[arg(long, value_name = "NAME", requires = "data")]
    pub preset: Option<String>,
    /// The preset's version of minutes: fewer and smaller images, fewer epochs
    #[arg(long, requires = "preset")]
    pub quick: bool,
    /// A data set for the preset: a folder with the splits in it (Training and Testing, or train
    /// and test); may be repeated [default name: the folder's]
    #[arg(long, value_name = "[NAME=]DIR", value_hint = ValueHint::DirPath, requires = "preset")]
    pub data: Vec<String>,
    /// A model in place of the preset's: level1 to level5, or an ONNX file exported in training form; may
    /// be repeated [default: the preset's]
    #[arg(long, value_name = "MODEL", value_hint = ValueHint::FilePath, requires = "preset")]
    pub model: Vec<String>,
    /// Override a key that all runs share, such as train.epochs=5; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The folder of the sweep, new or with an earlier sweep in it
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Print the sweep.toml and do nothing
    #[arg(long)]
    pub print: bool,
    /// Print the cells and the time they will take, from steps measured here, and do nothing
    #[arg(long, conflicts_with = "print")]
    pub dry_run: bool,
    /// Cells side by side; the threads are divided among them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: u16,
    /// Where the cells run
    #[arg(long, value_name = "WHERE", default_value = "local")]
    pub launcher: Launcher,
    /// Run this cell only, as a task on a cluster does [default: all that are not finished]
    #[arg(long, value_name = "NAME")]
    pub cell: Option<String>,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub device: DeviceArg,
    #[command(flatten)]
    pub threads: ThreadsArg,
}

/// Where the cells of a sweep, or the shards of an evaluation, are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Launcher {
    /// On this machine
    Local,
    /// As a job array ([slurm] in a TOML file has partition, time, memory, constraint, cpus)
    Slurm,
}
