//! ONNX models as networks.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use mitsume_onnx::{
    CapturedActivations, Classifier, FeatureLayout, HookedClassifier, InputImages, Layer,
    LayoutRequest, OutputActivation, TrainableClassifier,
};

use super::{HookedImages, Network};
use crate::Result;
use crate::maps::floats;

/// How to open and hook an ONNX model.
#[derive(Clone, Debug, Default)]
pub struct OnnxRequest {
    /// Layers by node, value or module name; empty for the default layer.
    pub layers: Vec<String>,
    /// Layout of the layers' outputs, where it cannot be inferred from the model.
    pub layout: Option<FeatureLayout>,
    /// Token grid (rows and columns), for layers whose outputs are tokens.
    pub tokens: Option<[usize; 2]>,
    /// Channels and size of the input, where the file does not fix them.
    pub images: InputImages,
}

/// Lists the layers of the ONNX model in `path` that can be hooked, in execution order.
///
/// # Errors
/// A file that cannot be read or run.
pub fn layers(path: &Path, images: InputImages) -> Result<Vec<Layer>> {
    let device = Device::flex();
    match Classifier::open(path, images, &device) {
        Ok(model) => Ok(model.layers()),
        // A file in training form has the layers that it has in evaluation.
        Err(error) => match TrainableClassifier::open(path, images, None, &device) {
            Ok(model) => Ok(model.evaluated()?.layers()),
            Err(_) => Err(error.into()),
        },
    }
}

/// A layer as `mitsume layers --json` writes it.
pub fn layer_record(layer: &Layer) -> serde_json::Value {
    serde_json::json!({
        "name": layer.name,
        "module": layer.module,
        "operator": layer.operator,
        "shape": layer.shape,
        "layout": layer.layout.map(|layout| layout.name()),
        "token_grid": layer.grid,
        "default": layer.default,
        "reason": layer.reason.map(|reason| reason.name()),
    })
}

/// A classifier from an ONNX file, hooked at one or several layers.
pub struct OnnxNetwork {
    name: String,
    model: Classifier,
    hooks: Vec<HookedClassifier>,
    request: OnnxRequest,
    device: Device,
}

impl OnnxNetwork {
    /// Reads the file and hooks its layers. `device` has no autodiff.
    ///
    /// # Errors
    /// A file that cannot be read or run; layers that cannot be hooked.
    pub fn open(path: &Path, request: &OnnxRequest, device: &Device) -> Result<Self> {
        Self::new(
            path,
            Classifier::open(path, request.images, device)?,
            request,
        )
    }

    /// A classifier read from `path`, or trained from it.
    ///
    /// # Errors
    /// Layers that cannot be hooked.
    pub fn new(path: &Path, model: Classifier, request: &OnnxRequest) -> Result<Self> {
        let name = path.file_name().unwrap_or(path.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            hooks: hook_layers(&model, request)?,
            device: model.device(),
            model,
            request: request.clone(),
        })
    }

    /// The same under the name that it was trained as.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..self
        }
    }

    /// Channels, height and width of its images.
    pub fn image(&self) -> [usize; 3] {
        self.model.image()
    }

    /// The softmax or sigmoid that the file ends in, which was removed.
    pub fn output_activation(&self) -> Option<OutputActivation> {
        self.model.output_activation()
    }
}

impl Network for OnnxNetwork {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn parameters(&self) -> u64 {
        self.model.parameters() as u64
    }

    fn channels(&self) -> usize {
        self.model.image()[0]
    }

    fn classes(&self) -> usize {
        self.model.classes()
    }

    fn layers(&self) -> Vec<String> {
        let names = self.hooks.iter().map(|hook| hook.layer().to_owned());
        names.collect()
    }

    fn map_size(&self, layer: usize, _: [usize; 2]) -> [usize; 2] {
        let [_, rows, columns] = self.hooks[layer].map_shape();
        [rows, columns]
    }

    fn device(&self) -> Device {
        self.device.clone()
    }

    fn weighted_layers(&self) -> Vec<String> {
        self.model.weighted_layers()
    }

    /// Random weights are each layer's own weights in random order.
    fn randomised(&self, count: usize, seed: u64) -> Result<Box<dyn Network>> {
        let model = self.model.randomised(count, seed);
        Ok(Box::new(Self {
            name: self.name.clone(),
            hooks: hook_layers(&model, &self.request)?,
            model,
            request: self.request.clone(),
            device: self.device.clone(),
        }))
    }

    fn hook(&self, images: Tensor<4>) -> Result<Vec<Box<dyn HookedImages + '_>>> {
        let captured = Arc::new(self.hooks[0].capture(images)?);
        let at_layer = |hook| -> Box<dyn HookedImages + '_> {
            Box::new(OnnxImages {
                classes: self.model.classes(),
                hook,
                captured: Arc::clone(&captured),
            })
        };
        Ok(self.hooks.iter().map(at_layer).collect())
    }
}

/// Hooks the requested layers.
fn hook_layers(model: &Classifier, request: &OnnxRequest) -> Result<Vec<HookedClassifier>> {
    let mut names: Vec<Option<&str>> = request.layers.iter().map(|l| Some(l.as_str())).collect();
    if names.is_empty() {
        names.push(None);
    }
    let layout = LayoutRequest {
        layout: request.layout,
        grid: request.tokens,
    };
    Ok(model.hook_several(&names, layout)?)
}

/// A batch of images between the two parts of a model.
struct OnnxImages<'a> {
    classes: usize,
    hook: &'a HookedClassifier,
    captured: Arc<CapturedActivations>,
}

impl HookedImages for OnnxImages<'_> {
    fn features(&self) -> Result<Tensor<4>> {
        Ok(self.hook.features(&self.captured)?)
    }

    fn logits(&self) -> Result<Tensor<2>> {
        Ok(self.hook.logits(&self.captured)?)
    }

    fn gradients(&self, targets: &[usize]) -> Result<(Tensor<2>, Tensor<4>)> {
        Ok(self.hook.gradients(&self.captured, targets)?)
    }

    fn is_gap_linear(&self) -> bool {
        self.hook.is_gap_linear()
    }

    /// Runs the head once for each channel, with all images.
    fn ablated_logits(&self, targets: &[usize]) -> Result<Vec<Vec<f64>>> {
        let [channels, _, _] = self.hook.map_shape();
        let mut scores = vec![Vec::with_capacity(channels); targets.len()];
        for channel in 0..channels {
            let logits = self.hook.logits_ablated(&self.captured, channel)?;
            let logits = floats(logits);
            for (i, (scores, &target)) in scores.iter_mut().zip(targets).enumerate() {
                scores.push(logits[i * self.classes + target].into());
            }
        }
        Ok(scores)
    }
}
