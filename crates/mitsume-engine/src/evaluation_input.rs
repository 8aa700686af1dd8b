//! Input of an evaluation: a network and the images it is evaluated on.

use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use mitsume_artifacts::{
    AppliedTransform, DataSummary, ExplainedClass, ModelSettings, ModelSummary,
};
use mitsume_data::{Batch, ImageFolder, ImageSource, OtherFiles, Skipped};

use crate::maps::MapOptions;
use crate::network::Network;
use crate::{Event, Observer};

/// A network and the images it is evaluated on.
pub struct EvaluationInput<'a> {
    /// The network that is evaluated.
    pub network: &'a dyn Network,
    /// The classes and their images.
    pub folder: &'a ImageFolder,
    /// The same images with their preprocessing, without augmentation.
    pub source: &'a ImageSource,
    /// Settings that differ from those the network was trained with, or had to be assumed.
    pub settings: ModelSettings,
}

impl EvaluationInput<'_> {
    /// Height and width of the network's input.
    pub(crate) fn size(&self) -> [usize; 2] {
        let preprocess = self.source.preprocess();
        [preprocess.height, preprocess.width]
    }

    /// Rows and columns of the maps.
    pub(crate) fn cam_size(&self) -> [usize; 2] {
        self.network.cam_size(self.size())
    }

    /// A batch of N images on the network's device, [N, C, H, W].
    pub(crate) fn images(&self, batch: &Batch) -> Tensor<4> {
        self.tensor(batch.images.clone())
    }

    /// Preprocessed images on the network's device, [N, C, H, W].
    pub(crate) fn tensor(&self, images: Vec<f32>) -> Tensor<4> {
        let [height, width] = self.size();
        let preprocess = self.source.preprocess();
        let shape = [
            images.len() / preprocess.len(),
            preprocess.channels,
            height,
            width,
        ];
        let data = TensorData::new(images, shape);
        Tensor::from_data(data, &self.network.device())
    }

    /// Summary of the model and of how its maps, of the true classes, are made.
    pub(crate) fn model_summary(&self, maps: MapOptions) -> ModelSummary {
        ModelSummary {
            name: self.network.name(),
            parameters: self.network.parameters(),
            target_layer: self.network.target_layer(),
            method: maps.method,
            flip: maps.flip,
            single_logit: self.network.has_single_logit(),
            explain: ExplainedClass::Label,
            cam_size: self.cam_size(),
            image_size: Some(self.size()),
            settings: self.settings.clone(),
        }
    }

    /// Summary of the data: `images` were evaluated, `skipped` could not be read.
    pub(crate) fn data_summary(&self, images: usize, skipped: &[Skipped]) -> DataSummary {
        let transform = self.source.preprocess().transform;
        DataSummary {
            root: self.folder.root.display().to_string(),
            list: self
                .folder
                .listed
                .then(|| self.folder.named.display().to_string()),
            images: images as u64,
            classes: self.folder.classes.clone(),
            transform: (!transform.is_default()).then(|| AppliedTransform {
                transform,
                size: self.size(),
            }),
            skipped: skipped.iter().map(|s| self.relative(&s.path)).collect(),
            other_files: self.folder.other_files(),
        }
    }

    /// The path relative to the folder, with `/` on every system.
    pub(crate) fn relative(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.folder.root).unwrap_or(path);
        path.components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect::<Vec<_>>()
            .join("/")
    }
}

/// Reports which of the images decoded so far have more frames than the one that is used, if any do.
pub(crate) fn report_more_frames(source: &ImageSource, observer: &mut Observer<'_>) {
    let images = source.with_more_frames();
    if !images.is_empty() {
        observer(Event::MoreFrames(images));
    }
}

/// Reports which files of a data set are not used as images, if there are any, and returns them.
pub fn report_other_files(folder: &ImageFolder, observer: &mut Observer<'_>) -> Vec<OtherFiles> {
    let files = folder.other_files();
    if !files.is_empty() {
        observer(Event::OtherFiles {
            root: folder.named.clone(),
            files: files.clone(),
        });
    }
    files
}
