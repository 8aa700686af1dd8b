//! The maps of all correct images on the common grid, and measures of them.

use rayon::prelude::*;

use super::chance::{chance_corrected, permutation_p_value};
use super::earth_mover::earth_mover;
use super::grid::AreaAverage;
use crate::consistency::{ClassMeans, ConsistencyError, DeviationPass};

/// Maps on the common grid. They stay in memory (200 bytes per image on 7x7), because the `l2`
/// form, the permutation null and the earth mover's distance need all of them.
#[derive(Clone, Debug)]
pub struct GridMaps {
    grid: AreaAverage,
    means: ClassMeans,
    maps: Vec<f32>,
    labels: Vec<u32>,
}

impl GridMaps {
    /// Empty, for `classes` classes and maps `[h, w]`, with a grid of `side` x `side`, or the size
    /// of the map where that is smaller.
    pub fn new(classes: usize, shape: [usize; 2], side: usize) -> Self {
        let to = shape.map(|length| side.clamp(1, length.max(1)));
        Self {
            grid: AreaAverage::new(shape, to),
            means: ClassMeans::new(classes, to),
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
        let map: Vec<f32> = self.grid.average(map).iter().map(|&v| v as f32).collect();
        self.means.push(class, &map)?;
        self.maps.extend(map);
        // Class indices are below 2^16 wherever they come from.
        self.labels.push(class as u32);
        Ok(())
    }

    /// The `squared-l2` metric on the grid.
    pub fn squared_l2(&self) -> Option<f64> {
        self.means.squared_l2().total().mean()
    }

    /// The `l2` metric on the grid.
    pub fn l2(&self) -> Option<f64> {
        let mut pass = DeviationPass::new(&self.means);
        for (map, class) in self.each() {
            // No error: the means are of these maps.
            pass.push(class, map).ok()?;
        }
        pass.l2().total().mean()
    }

    /// See [`chance`](super::chance).
    pub fn chance_corrected(&self) -> Option<f64> {
        let ssw = self.means.squared_l2().total().sum * self.pixels() as f64;
        let sst = ssw + self.between_classes();
        let seen = (0..self.means.classes()).filter(|&class| self.means.count(class) > 0);
        chance_corrected(ssw, sst, self.labels.len() as u64, seen.count() as u64)
    }

    /// The permutation null of [`GridMaps::chance_corrected`].
    pub fn chance_p(&self, permutations: usize, seed: u64) -> Option<f64> {
        permutation_p_value(&self.maps, &self.labels, permutations, seed)
    }

    /// The mean earth mover's distance from the class mean map; `None` without an image.
    pub fn earth_mover(&self) -> Option<f64> {
        let each: Vec<(&[f32], usize)> = self.each().collect();
        let distance = |(map, class): &(&[f32], usize)| {
            let mean = self.means.mean(*class)?;
            Some(earth_mover(map, mean, self.shape()))
        };
        // Summed in order, so that the result does not depend on threads.
        let distances: Vec<Option<f64>> = each.par_iter().map(distance).collect();
        let sum: f64 = distances.iter().flatten().sum();
        (!each.is_empty()).then(|| sum / each.len() as f64)
    }

    /// Squared deviations of the class means from the mean of all maps, summed over images: SST -
    /// SSW.
    fn between_classes(&self) -> f64 {
        let images = self.labels.len() as f64;
        let classes: Vec<(f64, &[f64])> = (0..self.means.classes())
            .filter_map(|class| Some((self.means.count(class) as f64, self.means.mean(class)?)))
            .collect();
        let mut overall = vec![0.0; self.pixels()];
        for (count, mean) in &classes {
            let share = count / images;
            overall
                .iter_mut()
                .zip(*mean)
                .for_each(|(sum, value)| *sum += share * value);
        }
        let deviation = |mean: &[f64]| -> f64 {
            let pixels = mean.iter().zip(&overall);
            pixels
                .map(|(value, overall)| (value - overall).powi(2))
                .sum()
        };
        classes
            .iter()
            .map(|(count, mean)| count * deviation(mean))
            .sum()
    }

    fn pixels(&self) -> usize {
        self.shape().iter().product()
    }

    fn each(&self) -> impl Iterator<Item = (&[f32], usize)> {
        let labels = self.labels.iter().map(|&class| class as usize);
        self.maps.chunks_exact(self.pixels()).zip(labels)
    }
}
