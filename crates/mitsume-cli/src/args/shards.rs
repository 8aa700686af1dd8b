//! `mitsume eval` in shards.

use std::path::PathBuf;

use clap::ValueHint;
use mitsume_artifacts::Shard;

use super::Launcher;

/// Parts of an evaluation, each by a process of its own.
#[derive(clap::Args)]
pub struct ShardArgs {
    /// Evaluate only part I of N of the images, and keep it in the folder of --out until all parts are
    /// there and --merge makes the evaluation of them. A part that is done is not computed again
    /// [default: all images]
    #[arg(long, value_name = "I/N", requires = "out", conflicts_with = "cams")]
    pub shard: Option<Shard>,
    /// Merge the parts in this folder (the --out of every --shard) into the evaluation that one process
    /// would have made, and remove them; without model and data [default: none]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    #[arg(conflicts_with_all = MADE_BY_SHARDS)]
    pub merge: Option<PathBuf>,
    /// Evaluate all images in N parts, one after the other or on a cluster, and merge them. The same
    /// command goes on where it was interrupted [default: in one piece, of which nothing is kept if it
    /// is interrupted]
    #[arg(long, value_name = "N", requires = "out", conflicts_with = "shard")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub shards: Option<u16>,
    /// Where the parts of --shards are evaluated
    #[arg(
        long,
        value_name = "WHERE",
        default_value = "local",
        requires = "shards"
    )]
    pub launcher: Launcher,
    /// A TOML file whose section [slurm] has the options of the jobs, as a sweep.toml [default: the
    /// cluster's]
    #[arg(long, value_name = "FILE.toml", value_hint = ValueHint::FilePath, requires = "shards")]
    pub slurm: Option<PathBuf>,
}

/// Options that shards were made with, so that a merge knows them.
const MADE_BY_SHARDS: [&str; 31] = [
    "model",
    "run",
    "weights",
    "method",
    "flip",
    "target_layer",
    "layout",
    "token_grid",
    "classes",
    "precision",
    "image_size",
    "preset",
    "preprocess",
    "mean",
    "std",
    "crop",
    "interpolation",
    "channels",
    "data",
    "task",
    "threshold",
    "explain",
    "out",
    "measures",
    "grid",
    "strict",
    "batch_size",
    "device",
    "shard",
    "shards",
    "slurm",
];
