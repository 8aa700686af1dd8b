//! A classifier of an ONNX file, read to be trained.

use std::path::Path;

use burn::tensor::{Device, Tensor};

use super::evaluation_form::{NewValues, evaluation_form};
use super::hook::{ForwardPass, TrainableHook};
use super::new_head::{NewHead, replace_head};
use super::parameters::{GraphParameters, ParameterInfo};
use crate::classifier::{Classifier, InputImages};
use crate::error::Result;
use crate::file::ModelFile;
use crate::graph::{Graph, ReadFor, ValueId};
use crate::layers::LayoutRequest;

/// An image classifier that can be trained. It has no state but the file: parameters are in
/// [`GraphParameters`], which the caller holds.
pub struct TrainableClassifier {
    file: ModelFile,
    pub(super) graph: Graph,
    /// The same file as it is evaluated, for names, shapes and layouts of layers.
    pub(super) evaluated: Classifier,
    pub(super) norms: Vec<RunningNorm>,
    parameters: Vec<ParameterInfo>,
    images: InputImages,
    /// Number of classes, where it is not the file's.
    new_classes: Option<usize>,
    pub(super) device: Device,
}

/// A batch norm with running statistics.
pub(super) struct RunningNorm {
    /// Numbers of the parameters that are its running mean and variance.
    pub running: [usize; 2],
    /// Values that are the batch's.
    pub batch: [ValueId; 2],
    /// Share of the old statistic that is kept.
    pub momentum: f64,
}

impl TrainableClassifier {
    /// Reads a model. Its parameters are the initialisers of its file.
    ///
    /// - `path`: an ONNX file as [`Classifier::open`] takes it, best in training form (README).
    /// - `images`: channels, height and width; they must agree with what the file fixes.
    /// - `new_head`: a new last linear layer, for another number of classes; none keeps the file's.
    /// - `device`: where to compute, without autodiff.
    ///
    /// # Errors
    /// As [`Classifier::open`]; a file without parameters; a last layer that is not linear where a new
    /// one is asked for.
    pub fn open(
        path: &Path,
        images: InputImages,
        new_head: Option<NewHead>,
        device: &Device,
    ) -> Result<Self> {
        let file = ModelFile::open(path)?;
        let mut decoded = ModelFile::from_bytes(path, file.data.clone())?;
        let mut graph = Graph::read(&mut decoded, device, ReadFor::Training)?;
        if graph.trained.is_empty() {
            return Err(file.error("it has no parameters: initialisers of floats"));
        }
        if let Some(head) = &new_head {
            replace_head(&mut graph, head).map_err(|reason| file.error(reason))?;
        }
        let new_classes = new_head.map(|head| head.classes);
        let norms = running_norms(&graph);
        let parameters = parameter_infos(&graph, &norms);
        let values = graph.trained.iter();
        let values: NewValues = values
            .map(|p| (p.name.as_str(), (&p.shape[..], p.values.clone())))
            .collect();
        let bytes = evaluation_form(&file, &values, new_classes)?;
        let evaluated = ModelFile::from_bytes(path, bytes.into())?;
        let evaluated = Classifier::from_file(evaluated, images, device)?;
        Ok(Self {
            file,
            evaluated,
            norms,
            parameters,
            images,
            new_classes,
            device: device.clone(),
            graph,
        })
    }

    /// The classifier as the file has it, in evaluation.
    pub fn evaluated(&self) -> &Classifier {
        &self.evaluated
    }

    /// Where it computes, without autodiff.
    pub fn device(&self) -> Device {
        self.device.clone()
    }

    /// Parameters and running statistics, in the order of [`GraphParameters::values`].
    pub fn parameters(&self) -> &[ParameterInfo] {
        &self.parameters
    }

    /// Whether its convolutions are followed by batch norms that can be trained. Exporters fold them into
    /// the convolutions unless a model is exported in training form.
    pub fn has_batch_norm(&self) -> bool {
        !self.norms.is_empty()
    }

    /// The parameters of the file, on the device with autodiff.
    ///
    /// - `is_trained`: whether the parameter of this name is trained; others are frozen.
    pub fn initial_parameters(&self, is_trained: impl Fn(&str) -> bool) -> GraphParameters {
        let trained = |number: usize| {
            let info = &self.parameters[number];
            !info.is_running_statistic && is_trained(&info.name)
        };
        GraphParameters::new(
            &self.graph.trained,
            trained,
            &self.device.clone().autodiff(),
        )
    }

    /// Moves the running statistics of the batch norms towards those of a forward pass.
    pub fn update_running_statistics(
        &self,
        parameters: &mut GraphParameters,
        forward: &ForwardPass,
    ) {
        for (norm, batch) in self.norms.iter().zip(&forward.statistics) {
            for (number, batch) in norm.running.into_iter().zip(batch) {
                let kept = norm.momentum;
                let running = &mut parameters.values[number];
                *running = running.clone().map(|old| {
                    let new = old.inner().mul_scalar(kept) + batch.clone().mul_scalar(1.0 - kept);
                    Tensor::from_inner(new).set_require_grad(false)
                });
            }
        }
    }

    /// Divides the graph at a layer, named as in [`Classifier::hook`].
    ///
    /// # Errors
    /// As [`Classifier::hook`].
    pub fn hook(&self, layer: Option<&str>, requested: LayoutRequest) -> Result<TrainableHook> {
        TrainableHook::new(self, layer, requested)
    }

    /// Names, shapes and values of parameters and running statistics, as a state dict.
    pub fn state_dict(&self, parameters: &GraphParameters) -> Vec<(ParameterInfo, Vec<f32>)> {
        let infos = self.parameters.iter().cloned().enumerate();
        infos
            .map(|(number, info)| (info, parameters.host_values(number)))
            .collect()
    }

    /// The content of an ONNX file with these parameters, in evaluation form: what any ONNX runtime
    /// computes logits with.
    ///
    /// # Errors
    /// External data that cannot be read.
    pub fn to_onnx(&self, parameters: &GraphParameters) -> Result<Vec<u8>> {
        let values = self.parameters.iter().enumerate().map(|(number, info)| {
            let values = parameters.host_values(number);
            (info.name.as_str(), (&info.shape[..], values))
        });
        evaluation_form(&self.file, &values.collect(), self.new_classes)
    }

    /// The classifier with these parameters, in evaluation.
    ///
    /// # Errors
    /// As [`Self::to_onnx`].
    pub fn classifier(&self, parameters: &GraphParameters) -> Result<Classifier> {
        let bytes = self.to_onnx(parameters)?;
        let file = ModelFile::from_bytes(self.file.path(), bytes.into())?;
        Classifier::from_file(file, self.images, &self.device)
    }
}

fn running_norms(graph: &Graph) -> Vec<RunningNorm> {
    let number = |id: Option<ValueId>| graph.trained.iter().position(|p| Some(p.id) == id);
    let norms = graph.nodes.iter().filter_map(|node| {
        let momentum = node.op.operator().running_momentum()?;
        let input = |i: usize| node.inputs.get(i).copied().flatten();
        Some(RunningNorm {
            running: [number(input(3))?, number(input(4))?],
            batch: [node.outputs[1]?, node.outputs[2]?],
            momentum,
        })
    });
    norms.collect()
}

fn parameter_infos(graph: &Graph, norms: &[RunningNorm]) -> Vec<ParameterInfo> {
    let parameters = graph.trained.iter().enumerate();
    parameters
        .map(|(number, parameter)| ParameterInfo {
            name: parameter.name.clone(),
            shape: parameter.shape.clone(),
            is_running_statistic: norms.iter().any(|norm| norm.running.contains(&number)),
        })
        .collect()
}
