//! The maps of all correct images on the common grid, and measures of them.

use rayon::prelude::*;

use super::GridMeans;
use super::chance::permutation_p_value;
use super::earth_mover::earth_mover;
use crate::consistency::{ConsistencyError, DeviationPass};

/// Maps on the common grid. They stay in memory (200 bytes per image on 7x7), because the `l2`
/// form, the permutation null and the earth mover's distance need all of them.
#[derive(Clone, Debug)]
pub struct GridMaps {
    grid: GridMeans,
    maps: Vec<f32>,
    labels: Vec<u32>,
}

impl GridMaps {
    /// Empty, for `classes` classes and maps `[h, w]`, with a grid of `side` x `side`, or the size
    /// of the map where that is smaller.
    pub fn new(classes: usize, shape: [usize; 2], side: usize) -> Self {
        Self {
            grid: GridMeans::new(classes, shape, side),
            maps: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// Rows and columns of the grid.
    pub fn shape(&self) -> [usize; 2] {
        self.grid.shape()
    }

    /// Adds the map [h * w] of one correctly classified image of `class`.
    ///
    /// # Errors
    /// A class out of range, a value that is not finite.
    ///
    /// # Panics
    /// If the map has another size.
    pub fn push<T: Copy + Into<f64>>(
        &mut self,
        class: usize,
        map: &[T],
    ) -> Result<(), ConsistencyError> {
        let map = self.grid.average(map);
        self.push_averaged(class, &map)
    }

    /// Adds a map that [`GridMaps::average`] has averaged.
    ///
    /// # Errors
    /// As [`GridMaps::push`].
    pub(crate) fn push_averaged(
        &mut self,
        class: usize,
        map: &[f32],
    ) -> Result<(), ConsistencyError> {
        self.grid.push_averaged(class, map)?;
        self.maps.extend_from_slice(map);
        // Class indices are below 2^16 wherever they come from.
        self.labels.push(class as u32);
        Ok(())
    }

    /// The map [h * w] on the grid.
    ///
    /// # Panics
    /// If the map has another size.
    pub(crate) fn average<T: Copy + Into<f64>>(&self, map: &[T]) -> Vec<f32> {
        self.grid.average(map)
    }

    /// The class of each map, in the order in which they were pushed.
    pub fn classes(&self) -> &[u32] {
        &self.labels
    }

    /// The class means of these maps.
    pub fn grid_means(&self) -> &GridMeans {
        &self.grid
    }

    /// The `squared-l2` metric on the grid.
    pub fn squared_l2(&self) -> Option<f64> {
        self.grid.squared_l2()
    }

    /// The `l2` metric on the grid.
    pub fn l2(&self) -> Option<f64> {
        let mut pass = DeviationPass::new(self.grid.means());
        for (map, class) in self.each() {
            // No error: the means are of these maps.
            pass.push(class, map).ok()?;
        }
        pass.l2().total().mean()
    }

    /// See [`chance`](super::chance).
    pub fn chance_corrected(&self) -> Option<f64> {
        self.grid.chance_corrected()
    }

    /// The permutation null of [`GridMaps::chance_corrected`].
    pub fn chance_p(&self, permutations: usize, seed: u64) -> Option<f64> {
        permutation_p_value(&self.maps, &self.labels, permutations, seed)
    }

    /// The mean earth mover's distance from the class mean map; `None` without an image.
    pub fn earth_mover(&self) -> Option<f64> {
        let each: Vec<(&[f32], usize)> = self.each().collect();
        let distance = |(map, class): &(&[f32], usize)| {
            let mean = self.grid.means().mean(*class)?;
            Some(earth_mover(map, mean, self.shape()))
        };
        // Summed in order, so that the result does not depend on threads.
        let distances: Vec<Option<f64>> = each.par_iter().map(distance).collect();
        let sum: f64 = distances.iter().flatten().sum();
        (!each.is_empty()).then(|| sum / each.len() as f64)
    }

    fn pixels(&self) -> usize {
        self.shape().iter().product()
    }

    fn each(&self) -> impl Iterator<Item = (&[f32], usize)> {
        let labels = self.labels.iter().map(|&class| class as usize);
        self.maps.chunks_exact(self.pixels()).zip(labels)
    }
}
