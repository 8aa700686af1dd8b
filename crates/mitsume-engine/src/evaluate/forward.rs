//! Forward pass of a batch: predictions, probabilities and maps as plain numbers.

use burn::tensor::activation::log_softmax;
use mitsume::train::predictions;
use mitsume::trust::Surroundings;
use mitsume_data::Batch;

use crate::maps::{MapOptions, MapRequest, floats, maps};
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
    /// Maps of the labels, [N, h, w], row by row.
    pub maps: Vec<f32>,
    /// Surroundings of each map; `None` for a map that is all zero.
    pub surroundings: Vec<Option<Surroundings>>,
}

impl BatchOutputs {
    /// Softmax probabilities of image `i`, `[K]`.
    pub fn probabilities(&self, i: usize) -> &[f32] {
        &self.probabilities[i * self.classes..][..self.classes]
    }

    /// Cross-entropy of image `i` for the true class `class`: `-log p`.
    pub fn cross_entropy(&self, i: usize, class: usize) -> f64 {
        -f64::from(self.log_probabilities[i * self.classes + class])
    }
}

/// Runs a batch of images through the network, with a map of each image's label.
///
/// # Errors
/// Errors of the network; outputs that are not finite.
pub(crate) fn forward(
    input: &EvaluationInput<'_>,
    batch: &Batch,
    options: MapOptions,
    surroundings: &SurroundingsEvaluator,
) -> Result<BatchOutputs> {
    let seeds: Vec<u64> = batch.indices.iter().map(|&index| index as u64).collect();
    let request = MapRequest {
        options,
        images: input.images(batch),
        targets: &batch.labels,
        seeds: &seeds,
    };
    let (logits, maps) = maps(input.network, &request)?;
    let predictions = predictions(&logits);
    let log_probabilities = floats(log_softmax(logits, 1));
    let probabilities: Vec<f32> = log_probabilities
        .iter()
        .map(|log_p| log_p.exp().min(1.0))
        .collect();
    if !probabilities.iter().all(|p| p.is_finite()) {
        return Err(EngineError::Failed(
            "the network's output is not a finite number: its weights have diverged".into(),
        ));
    }
    Ok(BatchOutputs {
        log_probabilities,
        probabilities,
        classes: input.folder.classes.len(),
        predictions,
        surroundings: surroundings.measure_batch(&batch.images, &maps)?,
        maps,
    })
}
