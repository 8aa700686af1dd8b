//! What becomes of a convolution's output while it is still in registers.

use super::transform::OUT;
use crate::grid::Grid;
use crate::simd::Simd;

/// Consumes 4x4 tiles of a convolution's output.
pub(crate) trait Outcome: Sync {
    /// f32 sums kept per channel and run of tiles.
    const SUMS: usize;

    /// Whether one value is written for each 2x2 square instead of each pixel.
    fn pools(&self) -> bool {
        false
    }

    fn tile<S: Simd>(&self, simd: S, y: [[S::V; OUT]; OUT], spot: Spot, to: To);
}

/// Where a tile lies.
#[derive(Clone, Copy)]
pub(crate) struct Spot {
    pub grid: Grid,
    pub channels: usize,
    pub image: usize,
    pub top: usize,
    pub left: usize,
    pub channel: usize,
    /// The first tile of its run.
    pub first: bool,
}

/// Where a tile's results go.
pub(crate) struct To<'a> {
    /// The run's part of the output, which starts at row `first_row` of all output rows.
    pub out: &'a mut [f32],
    pub first_row: usize,
    /// [SUMS][channels]
    pub sums: &'a mut [f32],
}

impl Spot {
    #[inline(always)]
    fn extent(&self) -> (usize, usize) {
        (
            OUT.min(self.grid.height - self.top),
            OUT.min(self.grid.width - self.left),
        )
    }

    #[inline(always)]
    fn lanes<S: Simd>(&self) -> usize {
        S::LANES.min(self.channels - self.channel)
    }

    /// Whether no part of the tile or vector lies outside.
    #[inline(always)]
    fn whole<S: Simd>(&self) -> bool {
        self.extent() == (OUT, OUT) && self.lanes::<S>() == S::LANES
    }

    /// Index in the whole output of the tile's pixel (i, j).
    #[inline(always)]
    fn at(&self, i: usize, j: usize) -> usize {
        let row = self.image * self.grid.height + self.top + i;
        (row * self.grid.width + self.left + j) * self.channels + self.channel
    }

    /// Index in the whole pooled output of the tile's square (i, j).
    #[inline(always)]
    fn at_pooled(&self, i: usize, j: usize) -> usize {
        let pooled = self.grid.pooled();
        let row = self.image * pooled.height + self.top / 2 + i;
        (row * pooled.width + self.left / 2 + j) * self.channels + self.channel
    }
}

/// Writes the output as it is and gathers its statistics.
///
/// Sums per channel: a value near the mean (the run's first), the sum of differences from it, and
/// the sum of their squares. Differences keep f32 sums accurate however far the mean is from zero.
pub(crate) struct WithStatistics;

impl Outcome for WithStatistics {
    const SUMS: usize = 3;

    #[inline(always)]
    fn tile<S: Simd>(&self, simd: S, y: [[S::V; OUT]; OUT], spot: Spot, to: To) {
        if spot.whole::<S>() {
            statistics::<S, true>(simd, y, spot, to);
        } else {
            statistics::<S, false>(simd, y, spot, to);
        }
    }
}

#[inline(always)]
fn statistics<S: Simd, const WHOLE: bool>(simd: S, y: [[S::V; OUT]; OUT], spot: Spot, to: To) {
    let (rows, columns) = if WHOLE { (OUT, OUT) } else { spot.extent() };
    let lanes = if WHOLE { S::LANES } else { spot.lanes::<S>() };
    let base = to.first_row * spot.grid.width * spot.channels;
    let (near, sums) = to.sums.split_at_mut(spot.channels);
    let (sum, square) = sums.split_at_mut(spot.channels);
    let range = spot.channel..spot.channel + lanes;
    if spot.first {
        simd.store_some(&mut near[range.clone()], y[0][0]);
        sum[range.clone()].fill(0.0);
        square[range.clone()].fill(0.0);
    }
    let near = simd.load_some(&near[range.clone()]);
    let mut s = simd.load_some(&sum[range.clone()]);
    let mut q = simd.load_some(&square[range.clone()]);
    for i in 0..rows {
        for j in 0..columns {
            let at = spot.at(i, j) - base;
            simd.store_some(&mut to.out[at..at + lanes], y[i][j]);
            let d = simd.sub(y[i][j], near);
            s = simd.add(s, d);
            q = simd.fma(d, d, q);
        }
    }
    simd.store_some(&mut sum[range.clone()], s);
    simd.store_some(&mut square[range], q);
}

/// Adds a bias and, if asked, another tensor; applies ReLU and 2x2 max-pooling if asked.
pub(crate) struct Activated<'a> {
    pub bias: &'a [f32],
    pub add: Option<&'a [f32]>,
    pub relu: bool,
    pub pool: bool,
}

impl Outcome for Activated<'_> {
    const SUMS: usize = 0;

    fn pools(&self) -> bool {
        self.pool
    }

    #[inline(always)]
    fn tile<S: Simd>(&self, simd: S, y: [[S::V; OUT]; OUT], spot: Spot, to: To) {
        if spot.whole::<S>() {
            self.write::<S, true>(simd, y, spot, to);
        } else {
            self.write::<S, false>(simd, y, spot, to);
        }
    }
}

impl Activated<'_> {
    #[inline(always)]
    fn write<S: Simd, const WHOLE: bool>(
        &self,
        simd: S,
        mut y: [[S::V; OUT]; OUT],
        spot: Spot,
        to: To,
    ) {
        let (rows, columns) = if WHOLE { (OUT, OUT) } else { spot.extent() };
        let lanes = if WHOLE { S::LANES } else { spot.lanes::<S>() };
        let bias = simd.load_some(&self.bias[spot.channel..spot.channel + lanes]);
        for i in 0..rows {
            for j in 0..columns {
                y[i][j] = simd.add(y[i][j], bias);
                if let Some(add) = self.add {
                    let at = spot.at(i, j);
                    y[i][j] = simd.add(y[i][j], simd.load_some(&add[at..at + lanes]));
                }
                if self.relu {
                    y[i][j] = simd.relu(y[i][j]);
                }
            }
        }
        if self.pool {
            let base = to.first_row * (spot.grid.width / 2) * spot.channels;
            for i in 0..rows / 2 {
                for j in 0..columns / 2 {
                    let [a, b] = [y[2 * i], y[2 * i + 1]];
                    let mut max = a[2 * j];
                    for v in [a[2 * j + 1], b[2 * j], b[2 * j + 1]] {
                        max = simd.select(simd.replaces(v, max), v, max);
                    }
                    let at = spot.at_pooled(i, j) - base;
                    simd.store_some(&mut to.out[at..at + lanes], max);
                }
            }
        } else {
            let base = to.first_row * spot.grid.width * spot.channels;
            for i in 0..rows {
                for j in 0..columns {
                    let at = spot.at(i, j) - base;
                    simd.store_some(&mut to.out[at..at + lanes], y[i][j]);
                }
            }
        }
    }
}

/// Carries a gradient through the ReLU before the convolution's input.
///
/// The gradient stays where `reference * scale + shift > 0` and is zero elsewhere. Sums per channel, for the
/// backward pass of the batch norm before the ReLU: of the gradient, and of gradient * (reference - center).
pub(crate) struct Gate<'a> {
    pub reference: &'a [f32],
    pub scale: &'a [f32],
    pub shift: &'a [f32],
    pub center: &'a [f32],
}

/// Writes the gradient of a convolution's input.
pub(crate) struct Carried<'a> {
    /// Whether it is added to what the output already holds.
    pub accumulate: bool,
    pub gate: Option<Gate<'a>>,
}

impl Outcome for Carried<'_> {
    const SUMS: usize = 2;

    #[inline(always)]
    fn tile<S: Simd>(&self, simd: S, y: [[S::V; OUT]; OUT], spot: Spot, to: To) {
        if spot.whole::<S>() {
            self.write::<S, true>(simd, y, spot, to);
        } else {
            self.write::<S, false>(simd, y, spot, to);
        }
    }
}

impl Carried<'_> {
    #[inline(always)]
    fn write<S: Simd, const WHOLE: bool>(
        &self,
        simd: S,
        y: [[S::V; OUT]; OUT],
        spot: Spot,
        to: To,
    ) {
        let (rows, columns) = if WHOLE { (OUT, OUT) } else { spot.extent() };
        let lanes = if WHOLE { S::LANES } else { spot.lanes::<S>() };
        let base = to.first_row * spot.grid.width * spot.channels;
        let range = spot.channel..spot.channel + lanes;
        let (sum, product) = to.sums.split_at_mut(spot.channels);
        if spot.first {
            sum[range.clone()].fill(0.0);
            product[range.clone()].fill(0.0);
        }
        let Some(gate) = &self.gate else {
            for i in 0..rows {
                for j in 0..columns {
                    let at = spot.at(i, j) - base;
                    let out = &mut to.out[at..at + lanes];
                    let v = if self.accumulate {
                        simd.add(y[i][j], simd.load_some(out))
                    } else {
                        y[i][j]
                    };
                    simd.store_some(out, v);
                }
            }
            return;
        };
        let scale = simd.load_some(&gate.scale[range.clone()]);
        let shift = simd.load_some(&gate.shift[range.clone()]);
        let center = simd.load_some(&gate.center[range.clone()]);
        let mut s = simd.load_some(&sum[range.clone()]);
        let mut t = simd.load_some(&product[range.clone()]);
        for i in 0..rows {
            for j in 0..columns {
                let whole = spot.at(i, j);
                let out = &mut to.out[whole - base..whole - base + lanes];
                let mut v = y[i][j];
                if self.accumulate {
                    v = simd.add(v, simd.load_some(out));
                }
                let r = simd.load_some(&gate.reference[whole..whole + lanes]);
                let open = simd.gt(simd.fma(r, scale, shift), simd.zero());
                v = simd.select(open, v, simd.zero());
                simd.store_some(out, v);
                s = simd.add(s, v);
                t = simd.fma(v, simd.sub(r, center), t);
            }
        }
        simd.store_some(&mut sum[range.clone()], s);
        simd.store_some(&mut product[range], t);
    }
}
