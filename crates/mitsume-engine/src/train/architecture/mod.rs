//! The networks that can be trained: the five levels, and graphs of ONNX files.
//!
//! An architecture is what stays the same during a run; [`TrainedModel`] is what a step changes.

pub(crate) mod graph;
mod level;

use std::path::Path;

use burn::module::{Module, ParamId};
use burn::tensor::{Device, Tensor};
use mitsume::train::{CamRequest, ForwardOutput};
use mitsume_artifacts::RunConfig;
use mitsume_nn::{Classifier, ClassifierSpec, Precision};
pub(crate) use mitsume_onnx::DropoutKey;
use mitsume_onnx::GraphParameters;

use crate::Result;
use crate::network::Network;
use graph::GraphArchitecture;

/// The network of a run.
pub(crate) enum Architecture {
    /// One of the five levels, and the precision of its convolutions.
    Level(ClassifierSpec, Precision),
    /// The graph of an ONNX file.
    Graph(Box<GraphArchitecture>),
}

/// Parameters and running statistics.
#[derive(Module, Debug)]
// There is one of it, and the module derive takes no boxed variants.
#[allow(clippy::large_enum_variant)]
pub(crate) enum TrainedModel {
    /// Of a level.
    Level(Classifier),
    /// Of a graph.
    Graph(GraphParameters),
}

const MISMATCH: &str = "the model is made by its architecture";

impl Architecture {
    /// The network of the configuration for `classes` classes, on `device`, which has no autodiff.
    ///
    /// # Errors
    /// A model that does not fit the images, the classes or the loss; a precision that the device
    /// does not compute in; an ONNX file that cannot be trained.
    pub fn open(config: &RunConfig, classes: usize, device: &Device) -> Result<Self> {
        Ok(match config.model.level() {
            Some(level) => {
                level::refuse_precision(config.train.precision, device)?;
                Self::Level(level::spec(config, level, classes)?, config.train.precision)
            }
            None => Self::Graph(GraphArchitecture::open(config, classes, device)?.into()),
        })
    }

    /// The network before its first step, from `seed` or the file's weights, on `device`, which has
    /// autodiff.
    ///
    /// # Errors
    /// An ONNX file that cannot be read again.
    pub fn new_model(&self, seed: u64, device: &Device) -> Result<TrainedModel> {
        Ok(match self {
            Self::Level(spec, precision) => {
                TrainedModel::Level(Classifier::new(*spec, seed, device).with_precision(*precision))
            }
            Self::Graph(graph) => TrainedModel::Graph(graph.new_model()?),
        })
    }

    /// Reads the weights of a file into `model`.
    ///
    /// # Errors
    /// A file that cannot be read or does not fit.
    pub fn load_weights(&self, path: &Path, model: &mut TrainedModel) -> Result<()> {
        match (self, model) {
            (Self::Level(spec, _), TrainedModel::Level(model)) => {
                level::load_weights(*spec, path, model)
            }
            (Self::Graph(graph), TrainedModel::Graph(parameters)) => {
                graph.load_weights(path, parameters)
            }
            _ => unreachable!("{MISMATCH}"),
        }
    }

    /// The weights as the bytes of a safetensors file, a PyTorch state dict, after `batches` batches.
    pub fn weights(&self, model: &TrainedModel, batches: u64, metadata: &str) -> Vec<u8> {
        match (self, model) {
            (Self::Level(spec, _), TrainedModel::Level(model)) => {
                mitsume_nn::weights::to_bytes(spec.level, model, metadata)
            }
            (Self::Graph(graph), TrainedModel::Graph(parameters)) => {
                graph.weights(parameters, batches, metadata)
            }
            _ => unreachable!("{MISMATCH}"),
        }
    }

    /// The content of an ONNX file with the trained weights, if the network is of one.
    ///
    /// # Errors
    /// Data of the original file that cannot be read any more.
    pub fn to_onnx(&self, model: &TrainedModel) -> Result<Option<Vec<u8>>> {
        match (self, model) {
            (Self::Graph(graph), TrainedModel::Graph(parameters)) => {
                Ok(Some(graph.to_onnx(parameters)?))
            }
            _ => Ok(None),
        }
    }

    /// A forward pass in training mode.
    ///
    /// # Errors
    /// Maps that are not defined for the network; what an operator refuses.
    pub fn forward(
        &self,
        model: &mut TrainedModel,
        images: Tensor<4>,
        key: DropoutKey,
        maps: Option<CamRequest<'_>>,
    ) -> Result<ForwardOutput> {
        match (self, model) {
            (Self::Level(..), TrainedModel::Level(model)) => {
                level::forward(model, images, key, maps)
            }
            (Self::Graph(graph), TrainedModel::Graph(parameters)) => {
                graph.forward(parameters, images, key, maps)
            }
            _ => unreachable!("{MISMATCH}"),
        }
    }

    /// Height and width of the maps of each layer, of square images of `size` pixels.
    pub fn map_sizes(&self, size: usize) -> Vec<[usize; 2]> {
        match self {
            Self::Level(spec, _) => vec![spec.level.cam_size([size, size])],
            Self::Graph(graph) => graph.map_sizes(),
        }
    }

    /// The network in evaluation.
    ///
    /// # Errors
    /// As [`Self::to_onnx`].
    pub fn network(&self, model: &TrainedModel) -> Result<Box<dyn Network>> {
        match (self, model) {
            (Self::Level(spec, _), TrainedModel::Level(model)) => Ok(level::network(*spec, model)),
            (Self::Graph(graph), TrainedModel::Graph(parameters)) => graph.network(parameters),
            _ => unreachable!("{MISMATCH}"),
        }
    }

    /// The parameters of the last linear layer; none if the network does not end in one.
    pub fn head(&self, model: &TrainedModel) -> Option<Vec<ParamId>> {
        match (self, model) {
            (Self::Level(..), TrainedModel::Level(model)) => Some(level::head(model)),
            (Self::Graph(graph), TrainedModel::Graph(parameters)) => graph.head(parameters),
            _ => unreachable!("{MISMATCH}"),
        }
    }

    /// Parameters with one axis: norms' weights and all biases.
    pub fn vectors(&self, model: &TrainedModel) -> Vec<ParamId> {
        match (self, model) {
            (Self::Graph(graph), TrainedModel::Graph(parameters)) => graph.vectors(parameters),
            (_, model) => level::vectors(model),
        }
    }
}
