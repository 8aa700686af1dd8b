//! How much of maps lies on their images' border and empty background.

use mitsume::trust::surroundings::background::PixelScale;
use mitsume::trust::{Image, Surroundings, SurroundingsMeter};
use mitsume_data::Preprocess;
use rayon::prelude::*;

use crate::Result;

/// Measures maps of images that were prepared in one way.
pub(crate) struct SurroundingsEvaluator {
    meter: SurroundingsMeter,
    scale: PixelScale,
    channels: usize,
    size: [usize; 2],
    map: usize,
}

impl SurroundingsEvaluator {
    /// For maps [h, w] = `cam`.
    pub fn new(cam: [usize; 2], preprocess: &Preprocess) -> Self {
        let size = [preprocess.height, preprocess.width];
        let (mean, std) = (preprocess.transform.mean, preprocess.transform.std);
        Self {
            meter: SurroundingsMeter::new(cam, size),
            scale: PixelScale { mean, std },
            channels: preprocess.channels,
            size,
            map: cam[0] * cam[1],
        }
    }

    /// Of a map [h, w] and its image [C, H, W]; none of a map that is all zero.
    ///
    /// # Errors
    /// A map with a value that is negative or not finite.
    pub fn of(&self, image: &[f32], map: &[f32]) -> Result<Option<Surroundings>> {
        let image = Image::new(image, self.channels, self.size)?;
        Ok(self.meter.measure(map, &image, &self.scale)?)
    }

    /// Of the maps [N, h, w] of N images [N, C, H, W], each by itself.
    ///
    /// # Errors
    /// As [`SurroundingsEvaluator::of`].
    pub fn of_batch(&self, images: &[f32], maps: &[f32]) -> Result<Vec<Option<Surroundings>>> {
        let image = self.channels * self.size[0] * self.size[1];
        let images = images.par_chunks_exact(image);
        let both = images.zip(maps.par_chunks_exact(self.map));
        both.map(|(image, map)| self.of(image, map)).collect()
    }
}
