//! A model read from a file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;

use crate::error::{Error, Result};
use crate::execution_plan::ExecutionPlan;
use crate::file::ModelFile;
use crate::fuse::{KnownValues, Shapes, fuse};
use crate::graph::{Graph, Node, OutputActivation, ReadFor, ValueId};
use crate::hooked::HookedClassifier;
use crate::layers::{self, Layer, LayoutRequest};
use crate::layout::{AxesByValue, infer_axes};
use crate::shape_inference::ShapeInference;

/// Input channels and size, for models whose file leaves them open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InputImages {
    /// 1 or 3. Default: the file's, or 3.
    pub channels: Option<usize>,
    /// Height and width. Default: the file's, or 224x224.
    pub size: Option<[usize; 2]>,
}

/// An image classifier in an ONNX file.
#[derive(Clone)]
pub struct Classifier {
    pub(crate) graph: Graph,
    pub(crate) shapes: Shapes,
    /// The axes of each value.
    pub(crate) axes: Arc<AxesByValue>,
    pub(crate) device: Device,
    path: PathBuf,
    image: [usize; 3],
    classes: usize,
}

impl Classifier {
    /// Reads a model and infers the shape of every value.
    ///
    /// - `path`: an ONNX file with one float32 image input [N, C, H, W] and logits [N, K] as its
    ///   first output of two axes. A final softmax or sigmoid is removed.
    /// - `images`: channels, height and width; they must agree with what the file fixes.
    /// - `device`: where to compute; without autodiff.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged or needs too much memory; unsupported operators, by
    /// name; images of a shape that the model does not take.
    pub fn open(path: &Path, images: InputImages, device: &Device) -> Result<Self> {
        Self::from_file(ModelFile::open(path)?, images, device)
    }

    /// As [`Self::open`], of a file that is read already.
    pub(crate) fn from_file(
        mut file: ModelFile,
        images: InputImages,
        device: &Device,
    ) -> Result<Self> {
        let graph = Graph::read(&mut file, device, ReadFor::Evaluation)?;
        let image = image_shape(&graph, images).map_err(|reason| file.error(reason))?;
        let mut classifier = Self {
            graph,
            shapes: Shapes::new(),
            axes: Arc::default(),
            device: device.clone(),
            path: file.path().to_owned(),
            image,
            classes: 0,
        };
        let ints;
        let [channels, height, width] = image;
        let batch = [classifier.batch().unwrap_or(1), channels, height, width];
        (classifier.shapes, ints) = ShapeInference::new(&classifier.graph, batch, device).run()?;
        classifier.axes = infer_axes(&classifier.graph, &classifier.shapes, &ints).into();
        let output = classifier.shapes.get(&classifier.graph.output);
        classifier.classes = match output.map(Vec::as_slice) {
            Some(&[_, classes]) if classes > 0 => classes,
            other => {
                let found = other.unwrap_or(&[]);
                return Err(file.error(format!(
                    "its output is of shape {found:?}: logits [N, K] expected"
                )));
            }
        };
        Ok(classifier)
    }

    /// Where it computes, without autodiff.
    pub fn device(&self) -> Device {
        self.device.clone()
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Channels, height and width of its images.
    pub fn image(&self) -> [usize; 3] {
        self.image
    }

    /// Number of classes, K.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of values in the file's float initialisers.
    pub fn parameters(&self) -> usize {
        self.graph.parameters
    }

    /// The softmax or sigmoid that the file ends in, which was removed.
    pub fn output_activation(&self) -> Option<OutputActivation> {
        self.graph.activation
    }

    /// Layers whose output can be hooked, in order.
    pub fn layers(&self) -> Vec<Layer> {
        layers::hookable_layers(self)
    }

    /// Divides the classifier at the output of a layer.
    ///
    /// - `layer`: the name of a node, a value or, if the file has module names, a module (`layer4`,
    ///   `features.norm5`), which stands for its last node. Default: the layer that
    ///   [`Self::layers`] marks.
    /// - `requested`: the layout of its output, where it cannot be inferred, and rows and columns
    ///   of tokens.
    ///
    /// # Errors
    /// An unknown name (the message has similar ones); a layer whose output is no map or does not
    /// lead to the logits; a layout that is needed but not given, or that contradicts the model.
    pub fn hook(&self, layer: Option<&str>, requested: LayoutRequest) -> Result<HookedClassifier> {
        let mut hooks = self.hook_several(&[layer], requested)?;
        Ok(hooks.remove(0))
    }

    /// As [`Self::hook`], at each of several layers. [`HookedClassifier::capture`] of any of them
    /// captures the activations of all.
    ///
    /// # Errors
    /// As [`Self::hook`].
    pub fn hook_several(
        &self,
        layers: &[Option<&str>],
        requested: LayoutRequest,
    ) -> Result<Vec<HookedClassifier>> {
        let found = layers.iter().map(|&layer| {
            let layer = layers::find(self, layer)?;
            let maps = layers::feature_maps(self, layer.id, requested).map_err(|reason| {
                let shape = layers::shape_text(&self.shapes[&layer.id]);
                Error::Request(format!("layer {}, of shape {shape}: {reason}", layer.name))
            })?;
            Ok((layer, maps))
        });
        HookedClassifier::at_layers(self, found.collect::<Result<_>>()?)
    }

    /// The fixed batch size, if the file has one.
    pub(crate) fn batch(&self) -> Option<usize> {
        self.graph.input.shape[0]
    }

    /// A plan to compute `wanted` by `nodes`, with fused operators.
    pub(crate) fn fused_plan(&self, nodes: &[Node], wanted: Vec<ValueId>) -> ExecutionPlan {
        let kept: HashSet<ValueId> = wanted.iter().copied().collect();
        let nodes = fuse(nodes, &kept, self.known_values());
        self.unfused_plan(nodes, wanted)
    }

    pub(crate) fn known_values(&self) -> KnownValues<'_> {
        KnownValues {
            shapes: &self.shapes,
            constants: &self.graph.constants,
        }
    }

    pub(crate) fn unfused_plan(&self, nodes: Vec<Node>, wanted: Vec<ValueId>) -> ExecutionPlan {
        ExecutionPlan::new(nodes, wanted, &self.graph.constants, &self.device)
    }
}

/// Channels, height and width of the images, from the file and the request.
fn image_shape(graph: &Graph, images: InputImages) -> Result<[usize; 3], String> {
    let [batch, fixed, height, width] = graph.input.shape;
    let InputImages { channels, size } = images;
    if batch.is_some_and(|batch| batch > 4096) {
        return Err("it insists on more than 4096 images at a time".into());
    }
    if let (Some(fixed), Some(wanted)) = (fixed, channels)
        && fixed != wanted
    {
        return Err(format!(
            "it takes images of {fixed} channels, not of {wanted}"
        ));
    }
    let channels = fixed.or(channels).unwrap_or(3);
    if channels != 1 && channels != 3 {
        return Err(format!("images of {channels} channels: 1 or 3 expected"));
    }
    let side = |fixed: Option<usize>, wanted: Option<usize>| match (fixed, wanted) {
        (Some(fixed), Some(wanted)) if fixed != wanted => Err(format!(
            "it takes images with sides of {fixed}, not of {wanted}"
        )),
        (Some(side), _) | (None, Some(side)) if (1..=16_384).contains(&side) => Ok(side),
        (None, None) => Ok(224),
        (_, side) => Err(format!("images with sides of {side:?}")),
    };
    Ok([
        channels,
        side(height, size.map(|size| size[0]))?,
        side(width, size.map(|size| size[1]))?,
    ])
}
