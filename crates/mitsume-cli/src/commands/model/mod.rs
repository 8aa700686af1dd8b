//! Opens the model that a command uses.

mod classes;
mod notes;
mod onnx;
mod preprocessing;

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use mitsume_artifacts::ModelSettings;
use mitsume_data::{ImageFolder, ImageSource, ImageTransform, MultiLabelData, Preprocess};
use mitsume_engine::{
    EngineError, EvaluationInput, LoadedModel, MapOptions, ModelRequest, ModelSource, Network,
    RunStatus, model_files, reorder_classes, shell_word,
};
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
    /// Whether its outputs are findings that do not exclude each other.
    pub is_multi_label: bool,
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

    /// The model with the images of `folder`, which `source` reads.
    pub fn input<'a>(
        &'a self,
        folder: &'a ImageFolder,
        source: &'a ImageSource,
    ) -> EvaluationInput<'a> {
        EvaluationInput {
            network: self.network.as_ref(),
            folder,
            source,
            settings: self.settings.clone(),
        }
    }

    /// The files of the network and its weights.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let is_onnx = self
            .source
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"));
        match is_onnx {
            true => model_files(&self.source).map_err(|error| EngineError::from(error).into()),
            false => Ok(vec![self.source.clone()]),
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
    let opened = match find(args)? {
        ModelSource::Onnx(source) => onnx::open(args, &source, folder, device, console)?,
        ModelSource::Level {
            level,
            weights,
            unfinished,
        } => OpenedModel {
            unfinished,
            ..open_level(args, level, &weights, folder, device)?
        },
    };
    check_and_note(&opened, console)?;
    Ok(opened)
}

/// Opens a model whose outputs are findings that do not exclude each other, and prints notes on its
/// settings. With `list`, the findings and labels are the list's.
pub fn open_multi_label(
    args: &ModelArgs,
    list: Option<&Path>,
    device: &Device,
    console: Console,
) -> Result<(OpenedModel, Option<MultiLabelData>)> {
    let (opened, data) = match find(args)? {
        ModelSource::Onnx(source) => onnx::open_multi_label(args, &source, list, device, console)?,
        ModelSource::Level { weights, .. } => {
            let reason = "holds weights of a level, which ends in a softmax";
            return Err(onnx::not_multi_label(&weights, reason));
        }
    };
    check_and_note(&opened, console)?;
    Ok((opened, data))
}

fn find(args: &ModelArgs) -> Result<ModelSource> {
    let request = ModelRequest {
        model: args.model.as_deref(),
        run: args.run.as_deref(),
        weights: args.weights.as_deref(),
    };
    Ok(request.find()?)
}

fn check_and_note(opened: &OpenedModel, console: Console) -> Result {
    let transform = opened.transform.validate(opened.size);
    transform.map_err(|error| Failure::Request(error.to_string()))?;
    notes::print_notes(opened, console);
    Ok(())
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
    let loaded = match args.precision {
        Some(precision) => loaded.with_precision(precision)?,
        None => loaded,
    };
    let metadata = loaded.metadata.as_ref();
    let given = preprocessing::given(&args.images, metadata.map(|metadata| metadata.image_size))?;
    let mut input = loaded.input(&given)?;
    let outputs = loaded.network.classes();
    let trained = metadata.map(|metadata| metadata.classes.clone());
    let settings = &mut input.settings;
    let order = classes::order(args, (weights, outputs), trained, folder, settings)?;
    Ok(OpenedModel {
        source: weights.to_owned(),
        outputs,
        classes: order.names().to_vec(),
        network: reorder_classes(Box::new(loaded.network), &order),
        size: [input.size; 2],
        transform: input.transform,
        settings: input.settings,
        maps: maps(args),
        unfinished: None,
        is_multi_label: false,
    })
}
