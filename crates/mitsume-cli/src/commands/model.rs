//! The model a command is asked to use.

use std::path::Path;

use burn::tensor::Device;
use mitsume_data::{ImageFolder, Interpolation, Preprocess, View};
use mitsume_lab::{
    ClassOrder, Images, LoadedModel, MapOptions, Network, OnnxNetwork, OnnxRequest, load_model,
    numbered_classes,
};
use mitsume_record::{PerChannel, Preprocessing};

use crate::args::{ImageArgs, InterpolationArg, ModelArgs, Preset};
use crate::failure::{Failure, Result};

/// A model, ready to be shown images.
pub struct Opened {
    pub network: Box<dyn Network>,
    /// Class names in the order of its logits.
    pub classes: Vec<String>,
    /// Height and width of its images.
    size: [usize; 2],
    view: View,
    pub maps: MapOptions,
}

impl Opened {
    /// How images are prepared for it.
    pub fn preprocess(&self) -> Preprocess {
        Preprocess {
            height: self.size[0],
            width: self.size[1],
            channels: self.network.channels(),
            augment: None,
            seed: 0,
            view: self.view,
        }
    }
}

/// Opens the model; with `folder`, its classes are the folder's.
pub fn open(args: &ModelArgs, folder: Option<&ImageFolder>, device: &Device) -> Result<Opened> {
    let path = Path::new(&args.model);
    let is_onnx = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("onnx"));
    let opened = if is_onnx {
        onnx(args, path, folder, device)?
    } else {
        level(args, folder, device)?
    };
    let size = opened.size;
    opened
        .view
        .validate(size)
        .map_err(|error| Failure::Request(error.to_string()))?;
    Ok(opened)
}

fn maps(args: &ModelArgs) -> MapOptions {
    MapOptions {
        method: args.method,
        flip: args.flip,
    }
}

fn level(args: &ModelArgs, folder: Option<&ImageFolder>, device: &Device) -> Result<Opened> {
    let of_onnx = [
        ("--target-layer", !args.target_layer.is_empty()),
        ("--layout", args.layout.is_some()),
        ("--token-grid", args.token_grid.is_some()),
        ("--classes", args.classes.is_some()),
    ];
    if let Some((flag, _)) = of_onnx.iter().find(|(_, given)| *given) {
        let model = &args.model;
        return Err(Failure::Request(format!(
            "{flag} is for ONNX files; {model} has its own"
        )));
    }
    let Some(weights) = &args.weights else {
        return Err(Failure::Request(format!(
            "--weights: which weights of {}? (an ONNX model is named by its file, ending in .onnx)",
            args.model
        )));
    };
    let loaded = load_model(&args.model, weights, device)?;
    let classes = match folder {
        Some(folder) => {
            as_many(
                &folder.classes,
                loaded.network.spec.classes,
                weights,
                &folder.root,
            )?;
            warn_of_other_classes(&loaded, folder);
            folder.classes.clone()
        }
        None => loaded.class_names(),
    };
    let given = preprocessing(&args.images)?;
    let size = level_size(&loaded, given.size.unwrap_or(224))?;
    Ok(Opened {
        network: Box::new(loaded.network),
        classes,
        size: [size; 2],
        view: given.view(View::default()),
        maps: maps(args),
    })
}

fn onnx(
    args: &ModelArgs,
    path: &Path,
    folder: Option<&ImageFolder>,
    device: &Device,
) -> Result<Opened> {
    if let Some(weights) = &args.weights {
        return Err(Failure::Request(format!(
            "--weights {}: an ONNX file has its own weights",
            weights.display()
        )));
    }
    let given = preprocessing(&args.images)?;
    if given.mean.is_none() || given.std.is_none() {
        return Err(Failure::Request(format!(
            "{}: how were its images prepared? --preset imagenet, --preset levels, --preprocess \
             FILE.toml, or --mean and --std",
            path.display()
        )));
    }
    let request = OnnxRequest {
        layers: args.target_layer.clone(),
        layout: args.layout,
        tokens: args.token_grid,
        images: Images {
            channels: given.channels,
            size: given.size.map(|side| [side; 2]),
        },
    };
    let network = OnnxNetwork::open(path, &request, device)?;
    if network.had_softmax() {
        eprintln!(
            "note: {} ends in a softmax; the class scores are the logits before it",
            path.display()
        );
    }
    let order = class_order(args, &network, path, folder)?;
    let [_, height, width] = network.image();
    Ok(Opened {
        classes: order.names().to_vec(),
        network: Box::new(network.with_classes(&order)),
        size: [height, width],
        view: given.view(View::default()),
        maps: maps(args),
    })
}

/// Which output is which class: by name where names are given, by position where not.
fn class_order(
    args: &ModelArgs,
    network: &OnnxNetwork,
    path: &Path,
    folder: Option<&ImageFolder>,
) -> Result<ClassOrder> {
    let outputs = network.classes();
    let names = args.classes.as_deref().map(read_names).transpose()?;
    if let (Some(names), Some(file)) = (&names, &args.classes)
        && names.len() != outputs
    {
        return Err(Failure::Request(format!(
            "--classes {}: {} names, but {} has {outputs} classes",
            file.display(),
            names.len(),
            path.display()
        )));
    }
    Ok(match (names, folder) {
        (Some(names), Some(folder)) => ClassOrder::by_name(&names, &folder.classes)?,
        (Some(names), None) => ClassOrder::own(names),
        (None, Some(folder)) => {
            as_many(&folder.classes, outputs, path, &folder.root)?;
            ClassOrder::own(folder.classes.clone())
        }
        (None, None) => ClassOrder::own(numbered_classes(outputs)),
    })
}

/// Class names, one a line.
fn read_names(path: &Path) -> Result<Vec<String>> {
    const LARGEST: u64 = 1 << 24;
    let about =
        |problem: String| Failure::Request(format!("--classes {}: {problem}", path.display()));
    let length = std::fs::metadata(path)
        .map_err(|error| about(error.to_string()))?
        .len();
    if length > LARGEST {
        return Err(about("more than 16 MiB of names".into()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| about(error.to_string()))?;
    let names: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    match names.iter().position(String::is_empty) {
        Some(line) => Err(about(format!("line {} is empty", line + 1))),
        None => Ok(names),
    }
}

fn as_many(classes: &[String], expected: usize, model: &Path, folder: &Path) -> Result {
    if classes.len() == expected {
        return Ok(());
    }
    Err(Failure::Request(format!(
        "{}: {} class folders ({}), but {} has {expected} classes",
        folder.display(),
        classes.len(),
        classes.join(", "),
        model.display(),
    )))
}

/// What the flags, the file and the preset say, in this order.
fn preprocessing(args: &ImageArgs) -> Result<Preprocessing> {
    let per_channel = |flag: &str, values: &Option<Vec<f32>>| match values {
        None => Ok(None),
        Some(values) => match PerChannel::new(values) {
            Some(values) => Ok(Some(values)),
            None => Err(Failure::Request(format!(
                "{flag}: {} numbers: one or three expected",
                values.len()
            ))),
        },
    };
    let flags = Preprocessing {
        mean: per_channel("--mean", &args.mean)?,
        std: per_channel("--std", &args.std)?,
        size: args.image_size.map(|side| side as usize),
        crop: args.crop.map(|side| side as usize),
        channels: args.channels.map(usize::from),
        interpolation: args.interpolation.map(|how| match how {
            InterpolationArg::Nearest => Interpolation::Nearest,
            InterpolationArg::Bilinear => Interpolation::Bilinear,
            InterpolationArg::Bicubic => Interpolation::Bicubic,
        }),
    };
    let base = match (&args.preprocess, args.preset) {
        (Some(path), _) => {
            Preprocessing::read(path).map_err(|e| Failure::Request(e.to_string()))?
        }
        (None, Some(Preset::Imagenet)) => of_view(View::IMAGENET, flags.size),
        (None, Some(Preset::Levels)) => of_view(View::default(), flags.size),
        (None, None) => Preprocessing::default(),
    };
    Ok(flags.or(base))
}

/// A view as if it had been given. For other sizes than 224 the crop keeps its share of the image.
fn of_view(view: View, size: Option<usize>) -> Preprocessing {
    let crop = view
        .crop
        .map(|crop| size.map_or(crop, |size| (crop * size).div_ceil(224)));
    Preprocessing {
        mean: Some(PerChannel::Each(view.mean)),
        std: Some(PerChannel::Each(view.std)),
        crop,
        interpolation: Some(view.interpolation),
        ..Preprocessing::default()
    }
}

/// The side of a level's images, if it can take it.
fn level_size(loaded: &LoadedModel, size: usize) -> Result<usize> {
    let level = loaded.network.spec.level;
    let smallest = level.smallest_image();
    if size < smallest {
        return Err(Failure::Request(format!(
            "--image-size: {size} is too small for {level}: at least {smallest}"
        )));
    }
    if let Some(note) = loaded.note.as_ref().filter(|note| note.image_size != size) {
        eprintln!(
            "warning: these weights were trained on images of {0}x{0}, evaluated at {size}x{size}: \
             --image-size {0} would match",
            note.image_size
        );
    }
    Ok(size)
}

fn warn_of_other_classes(loaded: &LoadedModel, folder: &ImageFolder) {
    let note = loaded.note.as_ref();
    if let Some(note) = note.filter(|note| note.classes != folder.classes) {
        eprintln!(
            "warning: these weights were trained on the classes {}, the folder has {}; they are \
             matched by position",
            note.classes.join(", "),
            folder.classes.join(", ")
        );
    }
}
