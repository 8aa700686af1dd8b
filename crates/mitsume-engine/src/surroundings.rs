//! Surroundings of maps: relevance mass on the image's border and uniform background.

use mitsume::trust::surroundings::background::PixelScale;
use mitsume::trust::{Image, Surroundings, SurroundingsMeter};
use mitsume_data::Preprocess;
use rayon::prelude::*;

use crate::Result;

/// Measures maps whose images all had the same preprocessing.
pub(crate) struct SurroundingsEvaluator {
    meter: SurroundingsMeter,
    scale: PixelScale,
    channels: usize,
    size: [usize; 2],
    pixels_per_map: usize,
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
            pixels_per_map: cam[0] * cam[1],
        }
    }

    /// Measures one map [h, w] with its image [C, H, W]; `None` for a map that is all zero.
    ///
    /// # Errors
    /// A map with a value that is negative or not finite.
    pub fn measure(&self, image: &[f32], map: &[f32]) -> Result<Option<Surroundings>> {
        let image = Image::new(image, self.channels, self.size)?;
        Ok(self.meter.measure(map, &image, &self.scale)?)
    }

    /// Measures maps [N, h, w] with their images [N, C, H, W], each by itself.
    ///
    /// # Errors
    /// As [`SurroundingsEvaluator::measure`].
    pub fn measure_batch(&self, images: &[f32], maps: &[f32]) -> Result<Vec<Option<Surroundings>>> {
        let image = self.channels * self.size[0] * self.size[1];
        let images = images.par_chunks_exact(image);
        let both = images.zip(maps.par_chunks_exact(self.pixels_per_map));
        both.map(|(image, map)| self.measure(image, map)).collect()
    }
}
