//! Further consistency measures, each for a question that the thesis' two leave open.
//!
//! | measure | question | lower or higher is more consistent |
//! | --- | --- | --- |
//! | [`grid`]: both forms on a common grid | do models of different map size compare? | lower |
//! | [`chance`]: chance-corrected | is it the class that decides where the model looks, or does it look at one place for every class? | higher |
//! | [`cosine`], [`jensen_shannon`], [`earth_mover`], [`pearson`], [`ssim`]: distances to the class mean map | do maps agree in where, whatever their strength? (thesis 6.1.1) | lower |
//!
//! Over the correctly classified images, as the metric itself: distances are from the class mean
//! map (Eq. 8) and averaged over all images of all classes (Eq. 10). An all-zero map cannot be
//! scaled to a sum of 1; where that is needed it counts as uniform.

pub mod chance;
pub mod cosine;
mod distances;
pub mod earth_mover;
pub mod grid;
mod grid_maps;
mod grid_means;
pub mod jensen_shannon;
pub mod pearson;
pub mod ssim;

use serde::{Deserialize, Serialize};

pub use distances::Distances;
pub use grid_maps::GridMaps;
pub use grid_means::GridMeans;

/// Default rows and columns of the common grid: no finer than the maps of usual classifiers (7x7 at
/// 224 pixels), so that averaging never refines.
pub const DEFAULT_GRID: usize = 7;

/// All measures of one evaluation. A value is `None` if it is not defined: without images, or for
/// `chance_corrected` a single class or no class with two images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Rows and columns of the common grid.
    pub grid: [usize; 2],
    /// `squared-l2` on the grid.
    pub grid_squared_l2: Option<f64>,
    /// `l2` on the grid; leaves out classes of one image, as published.
    pub grid_l2: Option<f64>,
    /// Share of the variance of the grid maps that the class explains, corrected for chance: at
    /// most 1, about 0 by chance alone.
    pub chance_corrected: Option<f64>,
    /// The share of random assignments of images to classes that give at least as much.
    pub chance_p: Option<f64>,
    /// 1 - cosine similarity, in [0, 1].
    pub cosine: Option<f64>,
    /// Jensen-Shannon divergence in bits, in [0, 1].
    pub jensen_shannon: Option<f64>,
    /// Earth mover's distance on the grid, in units of the map's side.
    pub earth_mover: Option<f64>,
    /// 1 - Pearson's r, in [0, 2].
    pub pearson: Option<f64>,
    /// 1 - structural similarity.
    pub ssim: Option<f64>,
}

impl Measures {
    /// The measures of the class means on the grid alone, in one pass; the others are `None`.
    pub fn from_grid_means(means: &GridMeans) -> Self {
        Self {
            grid: means.shape(),
            grid_squared_l2: means.squared_l2(),
            grid_l2: None,
            chance_corrected: means.chance_corrected(),
            chance_p: None,
            cosine: None,
            jensen_shannon: None,
            earth_mover: None,
            pearson: None,
            ssim: None,
        }
    }

    /// The measures of the grid alone, which cost almost nothing; the others are `None`.
    pub fn from_grid(maps: &GridMaps) -> Self {
        Self {
            grid_l2: maps.l2(),
            ..Self::from_grid_means(maps.grid_means())
        }
    }

    /// All measures from the results of both passes. `permutations` and `seed` are of the
    /// permutation null.
    pub fn new(maps: &GridMaps, distances: &Distances, permutations: usize, seed: u64) -> Self {
        Self {
            chance_p: maps.chance_p(permutations, seed),
            cosine: distances.cosine(),
            jensen_shannon: distances.jensen_shannon(),
            earth_mover: maps.earth_mover(),
            pearson: distances.pearson(),
            ssim: distances.ssim(),
            ..Self::from_grid(maps)
        }
    }
}

/// `map` scaled to a sum of 1; uniform if it is all zero.
fn as_distribution<T: Copy + Into<f64>>(map: &[T]) -> Vec<f64> {
    let sum: f64 = map.iter().map(|&value| value.into()).sum();
    if sum > 0.0 {
        map.iter().map(|&value| value.into() / sum).collect()
    } else {
        vec![1.0 / map.len() as f64; map.len()]
    }
}
