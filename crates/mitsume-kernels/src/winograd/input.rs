//! Transforms of activations and gradients into the Winograd domain.

use super::transform::{self, INPUT_TILE, OUTPUT_TILE, POINTS};
use crate::element::Element;
use crate::grid::Grid;
use crate::placement::Placement;
use crate::scale_shift::ScaleShift;
use crate::simd::Simd;
use std::ops::Range;

/// A convolution's input, channels last: `data` [images, height, width, channels], read as
/// `relu(data * scale + shift)` per channel where `affine` is given.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub grid: Grid,
    pub channels: usize,
    pub data: &'a [f32],
    pub affine: Option<ScaleShift<'a>>,
}

/// Strides, in slots ([`Element`]), of transformed tiles: a plane per point, vectors of channels in
/// it.
#[derive(Clone, Copy)]
pub(crate) struct DomainLayout {
    pub tiles: usize,
    /// Tiles that share slots: those whose products are summed.
    tiles_per_slot: usize,
    /// Slots from one point to the next.
    pub point_stride: usize,
    /// Slots from one tile to the next, or from the tiles of a slot to those of the next.
    pub tile_stride: usize,
    /// Slots from one vector of channels to the next.
    pub vector_stride: usize,
}

impl DomainLayout {
    /// [point][tile][channel], for products over the channels.
    pub(crate) fn by_tile<E: Element>(tiles: usize, channels: usize, lanes: usize) -> Self {
        let mut tile_stride = channels.next_multiple_of(lanes) / E::PER_SLOT;
        if tile_stride.is_multiple_of(64) {
            tile_stride += lanes; // Else tiles would map to the same cache sets.
        }
        Self {
            tiles,
            tiles_per_slot: 1,
            point_stride: tiles * tile_stride + super::POINT_PADDING,
            tile_stride,
            vector_stride: lanes / E::PER_SLOT,
        }
    }

    /// [point][vector of channels][tile][lane], for products over the tiles.
    pub(crate) fn by_vector<E: Element>(
        tiles: usize,
        channels: usize,
        lanes: usize,
        multiple: usize,
    ) -> Self {
        let channels = channels.next_multiple_of(multiple);
        let depth = tiles.div_ceil(E::PER_SLOT);
        Self {
            tiles,
            tiles_per_slot: E::PER_SLOT,
            point_stride: depth * channels + super::POINT_PADDING,
            tile_stride: lanes,
            vector_stride: depth * lanes,
        }
    }

    pub(crate) fn len(self) -> usize {
        POINTS * self.point_stride
    }

    /// Slots that the tiles of one vector and point take, each with the vector's lanes.
    pub(crate) fn tile_slots(self) -> usize {
        self.tiles.div_ceil(self.tiles_per_slot)
    }

    /// Offset of a tile and vector of channels at the first point.
    fn offset(self, tile: usize, vector: usize) -> usize {
        tile / self.tiles_per_slot * self.tile_stride + vector * self.vector_stride
    }
}

/// Transforms the 6x6 inputs of every tile in `rows` of tiles into `out`, in `layout`.
#[inline(always)]
pub(crate) fn transform<S: Simd, P: Placement>(
    simd: S,
    input: Input,
    rows: Range<usize>,
    layout: DomainLayout,
    out: &mut [f32],
) {
    if input.affine.is_some() {
        transform_rows::<S, P, true>(simd, input, rows, layout, out);
    } else {
        transform_rows::<S, P, false>(simd, input, rows, layout, out);
    }
}

#[inline(always)]
fn transform_rows<S: Simd, P: Placement, const AFFINE: bool>(
    simd: S,
    input: Input,
    rows: Range<usize>,
    layout: DomainLayout,
    out: &mut [f32],
) {
    let tiles = input.grid.tiles(OUTPUT_TILE);
    let mut tile = 0;
    for row in rows {
        let (image, ty) = (row / tiles.height, row % tiles.height);
        for tx in 0..tiles.width {
            for channel in (0..input.channels).step_by(S::LANES) {
                let d = load::<S, AFFINE>(simd, input, TilePosition { image, ty, tx }, channel);
                let out = &mut out[layout.offset(tile, channel / S::LANES)..];
                store::<S, P>(simd, d, tile, out, layout.point_stride);
            }
            tile += 1;
        }
    }
}

/// A tile of an image, by its row `ty` and column `tx` of tiles.
#[derive(Clone, Copy)]
struct TilePosition {
    image: usize,
    ty: usize,
    tx: usize,
}

/// The column transforms of a tile's 6x6 inputs, by [point][column].
#[inline(always)]
fn load<S: Simd, const AFFINE: bool>(
    simd: S,
    input: Input,
    position: TilePosition,
    channel: usize,
) -> [[S::V; INPUT_TILE]; INPUT_TILE] {
    let Input {
        grid,
        channels,
        affine,
        ..
    } = input;
    let (scale, shift) = match affine {
        Some(ScaleShift { scale, shift }) if AFFINE => (
            simd.load_partial(&scale[channel..channels]),
            simd.load_partial(&shift[channel..channels]),
        ),
        _ => (simd.zero(), simd.zero()),
    };
    let TilePosition { ty, tx, .. } = position;
    let inside = ty > 0
        && tx > 0
        && ty * OUTPUT_TILE + OUTPUT_TILE < grid.height
        && tx * OUTPUT_TILE + OUTPUT_TILE < grid.width
        && channel + S::LANES <= channels;
    if inside {
        load_tile::<S, AFFINE, true>(simd, input, position, channel, [scale, shift])
    } else {
        load_tile::<S, AFFINE, false>(simd, input, position, channel, [scale, shift])
    }
}

/// [`load`] of a tile with all inputs inside the image (`INSIDE`), or with some outside, which are
/// 0.
#[inline(always)]
fn load_tile<S: Simd, const AFFINE: bool, const INSIDE: bool>(
    simd: S,
    input: Input,
    TilePosition { image, ty, tx }: TilePosition,
    channel: usize,
    [scale, shift]: [S::V; 2],
) -> [[S::V; INPUT_TILE]; INPUT_TILE] {
    let Input {
        grid,
        channels,
        data,
        ..
    } = input;
    let line = grid.width * channels;
    let whole = match INSIDE {
        true => {
            let (top, left) = (ty * OUTPUT_TILE - 1, tx * OUTPUT_TILE - 1);
            let corner = (image * grid.height + top) * grid.width + left;
            let first = corner * channels + channel;
            &data[first..first + (INPUT_TILE - 1) * (line + channels) + S::LANES]
        }
        false => data,
    };
    let mut half = [[simd.zero(); INPUT_TILE]; INPUT_TILE];
    for x in 0..INPUT_TILE {
        let mut d = [simd.zero(); INPUT_TILE];
        for (y, d) in d.iter_mut().enumerate() {
            let v = if INSIDE {
                // SAFETY: the farthest of the 36 vectors ends where `whole` does.
                unsafe { simd.load_ptr(whole.as_ptr().add(y * line + x * channels)) }
            } else {
                let (py, px) = (ty * OUTPUT_TILE + y, tx * OUTPUT_TILE + x);
                if py == 0 || px == 0 || py > grid.height || px > grid.width {
                    continue;
                }
                let pixel = (image * grid.height + py - 1) * grid.width + px - 1;
                let end = (channel + S::LANES).min(channels);
                simd.load_partial(&data[pixel * channels + channel..pixel * channels + end])
            };
            *d = activated::<S, AFFINE>(simd, v, scale, shift);
        }
        let t = transform::input(simd, d);
        for p in 0..INPUT_TILE {
            half[p][x] = t[p];
        }
    }
    half
}

#[inline(always)]
fn activated<S: Simd, const AFFINE: bool>(simd: S, v: S::V, scale: S::V, shift: S::V) -> S::V {
    if AFFINE {
        simd.relu(simd.fma(v, scale, shift))
    } else {
        v
    }
}

#[inline(always)]
fn store<S: Simd, P: Placement>(
    simd: S,
    half: [[S::V; INPUT_TILE]; INPUT_TILE],
    tile: usize,
    out: &mut [f32],
    point_stride: usize,
) {
    for (p, row) in half.iter().enumerate() {
        let row = transform::input(simd, *row);
        store_row::<S, P>(simd, row, [p, tile], out, point_stride);
    }
}

/// Writes row `p` of the points of a tile.
#[inline(always)]
fn store_row<S: Simd, P: Placement>(
    simd: S,
    row: [S::V; INPUT_TILE],
    [p, tile]: [usize; 2],
    out: &mut [f32],
    point_stride: usize,
) {
    assert!(out.len() >= (POINTS - 1) * point_stride + P::slots::<S>() && p < INPUT_TILE);
    for (q, v) in row.iter().enumerate() {
        // SAFETY: p * 6 + q is below 36; the length was asserted.
        unsafe {
            let at = out.as_mut_ptr().add((p * INPUT_TILE + q) * point_stride);
            P::write(simd, at, tile, *v);
        }
    }
}

/// Transforms every 4x4 tile in `rows` of tiles of an output's gradient into `out`, in `layout`.
#[inline(always)]
pub(crate) fn transform_gradient<S: Simd, P: Placement>(
    simd: S,
    gradient: Input,
    rows: Range<usize>,
    layout: DomainLayout,
    out: &mut [f32],
) {
    let Input {
        grid,
        channels,
        data,
        ..
    } = gradient;
    let tiles = grid.tiles(OUTPUT_TILE);
    let mut tile = 0;
    for row in rows {
        let (image, ty) = (row / tiles.height, row % tiles.height);
        for tx in 0..tiles.width {
            for channel in (0..channels).step_by(S::LANES) {
                let mut half = [[simd.zero(); OUTPUT_TILE]; INPUT_TILE];
                for x in 0..OUTPUT_TILE {
                    let mut d = [simd.zero(); OUTPUT_TILE];
                    for (y, d) in d.iter_mut().enumerate() {
                        let (py, px) = (ty * OUTPUT_TILE + y, tx * OUTPUT_TILE + x);
                        if py >= grid.height || px >= grid.width {
                            continue;
                        }
                        let pixel = (image * grid.height + py) * grid.width + px;
                        let end = (channel + S::LANES).min(channels);
                        *d = simd.load_partial(
                            &data[pixel * channels + channel..pixel * channels + end],
                        );
                    }
                    let t = transform::gradient(simd, d);
                    for p in 0..INPUT_TILE {
                        half[p][x] = t[p];
                    }
                }
                let out = &mut out[layout.offset(tile, channel / S::LANES)..];
                for (p, row) in half.iter().enumerate() {
                    let row = transform::gradient(simd, *row);
                    store_row::<S, P>(simd, row, [p, tile], out, layout.point_stride);
                }
            }
            tile += 1;
        }
    }
}
