//! The output unchanged, with the statistics that batch norm needs.

use super::super::transform::OUTPUT_TILE;
use super::{TileCoordinates, TileEpilogue, TileOutput, TileValues};
use crate::simd::Simd;

/// Writes the output unchanged and sums its statistics.
///
/// Sums per channel: a value near the mean (the task's first), the sum of differences from it, and
/// the sum of their squares. Differences keep f32 sums accurate however far the mean is from zero.
pub(crate) struct StoreWithStatistics;

impl TileEpilogue for StoreWithStatistics {
    const SUMS: usize = 3;

    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, y: TileValues<S>, at: TileCoordinates, to: TileOutput) {
        if at.is_whole::<S>() {
            store::<S, true>(simd, y, at, to);
        } else {
            store::<S, false>(simd, y, at, to);
        }
    }
}

#[inline(always)]
fn store<S: Simd, const WHOLE: bool>(
    simd: S,
    y: TileValues<S>,
    at: TileCoordinates,
    to: TileOutput,
) {
    let (rows, columns) = if WHOLE {
        (OUTPUT_TILE, OUTPUT_TILE)
    } else {
        at.extent()
    };
    let lanes = if WHOLE { S::LANES } else { at.lanes::<S>() };
    let base = to.first_row * at.grid.width * at.channels;
    let (near, sums) = to.sums.split_at_mut(at.channels);
    let (sum, square) = sums.split_at_mut(at.channels);
    let range = at.channel..at.channel + lanes;
    if at.first {
        simd.store_partial(&mut near[range.clone()], y[0][0]);
        sum[range.clone()].fill(0.0);
        square[range.clone()].fill(0.0);
    }
    let near = simd.load_partial(&near[range.clone()]);
    let mut s = simd.load_partial(&sum[range.clone()]);
    let mut q = simd.load_partial(&square[range.clone()]);
    for i in 0..rows {
        for j in 0..columns {
            let index = at.index(i, j) - base;
            simd.store_partial(&mut to.out[index..index + lanes], y[i][j]);
            let d = simd.sub(y[i][j], near);
            s = simd.add(s, d);
            q = simd.fma(d, d, q);
        }
    }
    simd.store_partial(&mut sum[range.clone()], s);
    simd.store_partial(&mut square[range], q);
}
