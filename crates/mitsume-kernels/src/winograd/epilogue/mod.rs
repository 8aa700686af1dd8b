//! Epilogues of the Winograd convolution: the operations on an output tile while it is in
//! registers.

mod input_gradient;
mod statistics;
mod store;

pub(crate) use input_gradient::{InputGradient, ReluMask};
pub(crate) use statistics::StoreWithStatistics;
pub(crate) use store::Store;

use super::transform::OUTPUT_TILE;
use crate::grid::Grid;
use crate::simd::Simd;

/// One vector of channels of a 4x4 tile of a convolution's output.
pub(crate) type TileValues<S> = [[<S as Simd>::V; OUTPUT_TILE]; OUTPUT_TILE];

/// Consumes the 4x4 tiles of a convolution's output.
pub(crate) trait TileEpilogue: Sync {
    /// Sums kept per channel and task, f32.
    const SUMS: usize;

    /// Whether the epilogue max-pools (2x2).
    fn pools(&self) -> bool {
        false
    }

    /// Writes the result for the tile `y` at `at`, and adds to the sums.
    fn apply<S: Simd>(&self, simd: S, y: TileValues<S>, at: TileCoordinates, to: TileOutput);
}

/// Position of a tile and vector of channels in the output.
#[derive(Clone, Copy)]
pub(crate) struct TileCoordinates {
    pub grid: Grid,
    pub channels: usize,
    pub image: usize,
    /// Pixel row and column of the tile's upper left corner.
    pub top: usize,
    pub left: usize,
    /// First channel of the vector.
    pub channel: usize,
    /// Whether it is the first tile of its task.
    pub first: bool,
}

/// Where a tile's results are written.
pub(crate) struct TileOutput<'a> {
    /// The task's part of the output, which starts at row `first_row` of all output rows.
    pub out: &'a mut [f32],
    pub first_row: usize,
    /// [SUMS][channels]
    pub sums: &'a mut [f32],
}

impl TileCoordinates {
    /// Rows and columns of the tile inside the image.
    #[inline(always)]
    fn extent(&self) -> (usize, usize) {
        (
            OUTPUT_TILE.min(self.grid.height - self.top),
            OUTPUT_TILE.min(self.grid.width - self.left),
        )
    }

    /// Channels of the vector that exist.
    #[inline(always)]
    fn lanes<S: Simd>(&self) -> usize {
        S::LANES.min(self.channels - self.channel)
    }

    /// Whether the whole tile and vector are inside the output.
    #[inline(always)]
    fn is_whole<S: Simd>(&self) -> bool {
        self.extent() == (OUTPUT_TILE, OUTPUT_TILE) && self.lanes::<S>() == S::LANES
    }

    /// Index in the whole output of the tile's pixel (i, j).
    #[inline(always)]
    fn index(&self, i: usize, j: usize) -> usize {
        let row = self.image * self.grid.height + self.top + i;
        (row * self.grid.width + self.left + j) * self.channels + self.channel
    }

    /// Index in the whole pooled output of the tile's 2x2 window (i, j).
    #[inline(always)]
    fn pooled_index(&self, i: usize, j: usize) -> usize {
        let pooled = self.grid.pooled();
        let row = self.image * pooled.height + self.top / 2 + i;
        (row * pooled.width + self.left / 2 + j) * self.channels + self.channel
    }
}
