//! The gradient of a convolution's input, through the ReLU before it.

use super::super::transform::OUTPUT_TILE;
use super::{TileCoordinates, TileEpilogue, TileOutput, TileValues};
use crate::simd::Simd;

/// Writes the gradient of a convolution's input. With a mask, its sums per channel are those of the
/// gradient and of gradient * (reference - center), which the batch norm before the ReLU needs.
pub(crate) struct InputGradient<'a> {
    /// Whether it is added to what the output already holds.
    pub accumulate: bool,
    /// The ReLU before the convolution's input, if there is one.
    pub mask: Option<ReluMask<'a>>,
}

/// The derivative of a ReLU: 1 where `reference * scale + shift > 0`, else 0.
pub(crate) struct ReluMask<'a> {
    /// [images, height, width, channels]
    pub reference: &'a [f32],
    /// [channels]
    pub scale: &'a [f32],
    /// [channels]
    pub shift: &'a [f32],
    /// Subtracted from `reference` in the second sum, [channels].
    pub center: &'a [f32],
}

impl TileEpilogue for InputGradient<'_> {
    const SUMS: usize = 2;

    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, y: TileValues<S>, at: TileCoordinates, to: TileOutput) {
        if at.is_whole::<S>() {
            self.write::<S, true>(simd, y, at, to);
        } else {
            self.write::<S, false>(simd, y, at, to);
        }
    }
}

impl InputGradient<'_> {
    #[inline(always)]
    fn write<S: Simd, const WHOLE: bool>(
        &self,
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
        let range = at.channel..at.channel + lanes;
        let (sum, product) = to.sums.split_at_mut(at.channels);
        if at.first {
            sum[range.clone()].fill(0.0);
            product[range.clone()].fill(0.0);
        }
        let Some(mask) = &self.mask else {
            for i in 0..rows {
                for j in 0..columns {
                    let index = at.index(i, j) - base;
                    let out = &mut to.out[index..index + lanes];
                    let v = if self.accumulate {
                        simd.add(y[i][j], simd.load_partial(out))
                    } else {
                        y[i][j]
                    };
                    simd.store_partial(out, v);
                }
            }
            return;
        };
        let scale = simd.load_partial(&mask.scale[range.clone()]);
        let shift = simd.load_partial(&mask.shift[range.clone()]);
        let center = simd.load_partial(&mask.center[range.clone()]);
        let mut s = simd.load_partial(&sum[range.clone()]);
        let mut t = simd.load_partial(&product[range.clone()]);
        for i in 0..rows {
            for j in 0..columns {
                let index = at.index(i, j);
                let out = &mut to.out[index - base..index - base + lanes];
                let mut v = y[i][j];
                if self.accumulate {
                    v = simd.add(v, simd.load_partial(out));
                }
                let r = simd.load_partial(&mask.reference[index..index + lanes]);
                let is_active = simd.gt(simd.fma(r, scale, shift), simd.zero());
                v = simd.select(is_active, v, simd.zero());
                simd.store_partial(out, v);
                s = simd.add(s, v);
                t = simd.fma(v, simd.sub(r, center), t);
            }
        }
        simd.store_partial(&mut sum[range.clone()], s);
        simd.store_partial(&mut product[range], t);
    }
}
