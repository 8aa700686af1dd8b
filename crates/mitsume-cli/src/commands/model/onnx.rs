//! Opens an ONNX file.

use std::path::Path;

use burn::tensor::Device;
use mitsume_artifacts::{ModelSetting, ModelSettings, Preprocessing};
use mitsume_data::{ImageFolder, ImageTransform, MultiLabelData};
use mitsume_engine::{
    ClassOrder, InputImages, ModelInput, Network, OnnxNetwork, OnnxRequest, OnnxRun, OnnxSource,
    OutputActivation, reorder_classes, two_classes,
};
use mitsume_locale::text;
use mitsume_nn::Precision;

use super::{OpenedModel, classes, maps, preprocessing};
use crate::args::ModelArgs;
use crate::console::Console;
use crate::failure::{Failure, Result};

/// Opens a classifier whose classes exclude each other. Without `folder` it may also be one whose
/// outputs are findings, if its file ends in sigmoids.
pub fn open(
    args: &ModelArgs,
    source: &OnnxSource,
    folder: Option<&ImageFolder>,
    device: &Device,
    console: Console,
) -> Result<OpenedModel> {
    let mut file = open_file(args, source, device)?;
    let path = &source.path;
    let outputs = file.network.classes();
    let is_multi_label = match file.network.output_activation() {
        Some(OutputActivation::Softmax) => {
            note(path, "command-model-softmax", console);
            false
        }
        Some(OutputActivation::Sigmoid) if outputs > 1 => {
            if let Some(folder) = folder {
                return Err(Failure::Request(format!(
                    "{}: ends in sigmoids, so its outputs are findings that do not exclude each \
                     other, but {} has one label for each image: give a list with several (mitsume \
                     eval --help), or export the model without the sigmoids if its outputs are \
                     classes",
                    path.display(),
                    folder.named.display()
                )));
            }
            note(path, "command-model-sigmoids", console);
            true
        }
        Some(OutputActivation::Sigmoid) | None => false,
    };
    let is_binary = outputs == 1 && !is_multi_label;
    let classes = if is_binary { 2 } else { outputs };
    let trained = file.trained.take();
    let settings = &mut file.settings;
    let order = classes::order(args, (path, classes), trained, folder, settings)?;
    let network: Box<dyn Network> = Box::new(file.network);
    let network = match is_binary {
        true => binary(network, &order, path, console)?,
        false => reorder_classes(network, &order),
    };
    Ok(OpenedModel {
        source: path.clone(),
        outputs: classes,
        classes: order.names().to_vec(),
        network,
        size: file.size,
        transform: file.transform,
        settings: file.settings,
        maps: maps(args),
        unfinished: source.run.as_ref().and_then(|run| run.unfinished.clone()),
        is_multi_label,
    })
}

/// Opens a model whose outputs are findings, with the data of `list`, if there is one.
pub fn open_multi_label(
    args: &ModelArgs,
    source: &OnnxSource,
    list: Option<&Path>,
    device: &Device,
    console: Console,
) -> Result<(OpenedModel, Option<MultiLabelData>)> {
    let path = &source.path;
    if source.run.is_some() {
        return Err(not_multi_label(path, "was trained with a softmax"));
    }
    let mut file = open_file(args, source, device)?;
    let found = match file.network.output_activation() {
        Some(OutputActivation::Softmax) => return Err(not_multi_label(path, "ends in a softmax")),
        Some(OutputActivation::Sigmoid) => "command-model-sigmoids",
        None => "command-model-findings",
    };
    note(path, found, console);
    let outputs = file.network.classes();
    let names = classes::class_names(args, outputs, path)?;
    let data = list
        .map(|list| MultiLabelData::open(list, names.as_deref()))
        .transpose()?;
    if names.is_none() && data.is_some() {
        file.settings.assumed.push(ModelSetting::Classes);
    }
    let findings = match (&data, names) {
        (Some(data), _) => data.folder.classes.clone(),
        (None, Some(names)) => names,
        (None, None) => ClassOrder::choose(path, outputs, None, None)?
            .names()
            .to_vec(),
    };
    if findings.len() != outputs {
        return Err(Failure::Request(format!(
            "{}: {} findings ({}), but {} has {outputs} outputs: --classes names the finding of each",
            list.unwrap_or(path).display(),
            findings.len(),
            findings.join(", "),
            path.display()
        )));
    }
    let model = OpenedModel {
        source: path.clone(),
        outputs,
        classes: findings,
        network: Box::new(file.network),
        size: file.size,
        transform: file.transform,
        settings: file.settings,
        maps: maps(args),
        unfinished: None,
        is_multi_label: true,
    };
    Ok((model, data))
}

/// The refusal of a model whose classes exclude each other.
pub fn not_multi_label(model: &Path, reason: &str) -> Failure {
    Failure::Request(format!(
        "{}: {reason}, so its classes exclude each other: it has no findings of which an image may \
         have several (--task multi-label, or a list without the column label)",
        model.display()
    ))
}

/// A model's file, and what is known of it before its data.
struct OpenedFile {
    network: OnnxNetwork,
    size: [usize; 2],
    transform: ImageTransform,
    settings: ModelSettings,
    /// Classes that it was trained with, if its run is known.
    trained: Option<Vec<String>>,
}

fn open_file(args: &ModelArgs, source: &OnnxSource, device: &Device) -> Result<OpenedFile> {
    let OnnxSource { path, run } = source;
    if let Some(precision) = args.precision.filter(|p| *p != Precision::Float32) {
        return Err(Failure::Request(format!(
            "--precision {precision}: for levels; {} is an ONNX file, which is computed in float32",
            path.display()
        )));
    }
    let metadata = run.as_ref().map(|run| &run.metadata);
    let given = preprocessing::given(&args.images, metadata.map(|metadata| metadata.image_size))?;
    if metadata.is_none() {
        refuse_unknown_preprocessing(path, &given)?;
    }
    let network = OnnxNetwork::open(path, &request(args, run.as_ref(), &given), device)?;
    let network = match metadata {
        Some(metadata) => network.named(&metadata.model),
        None => network,
    };
    let [_, height, width] = network.image();
    let (transform, settings) = match metadata {
        Some(metadata) => {
            let input = ModelInput::of_trained(metadata, &given);
            (input.transform, input.settings)
        }
        // The crop of a preset keeps its share of the image, whose size only the file knows.
        None => {
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
    Ok(OpenedFile {
        network,
        size: [height, width],
        transform,
        settings,
        trained,
    })
}

/// A network of one output as one of two classes, of which the second is the one that the output
/// speaks for.
fn binary(
    network: Box<dyn Network>,
    order: &ClassOrder,
    path: &Path,
    console: Console,
) -> Result<Box<dyn Network>> {
    let place = |output: usize| order.outputs().iter().position(|&one| one == output);
    let (Some(negative), Some(positive)) = (place(0), place(1)) else {
        return Err(Failure::Request(format!(
            "{}: has one output, for two classes, but the data has {} alone",
            path.display(),
            order.names().join(", ")
        )));
    };
    console.note(&text!(
        console.language,
        "command-model-single-logit",
        model = path.display().to_string(),
        positive = order.names()[positive].as_str(),
        negative = order.names()[negative].as_str(),
    ));
    Ok(two_classes(network, positive))
}

fn note(path: &Path, message: &str, console: Console) {
    let (language, model) = (console.language, path.display().to_string());
    console.note(&text!(language, message, model = model));
}

/// Layers, layout and images by the flags; what they leave open is as in the run that trained the
/// file.
fn request(args: &ModelArgs, run: Option<&OnnxRun>, given: &Preprocessing) -> OnnxRequest {
    let trained_layer = run.and_then(|run| run.target_layer.clone());
    let trained_size = run.map(|run| run.metadata.image_size);
    OnnxRequest {
        layers: match (&args.target_layer[..], trained_layer) {
            ([], Some(layer)) => vec![layer],
            _ => args.target_layer.clone(),
        },
        layout: args.layout,
        tokens: args.token_grid.or(run.and_then(|run| run.token_grid)),
        images: InputImages {
            channels: given.channels,
            size: given.size.or(trained_size).map(|side| [side; 2]),
        },
    }
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
