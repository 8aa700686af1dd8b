//! A classifier of an ONNX file, read to be trained.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::{Device, Tensor};

use super::evaluation_form::{NewValues, evaluation_form, without_values};
use super::head::{NewHead, head_parameters, replace_head};
use super::hook::{ForwardPass, TrainableHook};
use super::parameters::{GraphParameters, ParameterInfo};
use crate::classifier::{Classifier, InputImages};
use crate::error::Result;
use crate::file::ModelFile;
use crate::graph::{Graph, ReadFor, ValueId};
use crate::layers::LayoutRequest;

/// An image classifier that can be trained. It has no state but the file: parameters are in
/// [`GraphParameters`], which the caller holds.
pub struct TrainableClassifier {
    /// The file without the values of its parameters.
    file: ModelFile,
    /// Its parameters are without values.
    pub(super) graph: Graph,
    /// What is read from the file's weights, until [`Self::release_weights`].
    weights: Mutex<Option<Arc<FileWeights>>>,
    pub(super) norms: Vec<RunningNorm>,
    parameters: Vec<ParameterInfo>,
    images: InputImages,
    new_head: Option<NewHead>,
    pub(super) device: Device,
}

/// The weights of a file.
pub(super) struct FileWeights {
    /// Of each parameter.
    values: Vec<Vec<f32>>,
    /// The same file as it is evaluated, for names, shapes and layouts of layers.
    pub evaluated: Classifier,
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
        let (file, graph, weights) = read(path, images, new_head, device)?;
        let norms = running_norms(&graph);
        let parameters = parameter_infos(&graph, &norms);
        let names = parameters.iter().map(|info| info.name.as_str()).collect();
        let bytes = without_values(&file, &names)?;
        Ok(Self {
            file: ModelFile::from_bytes(path, bytes.into())?,
            weights: Mutex::new(Some(weights.into())),
            norms,
            parameters,
            images,
            new_head,
            device: device.clone(),
            graph,
        })
    }

    /// The classifier as the file has it, in evaluation.
    ///
    /// # Errors
    /// After [`Self::release_weights`]: a file that cannot be read again, or has changed.
    pub fn evaluated(&self) -> Result<Classifier> {
        Ok(self.weights()?.evaluated.clone())
    }

    /// Frees the memory of the file's weights, which are neither those of [`GraphParameters`] nor
    /// required in training; what asks for them later reads the file again.
    pub fn release_weights(&self) {
        *self.weights.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn weights(&self) -> Result<Arc<FileWeights>> {
        let mut weights = self.weights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(weights) = &*weights {
            return Ok(Arc::clone(weights));
        }
        let (file, graph, read) = read(self.file.path(), self.images, self.new_head, &self.device)?;
        if parameter_infos(&graph, &running_norms(&graph)) != self.parameters {
            return Err(file.error("it has changed since it was opened"));
        }
        Ok(Arc::clone(weights.insert(read.into())))
    }

    /// Where it computes, without autodiff.
    pub fn device(&self) -> Device {
        self.device.clone()
    }

    /// Parameters and running statistics, in the order of [`GraphParameters::values`].
    pub fn parameters(&self) -> &[ParameterInfo] {
        &self.parameters
    }

    /// Numbers of the parameters of its last linear layer, in [`Self::parameters`]; none if it does not
    /// end in one with weights of its own.
    pub fn head(&self) -> Option<Vec<usize>> {
        head_parameters(&self.graph)
    }

    /// Whether its convolutions are followed by batch norms that can be trained. Exporters fold them into
    /// the convolutions unless a model is exported in training form.
    pub fn has_batch_norm(&self) -> bool {
        !self.norms.is_empty()
    }

    /// The parameters of the file, on the device with autodiff.
    ///
    /// - `is_trained`: whether the parameter of this name is trained; others are frozen.
    ///
    /// # Errors
    /// As [`Self::evaluated`].
    pub fn initial_parameters(&self, is_trained: impl Fn(&str) -> bool) -> Result<GraphParameters> {
        let trained = |number: usize| {
            let info = &self.parameters[number];
            !info.is_running_statistic && is_trained(&info.name)
        };
        let values = &self.weights()?.values;
        let device = self.device.clone().autodiff();
        Ok(GraphParameters::new(values, trained, &device))
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
        self.hook_several(&[layer], requested)
    }

    /// As [`Self::hook`], at each of several layers, of which there is at least one.
    ///
    /// # Errors
    /// As [`Self::hook`]; two names of one layer.
    ///
    /// # Panics
    /// Without a layer.
    pub fn hook_several(
        &self,
        layers: &[Option<&str>],
        requested: LayoutRequest,
    ) -> Result<TrainableHook> {
        TrainableHook::new(self, layers, requested)
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
        let classes = self.new_head.map(|head| head.classes);
        evaluation_form(&self.file, &values.collect(), classes)
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

/// The file, its graph without the values of the parameters, and its weights.
fn read(
    path: &Path,
    images: InputImages,
    new_head: Option<NewHead>,
    device: &Device,
) -> Result<(ModelFile, Graph, FileWeights)> {
    let file = ModelFile::open(path)?;
    let mut decoded = ModelFile::from_bytes(path, file.data.clone())?;
    let mut graph = Graph::read(&mut decoded, device, ReadFor::Training)?;
    if graph.trained.is_empty() {
        return Err(file.error("it has no parameters: initialisers of floats"));
    }
    if let Some(head) = &new_head {
        replace_head(&mut graph, head).map_err(|reason| file.error(reason))?;
    }
    let values = graph.trained.iter_mut();
    let values: Vec<Vec<f32>> = values.map(|p| std::mem::take(&mut p.values)).collect();
    let named = graph.trained.iter().zip(&values);
    let named: NewValues = named
        .map(|(p, values)| (p.name.as_str(), (&p.shape[..], values.clone())))
        .collect();
    let bytes = evaluation_form(&file, &named, new_head.map(|head| head.classes))?;
    drop(named);
    let evaluated = ModelFile::from_bytes(path, bytes.into())?;
    let evaluated = Classifier::from_file(evaluated, images, device)?;
    Ok((file, graph, FileWeights { values, evaluated }))
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
