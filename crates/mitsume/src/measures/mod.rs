//! Further consistency measures, each for a question that the thesis' two leave open.
//!
//! | measure | question | lower or higher is more consistent |
//! | --- | --- | --- |
//! | [`grid`]: both forms on a common grid | do models of different map size compare? | lower |
//! | [`chance`]: chance-corrected | is it the class that decides where the model looks, or does it look at one place for every class? | higher |
//! | [`cosine`], [`jensen_shannon`], [`earth_mover`], [`pearson`], [`ssim`]: distances to the class mean map | do maps agree in where, whatever their strength? (thesis 6.1.1) | lower |
//! | [`region`]: regions of maps and of the class mean map | does the same part of the image stand out? | lower |
//! | [`soft_iou`], [`ssim`] of [`pairs`] of one class | do any two maps agree, whatever their mean? | lower |
//! | [`complexity`] | are the maps alike only because they are diffuse? | neither: a control |
//!
//! Over the correctly classified images, as the metric itself: distances are from the class mean
//! map (Eq. 8) and averaged over all images of all classes (Eq. 10). An all-zero map cannot be
//! scaled to a sum of 1; where that is needed it counts as uniform.
//!
//! A measure is a file of its name here and an entry of the list in this one, which also says which
//! of its values are more consistent.

pub mod chance;
pub mod complexity;
pub mod cosine;
mod direction;
pub mod earth_mover;
pub mod grid;
mod grid_maps;
mod grid_means;
pub mod jensen_shannon;
mod list;
mod map_measures;
pub mod pairs;
pub mod pearson;
pub mod region;
pub mod soft_iou;
pub mod ssim;

use complexity::complexity;
use cosine::cosine_distance;
use jensen_shannon::jensen_shannon;
use list::{MapMeasure, Source, measures};
use pearson::pearson_distance;
use region::region_distance;
use soft_iou::soft_iou_distance;
use ssim::ssim_distance;

pub use direction::{Direction, MeasureValue, measure_values};
pub use grid_maps::GridMaps;
pub use grid_means::GridMeans;
pub use map_measures::MapMeasures;
pub use pairs::MAX_PAIRS;

/// Default rows and columns of the common grid: no finer than the maps of usual classifiers (7x7 at
/// 224 pixels), so that averaging never refines.
pub const DEFAULT_GRID: usize = 7;

measures! {
    /// `squared-l2` on the grid.
    grid_squared_l2: Source::Means(GridMeans::squared_l2) => Direction::Lower,
    /// `l2` on the grid; leaves out classes of one image, as published.
    grid_l2: Source::Grid(GridMaps::l2) => Direction::Lower,
    /// Share of the variance of the grid maps that the class explains, corrected for chance: at
    /// most 1, about 0 by chance alone.
    chance_corrected: Source::Means(GridMeans::chance_corrected) => Direction::Higher,
    /// The share of random assignments of images to classes that give at least as much.
    chance_p: Source::SlowGrid(|maps, null| maps.chance_p(null.permutations, null.seed)) => Direction::Lower,
    /// 1 - cosine similarity, in [0, 1].
    cosine: Source::Map(|map, mean, _| cosine_distance(map, mean)) => Direction::Lower,
    /// Jensen-Shannon divergence in bits, in [0, 1].
    jensen_shannon: Source::Map(|map, mean, _| jensen_shannon(map, mean)) => Direction::Lower,
    /// Earth mover's distance on the grid, in units of the map's side.
    earth_mover: Source::SlowGrid(|maps, _| maps.earth_mover()) => Direction::Lower,
    /// 1 - Pearson's r, in [0, 2].
    pearson: Source::Map(|map, mean, _| pearson_distance(map, mean)) => Direction::Lower,
    /// 1 - structural similarity.
    ssim: Source::Map(ssim_distance) => Direction::Lower,
    /// 1 - IoU of the map's region and that of the class mean map, in [0, 1].
    region_iou: Source::Map(|map, mean, _| region_distance(map, mean)) => Direction::Lower,
    /// 1 - soft IoU of two maps of one class, in [0, 1].
    pairwise_soft_iou: Source::Pair(|a, b, _| soft_iou_distance(a, b)) => Direction::Lower,
    /// Its standard error, of drawing the pairs; 0 where all are taken.
    pairwise_soft_iou_error: Source::PairError => Direction::None,
    /// 1 - structural similarity of two maps of one class.
    pairwise_ssim: Source::Pair(ssim_distance) => Direction::Lower,
    /// Its standard error, of drawing the pairs; 0 where all are taken.
    pairwise_ssim_error: Source::PairError => Direction::None,
    /// Entropy of the map in nats, in [0, ln(h w)]: a control, not a measure of consistency.
    complexity: Source::Map(|map, _, _| complexity(map)) => Direction::Control,
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
