//! Measures of each map beside its class mean map, and of pairs of maps of one class, at the maps'
//! own resolution.

use super::pairs::{PairEstimate, PairedMaps};
use super::{MapMeasure, Measures};

/// Sums over the counted images of all classes, in the second pass. Memory does not grow with the
/// images: of the maps, only those of the pairs are kept, and these are limited
/// ([`MAX_PAIRS`](super::MAX_PAIRS)).
#[derive(Clone, Debug, PartialEq)]
pub struct MapMeasures {
    shape: [usize; 2],
    images: u64,
    sums: Vec<f64>,
    pairs: PairedMaps,
}

impl MapMeasures {
    /// Empty, for maps `[h, w]`; `classes` are those of the counted images, in the order in which
    /// their maps will be pushed ([`GridMaps::classes`](super::GridMaps::classes)), and `seed` that
    /// of the pairs' sample.
    pub fn new(shape: [usize; 2], classes: &[u32], seed: u64) -> Self {
        Self {
            shape,
            images: 0,
            sums: vec![0.0; Measures::of_maps().count()],
            pairs: PairedMaps::new(classes, shape, seed),
        }
    }

    /// Adds the map [h * w] of the next counted image, and its class mean map (Eq. 8).
    ///
    /// # Panics
    /// If one has another size, or there are more maps than classes were given.
    pub fn push<T: Copy + Into<f64>>(&mut self, map: &[T], mean: &[f64]) {
        let map: Vec<f64> = map.iter().map(|&value| value.into()).collect();
        let found = self.found(&map, mean);
        let kept = self.keeps_next().then_some(&map[..]);
        self.push_found(&found, kept);
    }

    /// The measures of one map [h * w] beside its class mean map.
    pub(crate) fn found(&self, map: &[f64], mean: &[f64]) -> Vec<f64> {
        Measures::of_maps()
            .map(|measure| measure(map, mean, self.shape))
            .collect()
    }

    /// Whether the map of the next image is in one of the pairs.
    pub(crate) fn keeps_next(&self) -> bool {
        self.pairs.keeps(self.images)
    }

    /// Adds what [`MapMeasures::found`] gives of the next image, with its map where
    /// [`MapMeasures::keeps_next`].
    pub(crate) fn push_found(&mut self, found: &[f64], kept: Option<&[f64]>) {
        if let Some(map) = kept {
            self.pairs.push(map);
        }
        self.images += 1;
        self.sums
            .iter_mut()
            .zip(found)
            .for_each(|(sum, value)| *sum += value);
    }

    /// Means over the images of each measure of a map; `None` without an image.
    pub(super) fn means(&self) -> Option<Vec<f64>> {
        let images = self.images as f64;
        (self.images > 0).then(|| self.sums.iter().map(|sum| sum / images).collect())
    }

    /// The measures of pairs; `None` where no class has two images.
    pub(super) fn pairs(&self, measures: &[MapMeasure]) -> Option<Vec<PairEstimate>> {
        self.pairs.estimates(measures)
    }
}
