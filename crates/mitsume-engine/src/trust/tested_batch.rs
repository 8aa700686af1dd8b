//! A batch with its maps, and the maps of the same images after a change.

use mitsume_data::Batch;

use super::TESTED_METHODS;
use crate::maps::{MapOptions, MapRequest, maps_at};
use crate::{EvaluationInput, Result};

/// A batch with its maps by tested method.
pub(super) struct TestedBatch<'a> {
    pub batch: &'a Batch,
    /// Of the methods that draw, one for each image.
    pub seeds: &'a [u64],
    /// [N, h, w] of each method.
    pub maps: &'a [Vec<f32>; TESTED_METHODS],
}

impl TestedBatch<'_> {
    /// The maps [N, h, w] of `images` [N, C, H, W], those of the batch after a change, for the same
    /// classes.
    ///
    /// # Errors
    /// Errors of the network.
    pub fn maps_of_changed(
        &self,
        input: &EvaluationInput<'_>,
        images: Vec<f32>,
        methods: [MapOptions; TESTED_METHODS],
    ) -> Result<[Vec<f32>; TESTED_METHODS]> {
        let images = input.tensor(images);
        let hooked = input.network.hook(images.clone())?;
        let mut made: [Vec<f32>; TESTED_METHODS] = Default::default();
        for (made, options) in made.iter_mut().zip(methods) {
            let request = MapRequest {
                options,
                images: images.clone(),
                targets: &self.batch.labels,
                seeds: self.seeds,
            };
            *made = maps_at(input.network, &hooked, &request)?.1;
        }
        Ok(made)
    }
}
