//! 3x3 convolutions, padding 1, by Winograd's F(4x4, 3x3).

pub(crate) mod convolution;
pub(crate) mod epilogue;
pub(crate) mod filter;
pub(crate) mod input;
pub(crate) mod transform;
pub(crate) mod weight_gradient;

#[cfg(test)]
mod tests;

use crate::grid::Grid;
use std::ops::Range;

/// Values between the planes of two points, so that they do not all fall into the same cache sets.
const STAGGER: usize = 16;

/// About this many tiles are worked on at a time: enough to use each filter often, few enough for
/// the transformed tiles to stay in the second-level cache.
const TILES_AT_A_TIME: usize = 56;

/// Rows of tiles (counted through all images) cut into fixed runs.
pub(crate) fn tile_runs(grid: Grid) -> Vec<Range<usize>> {
    let tiles = grid.tiles(transform::OUT);
    let rows = (TILES_AT_A_TIME / tiles.width.max(1)).max(1);
    crate::grid::runs(tiles.rows(), rows).collect()
}
