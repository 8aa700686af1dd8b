//! What is done with a tile of a convolution's output while it is still in registers.

mod input_gradient;
mod statistics;
mod store;

pub(crate) use input_gradient::{InputGradient, ReluMask};
pub(crate) use statistics::StoreWithStatistics;
pub(crate) use store::Store;

use super::transform::OUT;
use crate::grid::Grid;
use crate::simd::Simd;

/// One vector of channels of a 4x4 tile of a convolution's output.
pub(crate) type TileValues<S> = [[<S as Simd>::V; OUT]; OUT];

/// Consumes the 4x4 tiles of a convolution's output.
pub(crate) trait TileEpilogue: Sync {
    /// Sums kept per channel and run of tiles, f32.
    const SUMS: usize;

    /// Whether one value is written for each 2x2 square instead of each pixel.
    fn pools(&self) -> bool {
        false
    }

    /// Writes what becomes of the tile `y` at `at`, and adds to the sums.
    fn apply<S: Simd>(&self, simd: S, y: TileValues<S>, at: TileCoordinates, to: TileOutput);
}

/// Where a tile lies.
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
    /// The first tile of its run.
    pub first: bool,
}

/// Where a tile's results go.
pub(crate) struct TileOutput<'a> {
    /// The run's part of the output, which starts at row `first_row` of all output rows.
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
            OUT.min(self.grid.height - self.top),
            OUT.min(self.grid.width - self.left),
        )
    }

    /// Channels of the vector that exist.
    #[inline(always)]
    fn lanes<S: Simd>(&self) -> usize {
        S::LANES.min(self.channels - self.channel)
    }

    /// Whether no part of the tile or vector lies outside.
    #[inline(always)]
    fn is_whole<S: Simd>(&self) -> bool {
        self.extent() == (OUT, OUT) && self.lanes::<S>() == S::LANES
    }

    /// Index in the whole output of the tile's pixel (i, j).
    #[inline(always)]
    fn index(&self, i: usize, j: usize) -> usize {
        let row = self.image * self.grid.height + self.top + i;
        (row * self.grid.width + self.left + j) * self.channels + self.channel
    }

    /// Index in the whole pooled output of the tile's 2x2 square (i, j).
    #[inline(always)]
    fn pooled_index(&self, i: usize, j: usize) -> usize {
        let pooled = self.grid.pooled();
        let row = self.image * pooled.height + self.top / 2 + i;
        (row * pooled.width + self.left / 2 + j) * self.channels + self.channel
    }
}
