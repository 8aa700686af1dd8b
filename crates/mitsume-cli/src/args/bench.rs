//! `mitsume bench`

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum, ValueHint};

use mitsume_nn::Precision;

use super::ThreadsArg;

/// `mitsume bench`
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  mitsume bench step --level 2\n  mitsume bench eval --level 2 --json\n  \
                  MITSUME_MAX_ISA=avx2 mitsume bench step --level 2\n\n\
                  MITSUME_MAX_ISA limits the CPU kernels of every command to an instruction set of this \
                  machine: avx512bf16, avx512, avx2, neon or fallback (plain Rust)."
)]
pub struct BenchArgs {
    /// What to time.
    #[command(subcommand)]
    pub command: BenchCommand,
}

/// Its two commands.
#[derive(Subcommand)]
pub enum BenchCommand {
    /// A training step: forward, loss, backward, Adam
    Step(BenchStepArgs),
    /// An evaluation: accuracy, kappa, cross-entropy, both consistencies
    Eval(BenchEvalArgs),
}

/// Which loss.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Loss {
    /// Cross-entropy
    Ce,
    /// Cross-entropy and the consistency loss
    Cam,
}

/// How the gradient goes through alpha.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Alpha {
    /// Differentiated
    Full,
    /// Held constant
    Detached,
}

/// What both have.
#[derive(clap::Args)]
pub struct BenchSizes {
    /// Images per step
    #[arg(long, value_name = "B", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub batch: u32,
    /// Side of an image in pixels
    #[arg(long, value_name = "S", default_value_t = 224, value_parser = clap::value_parser!(u32).range(4..=4096))]
    pub size: u32,
    /// Timed repetitions, after two that are not; the median counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub repeats: u32,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub threads: ThreadsArg,
}

/// In which precision.
#[derive(clap::Args)]
pub struct BenchPrecision {
    /// Precision of the products of a level's convolutions: float32 or bfloat16
    #[arg(long, value_name = "PRECISION", default_value_t = Precision::Float32)]
    pub precision: Precision,
}

/// `mitsume bench step`
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  mitsume bench step --level 2 --loss cam --json\n  mitsume bench step --model resnet18.onnx --batch 32"
)]
pub struct BenchStepArgs {
    /// Which of the five levels, 1 to 5 [default: none, where --model is given]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=5), required_unless_present = "model")]
    pub level: Option<u8>,
    /// An ONNX file, instead of a level
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["level", "data"])]
    pub model: Option<PathBuf>,
    /// Layer of the ONNX file whose maps are taken [default: as `mitsume layers` says]
    #[arg(long, value_name = "NAME", requires = "model")]
    pub target_layer: Option<String>,
    /// Rows and columns of that layer's tokens [default: as the model tells]
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = super::model::parse_grid, requires = "model")]
    pub token_grid: Option<[usize; 2]>,
    /// With --loss cam and --model: whether alpha is differentiated
    #[arg(long, value_enum, default_value = "full", requires = "model")]
    pub alpha: Alpha,
    #[command(flatten)]
    pub precision: BenchPrecision,
    #[command(flatten)]
    pub sizes: BenchSizes,
    /// What is minimised
    #[arg(long, value_enum, default_value = "ce")]
    pub loss: Loss,
    /// Train on this folder of class folders, augmented as in a run, instead of images in
    /// memory [default: images in memory]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data: Option<PathBuf>,
}

/// `mitsume bench eval`
#[derive(clap::Args)]
#[command(after_help = "Example:\n  mitsume bench eval --level 2 --images 512 --json")]
pub struct BenchEvalArgs {
    /// Which of the five levels, 1 to 5
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=5))]
    pub level: u8,
    #[command(flatten)]
    pub precision: BenchPrecision,
    #[command(flatten)]
    pub sizes: BenchSizes,
    /// Images to evaluate
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub images: u32,
}
