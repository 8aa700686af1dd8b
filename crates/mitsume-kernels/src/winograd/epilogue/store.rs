//! Bias, residual, activation and max-pool of a convolution's output.

use super::super::transform::OUTPUT_TILE;
use super::{TileCoordinates, TileEpilogue, TileOutput, TileValues};
use crate::activation::{Elementwise, for_activation};
use crate::epilogue::Epilogue;
use crate::simd::Simd;

/// Applies an [`Epilogue`], then 2x2 max-pooling if requested, and writes the result.
pub(crate) struct Store<'a> {
    pub epilogue: Epilogue<'a>,
    pub pool: bool,
}

impl TileEpilogue for Store<'_> {
    const SUMS: usize = 0;

    fn pools(&self) -> bool {
        self.pool
    }

    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, y: TileValues<S>, at: TileCoordinates, to: TileOutput) {
        for_activation!(self.epilogue.activation, f => {
            if at.is_whole::<S>() {
                self.write::<S, _, true>(simd, y, at, to, f);
            } else {
                self.write::<S, _, false>(simd, y, at, to, f);
            }
        });
    }
}

impl Store<'_> {
    #[inline(always)]
    fn write<S: Simd, F: Elementwise, const WHOLE: bool>(
        &self,
        simd: S,
        mut y: TileValues<S>,
        at: TileCoordinates,
        to: TileOutput,
        f: F,
    ) {
        let (rows, columns) = if WHOLE {
            (OUTPUT_TILE, OUTPUT_TILE)
        } else {
            at.extent()
        };
        let lanes = if WHOLE { S::LANES } else { at.lanes::<S>() };
        let Epilogue { bias, residual, .. } = self.epilogue;
        let bias = simd.load_partial(&bias[at.channel..at.channel + lanes]);
        for i in 0..rows {
            for j in 0..columns {
                y[i][j] = simd.add(y[i][j], bias);
                if let Some(residual) = residual {
                    let index = at.index(i, j);
                    y[i][j] = simd.add(y[i][j], simd.load_partial(&residual[index..index + lanes]));
                }
                y[i][j] = f.apply(simd, y[i][j]);
            }
        }
        if self.pool {
            let base = to.first_row * (at.grid.width / 2) * at.channels;
            for i in 0..rows / 2 {
                for j in 0..columns / 2 {
                    let [a, b] = [y[2 * i], y[2 * i + 1]];
                    let mut max = a[2 * j];
                    for v in [a[2 * j + 1], b[2 * j], b[2 * j + 1]] {
                        max = simd.select(simd.greater_or_nan(v, max), v, max);
                    }
                    let index = at.pooled_index(i, j) - base;
                    simd.store_partial(&mut to.out[index..index + lanes], max);
                }
            }
        } else {
            let base = to.first_row * at.grid.width * at.channels;
            for i in 0..rows {
                for j in 0..columns {
                    let index = at.index(i, j) - base;
                    simd.store_partial(&mut to.out[index..index + lanes], y[i][j]);
                }
            }
        }
    }
}
