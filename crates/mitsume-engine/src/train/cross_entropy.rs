//! The cross-entropy of a run.

use mitsume::train::CrossEntropy;
use mitsume_artifacts::{ClassWeights, CrossEntropyConfig};

use crate::{EngineError, Result};

/// The configured cross-entropy.
///
/// - `labels`: of the training images, indices into `classes`.
///
/// # Errors
/// Weights of another number of classes.
pub(super) fn cross_entropy(
    config: &CrossEntropyConfig,
    labels: impl Iterator<Item = usize>,
    classes: &[String],
) -> Result<CrossEntropy> {
    let class_weights = match &config.class_weights {
        ClassWeights::None => None,
        ClassWeights::Balanced => Some(balanced_weights(labels, classes.len())),
        ClassWeights::Given(weights) if weights.len() == classes.len() => Some(weights.clone()),
        ClassWeights::Given(weights) => {
            return Err(EngineError::Request(format!(
                "train.class_weights: {} numbers, but there are {} classes: {}",
                weights.len(),
                classes.len(),
                classes.join(", ")
            )));
        }
    };
    let single = |weights: Vec<f64>| weights.into_iter().map(|weight| weight as f32).collect();
    Ok(CrossEntropy {
        label_smoothing: config.label_smoothing as f32,
        class_weights: class_weights.map(single),
    })
}

/// images / (classes * images of the class).
fn balanced_weights(labels: impl Iterator<Item = usize>, classes: usize) -> Vec<f64> {
    let mut counts = vec![0_u64; classes];
    labels.for_each(|label| counts[label] += 1);
    let images: u64 = counts.iter().sum();
    let weight = |count: u64| images as f64 / (classes as f64 * count as f64);
    counts.into_iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_classes_count_the_same_together() {
        // compute_class_weight("balanced", classes=[0, 1, 2], y=[0, 0, 0, 0, 0, 0, 1, 1, 2]).
        let labels = [0, 0, 0, 0, 0, 0, 1, 1, 2];
        let weights = balanced_weights(labels.into_iter(), 3);
        assert_eq!(weights, [0.5, 1.5, 3.0]);
    }
}
