//! The command line arguments: one struct per command, without behaviour.

mod analyze;
mod bench;
mod compare;
mod console;
mod controls;
mod data;
mod explain;
mod images;
mod layers;
mod model;
mod predict;
mod remove;
mod shards;
mod sweep;
mod train;
mod trust;

pub use analyze::AnalyzeArgs;
pub use bench::{Alpha, BenchArgs, BenchCommand, BenchSizes, BenchStepArgs, Loss};
pub use compare::{CompareArgs, ResampleByArg, StrataArg};
pub use console::ConsoleArgs;
pub use controls::ControlsArgs;
pub use data::{CheckArgs, DataArgs, DataCommand, SplitArgs, SynthArgs};
pub use explain::ExplainArgs;
pub use images::{ImageArgs, InterpolationArg, Preset};
pub use layers::LayersArgs;
pub use model::{EvalArgs, MeasureSet, ModelArgs, Task};
pub use predict::PredictArgs;
pub use remove::{OrderArg, RemoveArgs};
pub use shards::ShardArgs;
pub use sweep::{Launcher, SweepArgs};
pub use train::TrainArgs;
pub use trust::TrustArgs;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueHint};
use mitsume::measures::DEFAULT_GRID;

/// Where does an image classifier look, does it look at the same place for the same class, and
/// can that be trained?
#[derive(Parser)]
#[command(name = "mitsume", version, max_term_width = 100)]
#[command(
    after_help = "Start with `mitsume demo`: it needs no data. Then, on images of your own:\n  \
    mitsume data check brain\n  \
    mitsume train --config run.toml --out runs/first      (mitsume train --help has a run.toml)\n  \
    mitsume report runs/first\n\n\
    Exit codes: 0 done; 1 the work failed, or a part of it; 2 the request was wrong; 130 interrupted\n(a run is saved and goes on)."
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub console: ConsoleArgs,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Show everything on generated images: train with and without consistency, compare in a report
    Demo(DemoArgs),
    /// Check a data set of your own, divide it, or make one of phantoms
    Data(DataArgs),
    /// Train a classifier, with or without the consistency loss, into a run directory
    Train(TrainArgs),
    /// Accuracy, kappa and consistency of trained weights on a folder of images
    Eval(EvalArgs),
    /// Draw where a model looks in single images
    Explain(ExplainArgs),
    /// What single images are: a table of classes, probabilities and, where asked for, maps
    Predict(PredictArgs),
    /// Layers of an ONNX model that can be hooked, with their shapes
    Layers(LayersArgs),
    /// Can the maps be trusted: randomised weights, removed pixels, masks of the objects
    Trust(TrustArgs),
    /// Which measures of consistency fail: what each says of maps that mean nothing
    Controls(ControlsArgs),
    /// The consistency metric on class activation maps made by any other tool
    Score(ScoreArgs),
    /// One HTML page of a run, an evaluation, or a folder of several
    Report(ReportArgs),
    /// Several models on the same images: differences with intervals, and where they look otherwise
    Compare(CompareArgs),
    /// Many runs: a grid of data sets, models, lambdas and seeds, here or on a Slurm cluster
    Sweep(SweepArgs),
    /// What many runs show: correlations, intervals, tests, figures
    Analyze(AnalyzeArgs),
    /// Time a training step or an evaluation
    Bench(BenchArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, of the program or of one of its commands
    Man(ManArgs),
}

/// `mitsume demo`
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  mitsume demo --out demo\nthen open demo/report.html in a browser."
)]
pub struct DemoArgs {
    /// Folder for the phantoms, both runs and the report; must be new or empty
    #[arg(long, value_name = "DIR", default_value = "mitsume-demo", value_hint = ValueHint::DirPath)]
    pub out: PathBuf,
    /// Seed of the phantoms and of both runs; the same seed gives the same figures
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    pub threads: ThreadsArg,
}

/// `mitsume score`
#[derive(clap::Args)]
#[command(after_help = "Example (Python):\n  \
    np.savez('cams.npz', cams=cams, labels=labels, predictions=predictions)\nthen\n  \
    mitsume score cams.npz --json\n\n\
    Arrays: cams [N,h,w] normalised to [0, 1] per image (or --normalise), labels [N] and\n\
    predictions [N] as class indices from 0.")]
pub struct ScoreArgs {
    /// An .npz or .safetensors file with the arrays cams, labels and predictions
    #[arg(value_name = "CAMS", value_hint = ValueHint::FilePath)]
    pub cams: PathBuf,
    /// Normalise each map to [0, 1] first (Eq. 2)
    #[arg(long)]
    pub normalise: bool,
    /// Which measures to take besides squared-l2 and l2
    #[arg(long, value_name = "WHICH", default_value = "grid")]
    pub measures: MeasureSet,
    /// Rows and columns of the common grid that maps are averaged onto
    #[arg(long, value_name = "N", default_value_t = DEFAULT_GRID as u16, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub grid: u16,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
}

/// `mitsume report`
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  mitsume report runs/first\n  mitsume report runs -o comparison.html --figures figures\n  \
                  mitsume report runs/first other/second -o both.html"
)]
pub struct ReportArgs {
    /// Run directories, evaluations (of `eval --out`), or folders holding several of them
    #[arg(value_name = "DIR", required = true, value_hint = ValueHint::DirPath)]
    pub dirs: Vec<PathBuf>,
    /// The page to write
    #[arg(short, long, visible_alias = "out", value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(help = "The page to write [default: DIR/report.html; needed where there are several]")]
    pub output: Option<PathBuf>,
    /// Also write every figure as SVG and PNG, every table as CSV and LaTeX, and class mean maps as
    /// .npy, into this folder [default: only the page]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub figures: Option<PathBuf>,
}

/// `mitsume completions`
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  mitsume completions bash > ~/.local/share/bash-completion/completions/mitsume"
)]
pub struct CompletionsArgs {
    /// Which shell
    pub shell: clap_complete::Shell,
}

/// `mitsume man`
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  mitsume man train | man -l -\n  mitsume man data check > mitsume-data-check.1"
)]
pub struct ManArgs {
    /// A command, such as train, or data check [default: the program itself]
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// `--threads`
#[derive(clap::Args)]
pub struct ThreadsArg {
    /// Threads to compute with [default: one per core]; results do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl ThreadsArg {
    /// The number asked for.
    pub fn count(&self) -> Option<usize> {
        self.threads.map(usize::from)
    }
}

/// `--device`
#[derive(clap::Args)]
pub struct DeviceArg {
    /// cpu, or cuda, metal, rocm, vulkan, webgpu where built in [default: cpu]
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
}

impl DeviceArg {
    /// The name asked for, or that of the CPU.
    pub fn name(&self) -> &str {
        self.device.as_deref().unwrap_or("cpu")
    }
}

/// A share that is not nothing.
fn parse_share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("a number above 0 and at most 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command, CommandFactory};

    use super::*;

    /// All commands, including subcommands.
    fn commands(command: &Command, all: &mut Vec<Command>) {
        all.push(command.clone());
        for below in command.get_subcommands() {
            commands(below, all);
        }
    }

    /// Options that name the input or the output. They need no default: they are required, or one
    /// replaces another.
    const INPUTS_AND_OUTPUTS: [&str; 7] =
        ["config", "resume", "model", "run", "weights", "data", "out"];

    fn states_its_default(arg: &Arg) -> bool {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        !arg.get_action().takes_values()
            || arg.is_required_set()
            || !arg.get_default_values().is_empty()
            || help.contains("[default")
            || help.contains("may be repeated")
    }

    #[test]
    fn every_option_has_help_and_states_its_default() {
        let mut all = Vec::new();
        let mut program = Args::command();
        program.build();
        commands(&program, &mut all);
        assert!(all.len() > 15);
        for command in all {
            for arg in command.get_arguments().filter(|arg| !arg.is_positional()) {
                let name = format!("{} --{}", command.get_name(), arg.get_id());
                assert!(arg.get_help().is_some(), "{name} says nothing");
                let is_sweep_preset = command.get_name() == "sweep" && arg.get_id() == "preset";
                let needs_no_default =
                    INPUTS_AND_OUTPUTS.contains(&arg.get_id().as_str()) || is_sweep_preset;
                assert!(
                    needs_no_default || states_its_default(arg),
                    "{name} has no default"
                );
            }
        }
    }
}
