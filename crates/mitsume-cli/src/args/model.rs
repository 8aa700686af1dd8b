//! `mitsume eval`, and the options that name a model.

use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};
use mitsume::measures::DEFAULT_GRID;
use mitsume::methods::Method;
use mitsume_engine::FeatureLayout;
use mitsume_nn::Precision;

use super::{DeviceArg, ImageArgs, ShardArgs, ThreadsArg};

/// Which model, where it is hooked and how its maps are made.
#[derive(clap::Args)]
pub struct ModelArgs {
    /// An ONNX file of your own classifier, a run directory, or level1 to level5 with --weights
    #[arg(long, value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    #[arg(required_unless_present_any = ["run", "weights"])]
    pub model: Option<String>,
    /// A run directory: its network, weights, classes, and how it was shown images
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with_all = ["model", "weights"])]
    pub run: Option<PathBuf>,
    /// A level's weights: .safetensors, or a PyTorch state dict (.pth); the others have their own
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub weights: Option<PathBuf>,
    #[arg(long, value_name = "METHOD", default_value = "grad-cam")]
    #[arg(help = format!("How maps are made: {}", Method::list()))]
    pub method: Method,
    /// Average each map with that of the mirrored image, mirrored back
    #[arg(long)]
    pub flip: bool,
    /// Layer of an ONNX model to hook, by node, value or module (`mitsume layers` lists them);
    /// again for the mean of several [default: the last with a spatial map]
    #[arg(long, value_name = "NAME")]
    pub target_layer: Vec<String>,
    /// How the output of --target-layer is laid out, where the model does not tell: nchw, nhwc,
    /// tokens [N, T, C], tokens-first [T, N, C] or tokens-last [N, C, T] [default: as the model
    /// tells]
    #[arg(long, value_name = "LAYOUT")]
    pub layout: Option<FeatureLayout>,
    /// How a layer's tokens lie, for transformers, as 14x14 [default: as the model tells]
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = parse_grid)]
    pub token_grid: Option<[usize; 2]>,
    /// Names of the model's classes, one a line, in the order of its outputs, where it does not
    /// know them; class folders are then matched by name [default: the model's own, else the class
    /// folders' in their order]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub classes: Option<PathBuf>,
    /// Precision of the products of a level's convolutions, on the CPU: float32 or bfloat16 [default: as
    /// it was trained; float32 for ONNX files and on other devices]
    #[arg(long, value_name = "PRECISION")]
    pub precision: Option<Precision>,
    #[command(flatten)]
    pub images: ImageArgs,
}

/// Parses rows and columns, such as `14x14`.
pub(super) fn parse_grid(text: &str) -> Result<[usize; 2], String> {
    let sides = text
        .split_once('x')
        .map(|(rows, columns)| (rows.parse(), columns.parse()));
    match sides {
        Some((Ok(rows @ 1..=4096), Ok(columns @ 1..=4096))) => Ok([rows, columns]),
        _ => Err("rows and columns expected, as 14x14".into()),
    }
}

fn parse_probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("a number from 0 to 1".to_owned()),
    }
}

/// `mitsume eval`
#[derive(clap::Args)]
#[command(mut_arg("model", |model| model.required_unless_present_any(["run", "weights", "merge"])))]
#[command(after_help = "Examples:\n  \
    mitsume eval --run runs/first --data brain/Testing --json\n  \
    mitsume eval --model level2 --weights published.pth --image-size 224 --data brain/Testing\n  \
    mitsume eval --model resnet18.onnx --preset imagenet --classes names.txt --data photos --out looked\n  \
    mitsume eval --run runs/first --data brain/Testing --explain predicted\n  \
    mitsume eval --model findings.onnx --preset imagenet --data scans.csv/test --threshold 0.3 --out looked\n  \
    mitsume eval --run runs/first --data many --out looked --shard 2/8    (a process for each of the 8)\n  \
    mitsume eval --merge looked\n  \
    mitsume eval --run runs/first --data many --out looked --shards 64 --launcher slurm")]
pub struct EvalArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    /// The images: a folder with one folder per class, a list (list.csv, list.json: columns path,
    /// label, split, patient), or a split of a list (list.csv/test). Of a multi-label model a list
    /// with a column labels (Effusion|Mass), or a column of 0 and 1 for each finding
    #[arg(long, value_name = "DIR_OR_LIST", value_hint = ValueHint::AnyPath)]
    #[arg(required_unless_present = "merge")]
    pub data: Option<PathBuf>,
    /// What the outputs of the model are [default: multi-label for a list with the column labels, or
    /// with findings and no column label; else single-label]
    #[arg(long, value_name = "TASK")]
    pub task: Option<Task>,
    /// Probability from which a finding of a multi-label model is found [default: 0.5]
    #[arg(long, value_name = "0..1", value_parser = parse_probability)]
    pub threshold: Option<f64>,
    /// Which class's map is made of each image: its label, its predicted class, or the class of this
    /// name. A class's consistency is over its correctly classified images; with `predicted` over
    /// all images predicted as it [default: label]
    #[arg(long, value_name = "label|predicted|CLASS")]
    pub explain: Option<String>,
    /// Keep maps, labels and predictions in this file (readable by `score`) [default: not kept]
    #[arg(long, value_name = "FILE.safetensors", value_hint = ValueHint::FilePath)]
    pub cams: Option<PathBuf>,
    /// Keep the whole evaluation in this folder (for `report` and `explain --reference`) [default:
    /// not kept]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Which measures to take besides squared-l2 and l2
    #[arg(long, value_name = "WHICH", default_value = "grid")]
    pub measures: MeasureSet,
    /// Rows and columns of the common grid that maps are averaged onto
    #[arg(long, value_name = "N", default_value_t = DEFAULT_GRID as u16, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub grid: u16,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
    /// Make an unreadable image an error instead of leaving it out
    #[arg(long)]
    pub strict: bool,
    /// Images per forward pass
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub batch_size: u32,
    #[command(flatten)]
    pub shards: ShardArgs,
    #[command(flatten)]
    pub device: DeviceArg,
    #[command(flatten)]
    pub threads: ThreadsArg,
}

/// `--task`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Task {
    /// Classes that exclude each other: one label for each image, a softmax over the outputs
    SingleLabel,
    /// Findings that do not: any number of labels for each image, a sigmoid of each output
    MultiLabel,
}

/// `--measures`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MeasureSet {
    /// Only squared-l2 and l2
    None,
    /// Both on the common grid, and the chance-corrected consistency
    Grid,
    /// Also its permutation null, the cosine, Jensen-Shannon, earth mover's, Pearson, SSIM and region
    /// distances to the class mean map, soft IoU and SSIM of pairs of one class, and the maps'
    /// complexity (milliseconds an image)
    All,
}
