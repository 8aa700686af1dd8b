//! Distances of maps from the class mean map at their own resolution, averaged over images.

use super::cosine::cosine_distance;
use super::jensen_shannon::jensen_shannon;
use super::pearson::pearson_distance;
use super::ssim::ssim_distance;

/// Sums over the correctly classified images of all classes, in the second pass. Constant memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Distances {
    shape: [usize; 2],
    images: u64,
    sums: [f64; 4],
}

impl Distances {
    /// Empty, for maps `[h, w]`.
    pub fn new(shape: [usize; 2]) -> Self {
        Self {
            shape,
            images: 0,
            sums: [0.0; 4],
        }
    }

    /// Adds the map [h * w] of one correctly classified image, and its class mean map (Eq. 8).
    ///
    /// # Panics
    /// If one has another size.
    pub fn push<T: Copy + Into<f64>>(&mut self, map: &[T], mean: &[f64]) {
        self.push_distances(self.between(map, mean));
    }

    /// The cosine, Jensen-Shannon, Pearson and SSIM distances between a map and its class mean map.
    pub(crate) fn between<T: Copy + Into<f64>>(&self, map: &[T], mean: &[f64]) -> [f64; 4] {
        [
            cosine_distance(map, mean),
            jensen_shannon(map, mean),
            pearson_distance(map, mean),
            ssim_distance(map, mean, self.shape),
        ]
    }

    /// Adds one image's [`Distances::between`].
    pub(crate) fn push_distances(&mut self, distances: [f64; 4]) {
        self.images += 1;
        self.sums
            .iter_mut()
            .zip(distances)
            .for_each(|(sum, d)| *sum += d);
    }

    /// Adds another shard.
    pub fn merge(&mut self, other: &Self) {
        self.images += other.images;
        self.sums
            .iter_mut()
            .zip(other.sums)
            .for_each(|(sum, d)| *sum += d);
    }

    /// Mean 1 - cosine similarity; `None` without an image.
    pub fn cosine(&self) -> Option<f64> {
        self.mean(0)
    }

    /// Mean Jensen-Shannon divergence in bits.
    pub fn jensen_shannon(&self) -> Option<f64> {
        self.mean(1)
    }

    /// Mean 1 - Pearson's r.
    pub fn pearson(&self) -> Option<f64> {
        self.mean(2)
    }

    /// Mean 1 - SSIM.
    pub fn ssim(&self) -> Option<f64> {
        self.mean(3)
    }

    fn mean(&self, index: usize) -> Option<f64> {
        (self.images > 0).then(|| self.sums[index] / self.images as f64)
    }
}
