//! Surroundings of the tested maps.

use mitsume::trust::{Estimate, Surroundings};
use mitsume_artifacts::SurroundingsResult;

use crate::surroundings::SurroundingsEvaluator;
use crate::{EvaluationInput, Result};

/// Collects the results of all images whose map is not all zero.
pub(super) struct SurroundingsTest {
    evaluator: SurroundingsEvaluator,
    found: Vec<Surroundings>,
}

impl SurroundingsTest {
    pub fn new(input: &EvaluationInput<'_>) -> Self {
        Self {
            evaluator: SurroundingsEvaluator::new(input.cam_size(), input.source.preprocess()),
            found: Vec::new(),
        }
    }

    /// Adds a batch of images [N, C, H, W] with their maps [N, h, w].
    pub fn add(&mut self, images: &[f32], maps: &[f32]) -> Result<()> {
        let found = self.evaluator.measure_batch(images, maps)?;
        self.found.extend(found.into_iter().flatten());
        Ok(())
    }

    /// The means over the images; `None` if there are none. `seed` is for the bootstrap intervals.
    pub fn result(&self, seed: u64) -> Option<SurroundingsResult> {
        let estimate = |measure: &dyn Fn(&Surroundings) -> f64| {
            let values: Vec<f64> = self.found.iter().map(measure).collect();
            Estimate::bootstrap_mean(&values, seed)
        };
        let has_background = |one: &&Surroundings| one.background.area > 0.0;
        Some(SurroundingsResult {
            border_mass: estimate(&|one| one.border.mass)?,
            border_area: estimate(&|one| one.border.area)?.mean,
            background_mass: estimate(&|one| one.background.mass)?,
            background_area: estimate(&|one| one.background.area)?.mean,
            with_background: self.found.iter().filter(has_background).count(),
        })
    }
}
