//! Activations into the Winograd domain.

use super::transform::{self, IN, OUT, POINTS};
use crate::grid::Grid;
use crate::simd::Simd;
use std::ops::Range;

/// A convolution's input, channels last: `data` [images, height, width, channels], read as
/// `relu(data * scale + shift)` per channel where `affine` is given.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub grid: Grid,
    pub channels: usize,
    pub data: &'a [f32],
    pub affine: Option<(&'a [f32], &'a [f32])>,
}

/// Where transformed tiles lie: for each point, vectors of channels.
#[derive(Clone, Copy)]
pub(crate) struct Planes {
    pub tiles: usize,
    /// From one point to the next.
    pub plane: usize,
    /// From one tile to the next.
    pub tile: usize,
    /// From one vector of channels to the next.
    pub vector: usize,
}

impl Planes {
    /// [point][tile][channel], for products over the channels.
    pub(crate) fn by_tile(tiles: usize, channels: usize, lanes: usize) -> Self {
        let mut tile = channels.next_multiple_of(lanes);
        if tile.is_multiple_of(64) {
            tile += lanes; // Tiles at the same place in a page would fall into the same cache sets.
        }
        Self {
            tiles,
            plane: tiles * tile + super::STAGGER,
            tile,
            vector: lanes,
        }
    }

    /// [point][vector of channels][tile][lane], for products over the tiles.
    pub(crate) fn by_vector(tiles: usize, channels: usize, lanes: usize, multiple: usize) -> Self {
        let channels = channels.next_multiple_of(multiple);
        Self {
            tiles,
            plane: tiles * channels + super::STAGGER,
            tile: lanes,
            vector: tiles * lanes,
        }
    }

    pub(crate) fn len(self) -> usize {
        POINTS * self.plane
    }

    fn at(self, tile: usize, vector: usize) -> usize {
        tile * self.tile + vector * self.vector
    }
}

/// Transforms the 6x6 surroundings of every tile in `rows` of tiles into `out`, laid out as `planes`.
#[inline(always)]
pub(crate) fn transform<S: Simd>(
    simd: S,
    input: Input,
    rows: Range<usize>,
    planes: Planes,
    out: &mut [f32],
) {
    if input.affine.is_some() {
        transform_rows::<S, true>(simd, input, rows, planes, out);
    } else {
        transform_rows::<S, false>(simd, input, rows, planes, out);
    }
}

#[inline(always)]
fn transform_rows<S: Simd, const AFFINE: bool>(
    simd: S,
    input: Input,
    rows: Range<usize>,
    planes: Planes,
    out: &mut [f32],
) {
    let tiles = input.grid.tiles(OUT);
    let mut tile = 0;
    for row in rows {
        let (image, ty) = (row / tiles.height, row % tiles.height);
        for tx in 0..tiles.width {
            for channel in (0..input.channels).step_by(S::LANES) {
                let d = load::<S, AFFINE>(simd, input, (image, ty, tx), channel);
                store(
                    simd,
                    d,
                    &mut out[planes.at(tile, channel / S::LANES)..],
                    planes.plane,
                );
            }
            tile += 1;
        }
    }
}

/// The column transforms of a tile's surroundings, by [point][column].
#[inline(always)]
fn load<S: Simd, const AFFINE: bool>(
    simd: S,
    input: Input,
    (image, ty, tx): (usize, usize, usize),
    channel: usize,
) -> [[S::V; IN]; IN] {
    let Input {
        grid,
        channels,
        data,
        affine,
    } = input;
    let (scale, shift) = match affine {
        Some((scale, shift)) if AFFINE => (
            simd.load_some(&scale[channel..channels]),
            simd.load_some(&shift[channel..channels]),
        ),
        _ => (simd.zero(), simd.zero()),
    };
    let mut half = [[simd.zero(); IN]; IN];
    let inside = ty > 0
        && tx > 0
        && ty * OUT + OUT < grid.height
        && tx * OUT + OUT < grid.width
        && channel + S::LANES <= channels;
    if inside {
        let corner = (image * grid.height + ty * OUT - 1) * grid.width + tx * OUT - 1;
        let line = grid.width * channels;
        let first = corner * channels + channel;
        let whole = &data[first..first + (IN - 1) * (line + channels) + S::LANES];
        for x in 0..IN {
            let mut d = [simd.zero(); IN];
            for (y, d) in d.iter_mut().enumerate() {
                // SAFETY: the farthest of the 36 vectors ends where `whole` does.
                let v = unsafe { simd.load_ptr(whole.as_ptr().add(y * line + x * channels)) };
                *d = activated::<S, AFFINE>(simd, v, scale, shift);
            }
            let t = transform::input(simd, d);
            for p in 0..IN {
                half[p][x] = t[p];
            }
        }
    } else {
        for x in 0..IN {
            let mut d = [simd.zero(); IN];
            for (y, d) in d.iter_mut().enumerate() {
                let (py, px) = (ty * OUT + y, tx * OUT + x);
                if py == 0 || px == 0 || py > grid.height || px > grid.width {
                    continue;
                }
                let pixel = (image * grid.height + py - 1) * grid.width + px - 1;
                let end = (channel + S::LANES).min(channels);
                let v = simd.load_some(&data[pixel * channels + channel..pixel * channels + end]);
                *d = activated::<S, AFFINE>(simd, v, scale, shift);
            }
            let t = transform::input(simd, d);
            for p in 0..IN {
                half[p][x] = t[p];
            }
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
fn store<S: Simd>(simd: S, half: [[S::V; IN]; IN], out: &mut [f32], plane: usize) {
    assert!(out.len() >= (POINTS - 1) * plane + S::LANES);
    for (p, row) in half.iter().enumerate() {
        let t = transform::input(simd, *row);
        for (q, v) in t.iter().enumerate() {
            // SAFETY: p * 6 + q is below 36; the length was asserted.
            unsafe { simd.store_ptr(out.as_mut_ptr().add((p * IN + q) * plane), *v) };
        }
    }
}

/// Transforms every 4x4 tile in `rows` of tiles of an output's gradient into `out`, laid out as `planes`.
#[inline(always)]
pub(crate) fn transform_gradient<S: Simd>(
    simd: S,
    gradient: Input,
    rows: Range<usize>,
    planes: Planes,
    out: &mut [f32],
) {
    let Input {
        grid,
        channels,
        data,
        ..
    } = gradient;
    let tiles = grid.tiles(OUT);
    let mut tile = 0;
    for row in rows {
        let (image, ty) = (row / tiles.height, row % tiles.height);
        for tx in 0..tiles.width {
            for channel in (0..channels).step_by(S::LANES) {
                let mut half = [[simd.zero(); OUT]; IN];
                for x in 0..OUT {
                    let mut d = [simd.zero(); OUT];
                    for (y, d) in d.iter_mut().enumerate() {
                        let (py, px) = (ty * OUT + y, tx * OUT + x);
                        if py >= grid.height || px >= grid.width {
                            continue;
                        }
                        let pixel = (image * grid.height + py) * grid.width + px;
                        let end = (channel + S::LANES).min(channels);
                        *d = simd
                            .load_some(&data[pixel * channels + channel..pixel * channels + end]);
                    }
                    let t = transform::gradient(simd, d);
                    for p in 0..IN {
                        half[p][x] = t[p];
                    }
                }
                let at = &mut out[planes.at(tile, channel / S::LANES)..];
                assert!(at.len() >= (POINTS - 1) * planes.plane + S::LANES);
                for (p, row) in half.iter().enumerate() {
                    let t = transform::gradient(simd, *row);
                    for (q, v) in t.iter().enumerate() {
                        // SAFETY: p * 6 + q is below 36; the length was asserted.
                        unsafe {
                            simd.store_ptr(at.as_mut_ptr().add((p * IN + q) * planes.plane), *v)
                        };
                    }
                }
            }
            tile += 1;
        }
    }
}
