//! `mitsume explain`

use std::path::PathBuf;

use clap::ValueHint;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use mitsume_report::{ColourMap, OverlayStyle};

use super::{DeviceArg, ModelArgs, Task, ThreadsArg};

/// `mitsume explain`
#[derive(clap::Args)]
#[command(after_help = "Example:\n  \
    mitsume explain --run runs/first scan1.png scan2.png --reference runs/first --out explained\n  \
    mitsume explain --run runs/first new-scans --out explained      (a folder)\n  \
    mitsume explain --run runs/first scan1.png --overlay --alpha 0.4 --colour-map turbo --out explained\n\n\
    An image that cannot be read stops none of the others: it is named at the end, and the exit\n\
    code is 1 (2 if no image could be read).")]
pub struct ExplainArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    /// Images to explain; folders: all images in and below them, labelled or not; lists (list.csv,
    /// list.json) and splits of lists (list.csv/test)
    #[arg(value_name = "IMAGE_OR_DIR", required = true, value_hint = ValueHint::AnyPath)]
    pub images: Vec<PathBuf>,
    /// What the outputs of the model are [default: multi-label if its file ends in sigmoids, or by
    /// the columns of the list of --data; else single-label]
    #[arg(long, value_name = "TASK")]
    pub task: Option<Task>,
    /// The class to explain: a name, or `predicted` (of a multi-label model its most probable
    /// finding)
    #[arg(long, value_name = "NAME", default_value = "predicted")]
    pub class: String,
    /// A folder with one folder per class, or a list, for the class names, where the weights do not
    /// know them [default: the weights' own names]
    #[arg(long, value_name = "DIR_OR_LIST", value_hint = ValueHint::AnyPath)]
    pub data: Option<PathBuf>,
    /// A run directory or an evaluation: also show the deviation from its class mean map [default:
    /// no comparison]
    #[arg(long, value_name = "RUN_OR_EVAL", value_hint = ValueHint::DirPath)]
    pub reference: Option<PathBuf>,
    /// Folder for one PNG per image, explained.csv and explained.html
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: PathBuf,
    /// Also draw each map over its image at the image's own resolution, with a colour bar
    /// (IMAGE.explained.overlay.png)
    #[arg(long)]
    pub overlay: bool,
    /// Opacity of maps over images, from 0 (only the image) to 1 (only the map)
    #[arg(long, value_name = "0..1", default_value_t = OverlayStyle::DEFAULT.alpha, value_parser = parse_opacity)]
    pub alpha: f32,
    /// Colours of maps
    #[arg(long, value_name = "NAME", aliases = ["color-map", "colormap", "cmap"], default_value = OverlayStyle::DEFAULT.colour_map.name(), value_parser = colour_map_parser())]
    pub colour_map: ColourMap,
    /// Also write each map as float32 [height, width] of the layer (IMAGE.explained.map.npy)
    #[arg(long)]
    pub raw_maps: bool,
    /// Print one JSON object to stdout and nothing else
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub device: DeviceArg,
    #[command(flatten)]
    pub threads: ThreadsArg,
}

fn parse_opacity(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(alpha) if (0.0..=1.0).contains(&alpha) => Ok(alpha),
        _ => Err("a number from 0 to 1".to_owned()),
    }
}

fn colour_map_parser() -> impl TypedValueParser<Value = ColourMap> {
    let named = |name: String| {
        let mut all = ColourMap::ALL.into_iter();
        all.find(|map| map.name() == name)
            .expect("one of the possible values")
    };
    PossibleValuesParser::new(ColourMap::ALL.map(ColourMap::name)).map(named)
}
