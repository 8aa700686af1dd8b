//! Equivariance: maps of flipped and shifted images.

use mitsume::trust::{EquivarianceTest, Movement};
use mitsume_artifacts::EquivarianceResult;
use mitsume_data::Batch;

use super::TESTED_METHODS;
use crate::maps::{MapOptions, MapRequest, maps_at};
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

    /// Adds a batch with its maps [N, h, w], by tested method.
    ///
    /// # Errors
    /// Errors of the network.
    pub fn add(
        &mut self,
        input: &EvaluationInput<'_>,
        batch: &Batch,
        seeds: &[u64],
        own: &[Vec<f32>; TESTED_METHODS],
    ) -> Result<()> {
        let (size, cam) = (input.size(), input.cam_size());
        let length = cam[0] * cam[1];
        for tests in &mut self.tests {
            // Channels are moved alike, so those of all images at once.
            let moved = tests[0].movement().moved(&batch.images, size);
            let images = input.tensor(moved);
            let hooked = input.network.hook(images.clone())?;
            for (position, test) in tests.iter_mut().enumerate() {
                let request = MapRequest {
                    options: self.methods[position],
                    images: images.clone(),
                    targets: &batch.labels,
                    seeds,
                };
                let made = maps_at(input.network, &hooked, &request)?.1;
                let own = own[position].chunks_exact(length);
                for (own, moved) in own.zip(made.chunks_exact(length)) {
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
