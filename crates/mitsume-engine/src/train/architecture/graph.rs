//! Training of the graphs of ONNX files.

use std::path::{Path, PathBuf};

use burn::module::ParamId;
use burn::tensor::{Device, Tensor, TensorData};
use mitsume::AlphaGradient;
use mitsume::train::{CamRequest, ForwardOutput, differentiable_maps};
use mitsume_artifacts::RunConfig;
use mitsume_nn::weights::{self, FloatTensor, StateTensor, Weights};
use mitsume_onnx::{
    GraphParameters, InputImages, LayoutRequest, NewHead, OutputActivation, TrainableClassifier,
    TrainableHook,
};

use super::DropoutKey;
use crate::network::{Network, OnnxNetwork, OnnxRequest};
use crate::{EngineError, Result};

/// The graph of an ONNX file, hooked at a layer.
pub(crate) struct GraphArchitecture {
    path: PathBuf,
    model: TrainableClassifier,
    hook: TrainableHook,
    request: OnnxRequest,
    freeze: Vec<String>,
}

/// The layers whose maps are taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct HookedLayers {
    /// Of the maps that are evaluated; the default layer if there is none.
    pub target: Option<String>,
    /// Of the maps in the loss; the target layer if there are none.
    pub loss: Vec<String>,
    /// Rows and columns of their tokens.
    pub token_grid: Option<[usize; 2]>,
}

impl HookedLayers {
    fn of_config(config: &RunConfig) -> Self {
        Self {
            target: config.model.target_layer.clone(),
            loss: config.model.loss_layers.clone(),
            token_grid: config.model.token_grid,
        }
    }
}

impl GraphArchitecture {
    pub(super) fn open(config: &RunConfig, classes: usize, device: &Device) -> Result<Self> {
        let path = PathBuf::from(&config.model.name);
        let images = InputImages {
            channels: Some(config.data.channels),
            size: Some([config.data.image_size; 2]),
        };
        let new_head = config.model.new_head.then_some(NewHead {
            classes,
            seed: config.train.seed,
        });
        let model = TrainableClassifier::open(&path, images, new_head, device)?;
        let evaluated = model.evaluated()?;
        if evaluated.output_activation() == Some(OutputActivation::Sigmoid) {
            return Err(EngineError::Request(format!(
                "model.name: {} ends in a sigmoid: multi-label models and models of one output are \
                 not trained. For classes that exclude each other, export one logit for each, \
                 without it",
                path.display()
            )));
        }
        let outputs = evaluated.classes();
        drop(evaluated);
        if outputs != classes {
            return Err(EngineError::Request(format!(
                "model.name: {} has {outputs} classes, data.train has {classes}: set \
                 model.new_head = true for a new last layer",
                path.display()
            )));
        }
        refuse_unknown_names(&model, &config.model.freeze)?;
        if config.train.head_learning_rate.is_some() {
            refuse_untrained_head(&model, &config.model.freeze)?;
        }
        let mut graph = Self::new(&path, model, images, HookedLayers::of_config(config))?;
        let hook = &graph.hook;
        let consistency = &config.consistency;
        let alpha = (!consistency.is_plain(config.train.epochs)).then_some(consistency.alpha);
        if alpha.is_some() {
            consistency.method.check_differentiable()?;
            consistency.method.check_head(hook.is_gap_linear())?;
        }
        if alpha == Some(AlphaGradient::Full) {
            try_gradients(&graph.model, hook, images)?;
        }
        graph.freeze.clone_from(&config.model.freeze);
        Ok(graph)
    }

    /// The graph of `path`, read as `model` for images of `images`, hooked at `layers`.
    ///
    /// # Errors
    /// A layer that is not in the graph, or whose axes are not known.
    pub(crate) fn new(
        path: &Path,
        model: TrainableClassifier,
        images: InputImages,
        layers: HookedLayers,
    ) -> Result<Self> {
        let layout = LayoutRequest {
            layout: None,
            grid: layers.token_grid,
        };
        let mut hook = model.hook(layers.target.as_deref(), layout)?;
        let target = hook.layers()[0].to_owned();
        if !layers.loss.is_empty() {
            let names: Vec<_> = layers.loss.iter().map(|name| Some(&**name)).collect();
            hook = model.hook_several(&names, layout)?;
        }
        let request = OnnxRequest {
            layers: vec![target],
            layout: None,
            tokens: layers.token_grid,
            images,
        };
        Ok(Self {
            path: path.to_owned(),
            model,
            hook,
            request,
            freeze: Vec::new(),
        })
    }

    /// Frees the memory of the file's weights.
    pub(super) fn new_model(&self) -> Result<GraphParameters> {
        let parameters = self
            .model
            .initial_parameters(|name| !is_frozen(name, &self.freeze))?;
        self.model.release_weights();
        Ok(parameters)
    }

    pub(super) fn head(&self, parameters: &GraphParameters) -> Option<Vec<ParamId>> {
        let head = self.model.head()?.into_iter();
        Some(head.map(|number| parameters.values[number].id).collect())
    }

    /// The values of a graph's parameters are flat; their shapes are the file's.
    pub(super) fn vectors(&self, parameters: &GraphParameters) -> Vec<ParamId> {
        let parameters = self.model.parameters().iter().zip(&parameters.values);
        let vectors = parameters.filter(|(info, _)| info.shape.len() <= 1);
        vectors.map(|(_, value)| value.id).collect()
    }

    pub(super) fn map_sizes(&self) -> Vec<[usize; 2]> {
        let shapes = self.hook.map_shapes().into_iter();
        shapes.map(|[_, rows, columns]| [rows, columns]).collect()
    }

    pub(super) fn to_onnx(&self, parameters: &GraphParameters) -> Result<Vec<u8>> {
        Ok(self.model.to_onnx(parameters)?)
    }

    pub(super) fn network(&self, parameters: &GraphParameters) -> Result<Box<dyn Network>> {
        let classifier = self.model.classifier(parameters)?;
        let network = OnnxNetwork::new(&self.path, classifier, &self.request)?;
        Ok(Box::new(network))
    }

    pub(super) fn forward(
        &self,
        parameters: &mut GraphParameters,
        images: Tensor<4>,
        key: DropoutKey,
        maps: Option<CamRequest<'_>>,
    ) -> Result<ForwardOutput> {
        let full = maps.filter(|maps| maps.alpha == AlphaGradient::Full);
        let hook = &self.hook;
        let pass = hook.forward(parameters, images, key, full.is_some())?;
        let weighted_sums = match maps {
            None => Vec::new(),
            Some(maps) => {
                let gradients = match maps.alpha {
                    AlphaGradient::Full => hook.gradients(&pass, maps.labels)?,
                    AlphaGradient::Detached => {
                        hook.detached_gradients(&pass, parameters, maps.labels)?
                    }
                };
                let pairs = pass.features.iter().zip(gradients);
                let maps = pairs.map(|(features, gradients)| {
                    differentiable_maps(maps.method, features.clone(), gradients)
                });
                maps.collect::<std::result::Result<_, _>>()?
            }
        };
        self.model.update_running_statistics(parameters, &pass);
        Ok(ForwardOutput {
            logits: pass.logits,
            weighted_sums,
        })
    }

    /// All of the file's parameters, by name; batches are counted as PyTorch does.
    pub(super) fn weights(
        &self,
        parameters: &GraphParameters,
        batches: u64,
        metadata: &str,
    ) -> Vec<u8> {
        let mut tensors = Vec::new();
        for (info, values) in self.model.state_dict(parameters) {
            if let Some(norm) = info.name.strip_suffix("running_mean") {
                let name = format!("{norm}num_batches_tracked");
                tensors.push((name, StateTensor::Count(batches)));
            }
            let shape = info.shape;
            let tensor = FloatTensor { shape, values };
            tensors.push((info.name, StateTensor::Floats(tensor)));
        }
        weights::serialise(tensors, metadata)
    }

    pub(super) fn load_weights(&self, path: &Path, parameters: &mut GraphParameters) -> Result<()> {
        let wrong =
            |problem: String| EngineError::Request(format!("{}: {problem}", path.display()));
        let file = Weights::open(path)?;
        for (info, value) in self.model.parameters().iter().zip(&mut parameters.values) {
            let (name, expected) = (&info.name, &info.shape);
            let Some(FloatTensor { shape, values }) = file.parameter(name)? else {
                return Err(wrong(format!(
                    "no parameter \"{name}\", which {} has",
                    self.path.display()
                )));
            };
            if shape != *expected {
                return Err(wrong(format!(
                    "parameter \"{name}\" has shape {shape:?}; {} needs {expected:?}",
                    self.path.display()
                )));
            }
            let count = values.len();
            let trained = value.is_require_grad();
            *value = value.clone().map(|old| {
                let data = TensorData::new(values, [count]);
                Tensor::from_data(data, &old.device()).set_require_grad(trained)
            });
        }
        Ok(())
    }
}

/// Takes gradients of two images of zeros: before a run begins it is known whether they can be
/// differentiated.
fn try_gradients(
    model: &TrainableClassifier,
    hook: &TrainableHook,
    images: InputImages,
) -> Result<()> {
    let parameters = model.initial_parameters(|_| true)?;
    let [height, width] = images.size.expect("given above");
    let channels = images.channels.expect("given above");
    let device = model.device().autodiff();
    let zeros = Tensor::zeros([2, channels, height, width], &device);
    let key = DropoutKey { seed: 0, step: 0 };
    let pass = hook.forward(&parameters, zeros, key, true)?;
    hook.gradients(&pass, &[0, 0]).map_err(|error| {
        EngineError::Request(format!(
            "consistency.alpha = \"full\": {error}; set consistency.alpha = \"detached\", or choose a \
             later layer than {} (model.target_layer, model.loss_layers)",
            hook.layers().join(", ")
        ))
    })?;
    Ok(())
}

/// Whether a parameter of this name is not trained.
fn is_frozen(name: &str, freeze: &[String]) -> bool {
    freeze.iter().any(|begin| name.starts_with(begin))
}

/// Refuses a learning rate of the head where no parameter would have it.
fn refuse_untrained_head(model: &TrainableClassifier, freeze: &[String]) -> Result<()> {
    let problem = match model.head() {
        None => "the network does not end in a linear layer with weights of its own".to_owned(),
        Some(head) => {
            let mut names = head.iter().map(|&number| &*model.parameters()[number].name);
            if !names.clone().all(|name| is_frozen(name, freeze)) {
                return Ok(());
            }
            let name = names.next().unwrap_or_default();
            format!("the last linear layer, {name}, is frozen by model.freeze")
        }
    };
    Err(EngineError::Request(format!(
        "train.head_learning_rate: {problem}"
    )))
}

fn refuse_unknown_names(model: &TrainableClassifier, freeze: &[String]) -> Result<()> {
    let names = || model.parameters().iter().map(|info| info.name.as_str());
    let unknown = freeze
        .iter()
        .find(|begin| !names().any(|name| name.starts_with(begin.as_str())));
    match unknown {
        None => Ok(()),
        Some(begin) => Err(EngineError::Request(format!(
            "model.freeze: no parameter's name begins with \"{begin}\"; there are {}, ...",
            names().take(3).collect::<Vec<_>>().join(", ")
        ))),
    }
}
