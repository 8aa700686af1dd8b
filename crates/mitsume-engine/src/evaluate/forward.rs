//! Forward pass of a batch: predictions, probabilities and maps as plain numbers.

use burn::tensor::activation::log_softmax;
use mitsume::train::predictions;
use mitsume::trust::Surroundings;
use mitsume_artifacts::ExplainedClass;
use mitsume_data::Batch;

use super::evaluation_sums::ImageOutputs;
use crate::maps::{MapOptions, MapRequest, floats, maps_at};
use crate::network::refuse_diverged;
use crate::surroundings::SurroundingsEvaluator;
use crate::{EngineError, EvaluationInput, Result};

/// Outputs of a batch of N images.
pub(crate) struct BatchOutputs {
    /// Log softmax, [N, K], row by row.
    log_probabilities: Vec<f32>,
    probabilities: Vec<f32>,
    classes: usize,
    /// Predicted class of each image.
    pub predictions: Vec<usize>,
    /// Maps of the explained classes, [N, h, w], row by row.
    pub maps: Vec<f32>,
    /// Surroundings of each map; `None` for a map that is all zero.
    pub surroundings: Vec<Option<Surroundings>>,
}

impl BatchOutputs {
    /// Map of image `i`, [h * w].
    pub fn map(&self, i: usize) -> &[f32] {
        let size = self.maps.len() / self.predictions.len();
        &self.maps[i * size..][..size]
    }

    /// What is known of image `i` of `batch`.
    pub fn image(&self, batch: &Batch, i: usize) -> ImageOutputs<'_> {
        let label = batch.labels[i];
        ImageOutputs {
            index: batch.indices[i],
            label,
            prediction: self.predictions[i],
            cross_entropy: -f64::from(self.log_probabilities[i * self.classes + label]),
            probabilities: &self.probabilities[i * self.classes..][..self.classes],
            map: self.map(i),
            surroundings: self.surroundings[i],
        }
    }
}

/// How the maps of a batch are made, and of which class.
pub(crate) struct ForwardOptions<'a> {
    pub maps: MapOptions,
    pub explain: &'a ExplainedClass,
    pub surroundings: &'a SurroundingsEvaluator,
}

/// Runs a batch of images through the network, with a map of each image's explained class. What
/// comes before the hooked layers is computed once.
///
/// # Errors
/// Errors of the network; outputs that are not finite; an explained class that the data does not
/// have.
pub(crate) fn forward(
    input: &EvaluationInput<'_>,
    batch: &Batch,
    options: &ForwardOptions<'_>,
) -> Result<BatchOutputs> {
    let seeds: Vec<u64> = batch.indices.iter().map(|&index| index as u64).collect();
    let images = input.images(batch);
    let hooked = input.network.hook(images.clone())?;
    let targets = match options.explain {
        ExplainedClass::Label => batch.labels.clone(),
        ExplainedClass::Predicted => predictions(&hooked[0].logits()?),
        ExplainedClass::Class(name) => vec![explained_class(input, name)?; batch.labels.len()],
    };
    let request = MapRequest {
        options: options.maps,
        images,
        targets: &targets,
        seeds: &seeds,
    };
    let (logits, maps) = maps_at(input.network, &hooked, &request)?;
    let predictions = match options.explain {
        // Computed twice, a tie could fall either way; the map must be the prediction's.
        ExplainedClass::Predicted => targets,
        ExplainedClass::Label | ExplainedClass::Class(_) => predictions(&logits),
    };
    let log_probabilities = floats(log_softmax(logits, 1));
    let probabilities: Vec<f32> = log_probabilities
        .iter()
        .map(|log_p| log_p.exp().min(1.0))
        .collect();
    refuse_diverged(&probabilities)?;
    Ok(BatchOutputs {
        log_probabilities,
        probabilities,
        classes: input.folder.classes.len(),
        predictions,
        surroundings: options.surroundings.measure_batch(&batch.images, &maps)?,
        maps,
    })
}

/// Index of the class that is explained in all images.
pub(super) fn explained_class(input: &EvaluationInput<'_>, name: &str) -> Result<usize> {
    let classes = &input.folder.classes;
    let found = classes.iter().position(|class| class == name);
    found.ok_or_else(|| {
        EngineError::Request(format!(
            "no class \"{name}\" to explain: label, predicted, or one of {}",
            classes.join(", ")
        ))
    })
}
