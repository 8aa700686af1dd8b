//! Opens the model that a command uses.

mod notes;
mod preprocessing;

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use mitsume_artifacts::{ModelSetting, ModelSettings, Override, Preprocessing};
use mitsume_data::{ImageFolder, ImageTransform, Preprocess};
use mitsume_engine::{
    ClassOrder, InputImages, LoadedModel, MapOptions, ModelInput, ModelRequest, ModelSource,
    Network, OnnxNetwork, OnnxRequest, OnnxSource, RunStatus, reorder_classes, shell_word,
};
use mitsume_guard::file::read_to_string;
use mitsume_locale::text;
use mitsume_nn::Level;

use crate::args::ModelArgs;
use crate::console::Console;
use crate::failure::{Failure, Result};

pub use notes::overrides;

/// A model with its classes and preprocessing.
pub struct OpenedModel {
    /// File of the model.
    source: PathBuf,
    /// Number of the model's outputs; a folder may have fewer classes.
    outputs: usize,
    pub network: Box<dyn Network>,
    /// Class names in the order of the logits.
    pub classes: Vec<String>,
    /// Settings that differ from those of training, or had to be assumed.
    pub settings: ModelSettings,
    pub maps: MapOptions,
    /// Height and width of the input.
    size: [usize; 2],
    transform: ImageTransform,
    /// Status of its run, if that is not finished.
    unfinished: Option<RunStatus>,
}

impl OpenedModel {
    /// Preprocessing of its images.
    pub fn preprocess(&self) -> Preprocess {
        Preprocess {
            height: self.size[0],
            width: self.size[1],
            channels: self.network.channels(),
            augment: None,
            seed: 0,
            transform: self.transform,
        }
    }

    /// An error if `reference` is the model's own unfinished run: the evaluation in it, if any, is
    /// of other weights than the checkpoint's.
    pub fn refuse_outdated_reference(&self, reference: &Path) -> Result {
        let Some(status) = &self.unfinished else {
            return Ok(());
        };
        let same = status.run.canonicalize().ok() == reference.canonicalize().ok();
        if !same {
            return Ok(());
        }
        Err(Failure::Request(format!(
            "--reference {}: the run is not finished, so there are no class mean maps of these \
             weights yet: mitsume train --resume {word}, or mitsume eval --run {word} --data DIR \
             --out EVALUATION and --reference EVALUATION",
            reference.display(),
            word = shell_word(reference)
        )))
    }
}

/// Opens the model and prints notes on its settings. With `folder`, its classes are the folder's.
pub fn open(
    args: &ModelArgs,
    folder: Option<&ImageFolder>,
    device: &Device,
    console: Console,
) -> Result<OpenedModel> {
    let request = ModelRequest {
        model: args.model.as_deref(),
        run: args.run.as_deref(),
        weights: args.weights.as_deref(),
    };
    let opened = match request.find()? {
        ModelSource::Onnx(source) => open_onnx(args, &source, folder, device, console)?,
        ModelSource::Level {
            level,
            weights,
            unfinished,
        } => OpenedModel {
            unfinished,
            ..open_level(args, level, &weights, folder, device)?
        },
    };
    let transform = opened.transform.validate(opened.size);
    transform.map_err(|error| Failure::Request(error.to_string()))?;
    notes::print_notes(&opened, console);
    Ok(opened)
}

fn maps(args: &ModelArgs) -> MapOptions {
    MapOptions {
        method: args.method,
        flip: args.flip,
    }
}

fn open_level(
    args: &ModelArgs,
    level: Level,
    weights: &Path,
    folder: Option<&ImageFolder>,
    device: &Device,
) -> Result<OpenedModel> {
    let onnx_flags = [
        ("--target-layer", !args.target_layer.is_empty()),
        ("--layout", args.layout.is_some()),
        ("--token-grid", args.token_grid.is_some()),
    ];
    if let Some((flag, _)) = onnx_flags.iter().find(|(_, given)| *given) {
        return Err(Failure::Request(format!(
            "{flag} is for ONNX files; {level} has its own"
        )));
    }
    let loaded = LoadedModel::open(level, weights, device)?;
    let metadata = loaded.metadata.as_ref();
    let given = preprocessing::given(&args.images, metadata.map(|metadata| metadata.image_size))?;
    let mut input = loaded.input(&given)?;
    let trained = metadata.map(|metadata| metadata.classes.clone());
    let names = class_names(args, loaded.network.classes(), weights)?;
    let names = names.or_else(|| trained.clone());
    let settings = &mut input.settings;
    if names.is_none() && folder.is_some() {
        settings.assumed.push(ModelSetting::Classes);
    }
    let order = ClassOrder::choose(weights, loaded.network.classes(), names, folder)?;
    settings
        .overrides
        .extend(trained.and_then(|trained| class_override(trained, &order)));
    Ok(OpenedModel {
        source: weights.to_owned(),
        outputs: loaded.network.classes(),
        classes: order.names().to_vec(),
        network: reorder_classes(Box::new(loaded.network), &order),
        size: [input.size; 2],
        transform: input.transform,
        settings: input.settings,
        maps: maps(args),
        unfinished: None,
    })
}

/// An override if the classes are not those of training. Their order does not matter.
fn class_override(trained: Vec<String>, order: &ClassOrder) -> Option<Override> {
    let outputs = order.outputs().iter().map(|&output| &trained[output]);
    let same = order.names().iter().eq(outputs) && trained.len() == order.names().len();
    (!same).then(|| Override {
        key: ModelSetting::Classes,
        used: order.names().to_vec().into(),
        trained_with: trained.into(),
    })
}

fn open_onnx(
    args: &ModelArgs,
    source: &OnnxSource,
    folder: Option<&ImageFolder>,
    device: &Device,
    console: Console,
) -> Result<OpenedModel> {
    let OnnxSource { path, run } = source;
    let run = run.as_ref();
    let metadata = run.map(|run| &run.metadata);
    let given = preprocessing::given(&args.images, metadata.map(|metadata| metadata.image_size))?;
    if metadata.is_none() {
        refuse_unknown_preprocessing(path, &given)?;
    }
    let request = OnnxRequest {
        layers: match (
            &args.target_layer[..],
            run.and_then(|run| run.target_layer.clone()),
        ) {
            ([], Some(layer)) => vec![layer],
            _ => args.target_layer.clone(),
        },
        layout: args.layout,
        tokens: args.token_grid.or(run.and_then(|run| run.token_grid)),
        images: InputImages {
            channels: given.channels,
            size: given
                .size
                .or(metadata.map(|m| m.image_size))
                .map(|side| [side; 2]),
        },
    };
    let network = OnnxNetwork::open(path, &request, device)?;
    let network = match metadata {
        Some(metadata) => network.named(&metadata.model),
        None => network,
    };
    if network.had_softmax() {
        let model = path.display().to_string();
        console.note(&text!(
            console.language,
            "command-model-softmax",
            model = model
        ));
    }
    let [_, height, width] = network.image();
    let (transform, mut settings) = match metadata {
        Some(metadata) => {
            let input = ModelInput::of_trained(metadata, &given);
            (input.transform, input.settings)
        }
        None => {
            // The crop of a preset keeps its share of the image, whose size only the file knows.
            let given = preprocessing::given(&args.images, Some(height))?;
            let transform = given.transform(ImageTransform::default());
            (transform, ModelSettings::default())
        }
    };
    let outputs = network.classes();
    let trained = metadata.map(|metadata| metadata.classes.clone());
    if trained
        .as_ref()
        .is_some_and(|trained| trained.len() != outputs)
    {
        return Err(Failure::Request(format!(
            "{}: {outputs} classes, other than its run's",
            path.display()
        )));
    }
    let names = class_names(args, outputs, path)?.or_else(|| trained.clone());
    if names.is_none() && folder.is_some() {
        settings.assumed.push(ModelSetting::Classes);
    }
    let order = ClassOrder::choose(path, outputs, names, folder)?;
    settings
        .overrides
        .extend(trained.and_then(|trained| class_override(trained, &order)));
    Ok(OpenedModel {
        source: path.to_owned(),
        outputs,
        classes: order.names().to_vec(),
        network: reorder_classes(Box::new(network), &order),
        size: [height, width],
        transform,
        settings,
        maps: maps(args),
        unfinished: run.and_then(|run| run.unfinished.clone()),
    })
}

/// A file says nothing of how its images are prepared: mean and standard deviation must be given.
fn refuse_unknown_preprocessing(path: &Path, given: &Preprocessing) -> Result {
    if given.mean.is_none() || given.std.is_none() {
        return Err(Failure::Request(format!(
            "{}: how were its images prepared? --preset imagenet, --preset levels, --preprocess \
             FILE.toml, or --mean and --std",
            path.display()
        )));
    }
    Ok(())
}

/// The class names of `--classes`, one for each output.
fn class_names(args: &ModelArgs, outputs: usize, model: &Path) -> Result<Option<Vec<String>>> {
    let Some(file) = &args.classes else {
        return Ok(None);
    };
    let names = read_names(file)?;
    if names.len() != outputs {
        return Err(Failure::Request(format!(
            "--classes {}: {} names, but {} has {outputs} classes",
            file.display(),
            names.len(),
            model.display()
        )));
    }
    Ok(Some(names))
}

/// Reads class names, one per line.
fn read_names(path: &Path) -> Result<Vec<String>> {
    const MAX_BYTES: u64 = 1 << 24;
    let about =
        |problem: String| Failure::Request(format!("--classes {}: {problem}", path.display()));
    let text = read_to_string(path, MAX_BYTES).map_err(|error| about(error.to_string()))?;
    let names: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    match names.iter().position(String::is_empty) {
        Some(line) => Err(about(format!("line {} is empty", line + 1))),
        None => Ok(names),
    }
}
