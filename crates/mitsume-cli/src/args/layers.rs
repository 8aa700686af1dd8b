//! `mitsume layers`

use std::path::PathBuf;

use clap::ValueHint;

/// `mitsume layers`
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  mitsume layers resnet18.onnx\n  mitsume layers resnet18.onnx --all\n  mitsume layers resnet18.onnx --json"
)]
pub struct LayersArgs {
    /// An ONNX file
    #[arg(value_name = "MODEL.onnx", value_hint = ValueHint::FilePath)]
    pub model: PathBuf,
    /// Side of the images, where the file does not fix it [default: 224]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(4..=4096))]
    pub image_size: Option<u32>,
    /// 1 (grey) or 3, where the file leaves it open [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    pub channels: Option<u8>,
    /// List every layer of the file, not only the ten likely modules
    #[arg(long)]
    pub all: bool,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
}
