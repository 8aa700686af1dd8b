//! Max-sensitivity [Yeh 2019]: maps of images with a little noise.

use std::sync::atomic::{AtomicBool, Ordering};

use mitsume::trust::{Image, MaxSensitivityTest, UniformNoise};
use mitsume_artifacts::{MaxSensitivityResult, MethodSensitivity};
use mitsume_data::Batch;

use super::tested_batch::TestedBatch;
use super::{TESTED_METHODS, TrustOptions};
use crate::maps::MapOptions;
use crate::{EngineError, EvaluationInput, Result};

/// Compares maps with those of noisy copies of their images, by tested method.
pub(super) struct NoiseTest<'a> {
    samples: usize,
    /// Of a brightness in [0, 1].
    radius: f64,
    /// In the network's input space.
    noise: UniformNoise,
    methods: [MapOptions; TESTED_METHODS],
    tests: [MaxSensitivityTest; TESTED_METHODS],
    stop: &'a AtomicBool,
}

impl<'a> NoiseTest<'a> {
    pub fn new(
        input: &EvaluationInput<'_>,
        options: &TrustOptions<'a>,
        methods: [MapOptions; TESTED_METHODS],
    ) -> Self {
        let preprocess = input.source.preprocess();
        let std = preprocess.transform.std;
        // Channels beyond the third are normalised as the third.
        let radius = |channel: usize| options.noise_radius / f64::from(std[channel.min(2)]);
        Self {
            samples: options.noise_samples,
            radius: options.noise_radius,
            noise: UniformNoise {
                radii: (0..preprocess.channels).map(radius).collect(),
                seed: options.seed,
            },
            methods,
            tests: Default::default(),
            stop: options.stop,
        }
    }

    /// Adds a batch.
    ///
    /// # Errors
    /// Errors of the network; [`EngineError::Interrupted`].
    pub fn add(&mut self, input: &EvaluationInput<'_>, tested: &TestedBatch<'_>) -> Result<()> {
        if self.samples == 0 {
            return Ok(());
        }
        let mut noisy: [Vec<Vec<f32>>; TESTED_METHODS] = Default::default();
        for sample in 0..self.samples {
            if self.stop.load(Ordering::Relaxed) {
                return Err(EngineError::Interrupted);
            }
            let images = self.noisy_images(input, tested.batch, sample)?;
            let made = tested.maps_of_changed(input, images, self.methods)?;
            for (noisy, made) in noisy.iter_mut().zip(made) {
                noisy.push(made);
            }
        }
        let shape = input.cam_size();
        let length = shape[0] * shape[1];
        for ((test, own), noisy) in self.tests.iter_mut().zip(tested.maps).zip(&noisy) {
            for (i, own) in own.chunks_exact(length).enumerate() {
                let maps = noisy.iter().map(|maps| &maps[i * length..][..length]);
                test.add(own, &maps.collect::<Vec<_>>(), shape)?;
            }
        }
        Ok(())
    }

    /// The batch's images [N, C, H, W] with the noise of a sample, which does not depend on the batch
    /// that an image is in.
    fn noisy_images(
        &self,
        input: &EvaluationInput<'_>,
        batch: &Batch,
        sample: usize,
    ) -> Result<Vec<f32>> {
        let channels = input.source.preprocess().channels;
        let size = input.size();
        let pixels = batch.images.chunks_exact(channels * size[0] * size[1]);
        let mut images = Vec::with_capacity(batch.images.len());
        for (pixels, &index) in pixels.zip(&batch.indices) {
            let image = Image::new(pixels, channels, size)?;
            images.extend(self.noise.add_to(&image, index as u64, sample as u64)?);
        }
        Ok(images)
    }

    /// By tested method; `None` without samples.
    pub fn result(&self) -> Option<MaxSensitivityResult> {
        let both = self.methods.iter().zip(&self.tests);
        let methods = both.map(|(maps, test)| MethodSensitivity {
            method: maps.method,
            change: test.result(self.noise.seed),
        });
        (self.samples > 0).then(|| MaxSensitivityResult {
            radius: self.radius,
            samples: self.samples,
            methods: methods.collect(),
        })
    }
}
