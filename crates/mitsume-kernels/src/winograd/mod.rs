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

/// Padding between the planes of two points, so that they do not map to the same cache sets.
const POINT_PADDING: usize = 16;

/// Approximate number of tiles per task: enough to use each filter often, few enough for the
/// transformed tiles to stay in the second-level cache.
const TILES_PER_BLOCK: usize = 56;

/// Ranges of tile rows (numbered through all images), one per task; independent of the number of
/// threads.
pub(crate) fn tile_row_ranges(grid: Grid) -> Vec<Range<usize>> {
    let tiles = grid.tiles(transform::OUTPUT_TILE);
    let rows = (TILES_PER_BLOCK / tiles.width.max(1)).max(1);
    crate::grid::chunk_ranges(tiles.rows(), rows).collect()
}
