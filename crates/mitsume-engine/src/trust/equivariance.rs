//! Equivariance: maps of flipped and shifted images.

use mitsume::trust::{EquivarianceTest, Movement};
use mitsume_artifacts::EquivarianceResult;

use super::TESTED_METHODS;
use super::tested_batch::TestedBatch;
use crate::maps::MapOptions;
use crate::{EvaluationInput, Result};

/// Compares maps with those of moved images, by movement and tested method.
pub(super) struct MovementTest {
    methods: [MapOptions; TESTED_METHODS],
    tests: Vec<[EquivarianceTest; TESTED_METHODS]>,
}

impl MovementTest {
    pub fn new(input: &EvaluationInput<'_>, methods: [MapOptions; TESTED_METHODS]) -> Self {
        let movements = Movement::all(input.cam_size(), input.size()).into_iter();
        Self {
            methods,
            tests: movements
                .map(|movement| [(); TESTED_METHODS].map(|()| EquivarianceTest::new(movement)))
                .collect(),
        }
    }

    /// Adds a batch.
    ///
    /// # Errors
    /// Errors of the network.
    pub fn add(&mut self, input: &EvaluationInput<'_>, tested: &TestedBatch<'_>) -> Result<()> {
        let (size, cam) = (input.size(), input.cam_size());
        let length = cam[0] * cam[1];
        for tests in &mut self.tests {
            // Channels are moved alike, so those of all images at once.
            let moved = tests[0].movement().moved(&tested.batch.images, size);
            let made = tested.maps_of_changed(input, moved, self.methods)?;
            for ((test, own), moved) in tests.iter_mut().zip(tested.maps).zip(&made) {
                let pairs = own.chunks_exact(length).zip(moved.chunks_exact(length));
                for (own, moved) in pairs {
                    test.add(own, moved, cam)?;
                }
            }
        }
        Ok(())
    }

    /// By tested method.
    pub fn results(&self, seed: u64) -> Vec<EquivarianceResult> {
        let methods = self.methods.iter().enumerate();
        let result = |(position, maps): (usize, &MapOptions)| EquivarianceResult {
            method: maps.method,
            movements: self
                .tests
                .iter()
                .map(|tests| tests[position].result(seed))
                .collect(),
        };
        methods.map(result).collect()
    }
}
