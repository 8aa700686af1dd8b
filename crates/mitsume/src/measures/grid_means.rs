//! Class mean maps on the common grid, and the measures that need no more than them.

use super::chance::chance_corrected;
use super::grid::AreaAverage;
use crate::consistency::{ClassMeans, ConsistencyError};

/// Class mean maps on the common grid. Constant memory, and shards merge.
#[derive(Clone, Debug, PartialEq)]
pub struct GridMeans {
    grid: AreaAverage,
    means: ClassMeans,
}

impl GridMeans {
    /// Empty, for `classes` classes and maps `[h, w]`, with a grid of `side` x `side`, or the size
    /// of the map where that is smaller.
    pub fn new(classes: usize, shape: [usize; 2], side: usize) -> Self {
        let to = shape.map(|length| side.clamp(1, length.max(1)));
        Self {
            grid: AreaAverage::new(shape, to),
            means: ClassMeans::new(classes, to),
        }
    }

    /// From stored class means on the grid, of maps `[h, w]`.
    ///
    /// # Panics
    /// If a side of the maps or of the grid is 0.
    pub(crate) fn from_means(shape: [usize; 2], means: ClassMeans) -> Self {
        Self {
            grid: AreaAverage::new(shape, means.shape()),
            means,
        }
    }

    /// Rows and columns of the grid.
    pub fn shape(&self) -> [usize; 2] {
        self.grid.shape()
    }

    /// The class means on the grid.
    pub fn means(&self) -> &ClassMeans {
        &self.means
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
        let map = self.average(map);
        self.push_averaged(class, &map)
    }

    /// The map [h * w] on the grid, in the precision that the measures are taken in.
    pub(super) fn average<T: Copy + Into<f64>>(&self, map: &[T]) -> Vec<f32> {
        self.grid.average(map).iter().map(|&v| v as f32).collect()
    }

    /// Adds a map that [`GridMeans::average`] has averaged.
    pub(super) fn push_averaged(
        &mut self,
        class: usize,
        map: &[f32],
    ) -> Result<(), ConsistencyError> {
        self.means.push(class, map)
    }

    /// Adds the images of another shard.
    ///
    /// # Errors
    /// Other classes or another grid.
    pub fn merge(&mut self, other: &Self) -> Result<(), ConsistencyError> {
        self.means.merge(&other.means)
    }

    /// The `squared-l2` metric on the grid.
    pub fn squared_l2(&self) -> Option<f64> {
        self.means.squared_l2().total().mean()
    }

    /// See [`chance`](super::chance).
    pub fn chance_corrected(&self) -> Option<f64> {
        let [rows, columns] = self.shape();
        let within = self.means.squared_l2().total();
        let ssw = within.sum * (rows * columns) as f64;
        let sst = ssw + self.between_classes(within.count);
        let seen = (0..self.means.classes()).filter(|&class| self.means.count(class) > 0);
        chance_corrected(ssw, sst, within.count, seen.count() as u64)
    }

    /// Squared deviations of the class means from the mean of all `images` maps, summed over
    /// images: SST - SSW.
    fn between_classes(&self, images: u64) -> f64 {
        let images = images as f64;
        let classes: Vec<(f64, &[f64])> = (0..self.means.classes())
            .filter_map(|class| Some((self.means.count(class) as f64, self.means.mean(class)?)))
            .collect();
        let mut overall = vec![0.0; self.shape().iter().product()];
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
}
