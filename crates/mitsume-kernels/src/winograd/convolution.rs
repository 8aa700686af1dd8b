//! The convolution: input transform, products at each of the 36 points, output transform.

use super::epilogue::{TileCoordinates, TileEpilogue, TileOutput, TileValues};
use super::filter::{Filters, panel_width};
use super::input::{DomainLayout, Input, transform};
use super::transform::{self, INPUT_TILE, OUTPUT_TILE, POINTS};
use super::{POINT_PADDING, tile_row_ranges};
use crate::element::{Element, for_precision};
use crate::gemm::{Matrix, Output, Panel, gemm_of};
use crate::grid::{Grid, split_at_ranges};
use crate::isa::Kernel;
use crate::placement::OverChannels;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;
use std::marker::PhantomData;
use std::ops::Range;

/// Output channels whose products are kept between the multiplication and the output transform.
const OUTPUTS_PER_GROUP: usize = 64;

/// Sums kept by a [`TileEpilogue`].
pub(crate) struct TileSums {
    /// [task][sum][channel]
    pub data: Buffer,
    /// Pixels of each task.
    pub pixels: Vec<usize>,
}

/// Convolves `input` with `filters` into `out` [images, height, width, outputs] (half as high and
/// wide if the epilogue pools), with products of the filters' precision.
pub(crate) fn convolve<O: TileEpilogue>(
    workspace: &Workspace,
    input: Input,
    filters: &Filters,
    epilogue: &O,
    out: &mut [f32],
) -> TileSums {
    for_precision!(filters.precision, E => {
        convolve_of::<E, O>(workspace, input, filters, epilogue, out)
    })
}

fn convolve_of<E: Element, O: TileEpilogue>(
    workspace: &Workspace,
    input: Input,
    filters: &Filters,
    epilogue: &O,
    out: &mut [f32],
) -> TileSums {
    let grid = input.grid;
    let (to, side) = match epilogue.pools() {
        true => (grid.pooled(), OUTPUT_TILE / 2),
        false => (grid, OUTPUT_TILE),
    };
    let channels = filters.outputs;
    assert_eq!(filters.inputs, input.channels);
    assert_eq!(input.data.len(), grid.pixels() * input.channels);
    assert_eq!(out.len(), to.pixels() * channels);
    let ranges = tile_row_ranges(grid);
    let out_rows: Vec<Range<usize>> = ranges
        .iter()
        .map(|r| output_rows(to, grid, r, side))
        .collect();
    let parts = split_at_ranges(out, out_rows.iter().cloned(), to.width * channels);
    let mut sums = workspace.take(ranges.len() * O::SUMS * channels);
    let sum_parts = split_at_ranges(
        &mut sums,
        (0..ranges.len()).map(|i| i..i + 1),
        O::SUMS * channels,
    );
    let isa = workspace.isa();
    let tasks = ranges.iter().zip(&out_rows).zip(parts).zip(sum_parts);
    (tasks.collect::<Vec<_>>())
        .into_par_iter()
        .for_each(|(((rows, out_rows), out), sums)| {
            let tiles = rows.len() * grid.tiles(OUTPUT_TILE).width;
            let layout = DomainLayout::by_tile::<E>(tiles, input.channels, isa.lanes());
            let mut transformed = workspace.take(layout.len());
            let mut products = workspace
                .take(POINTS * (tiles * OUTPUTS_PER_GROUP.max(panel_width(isa)) + POINT_PADDING));
            isa.run(ConvolveKernel::<E, O> {
                element: PhantomData,
                input,
                filters,
                epilogue,
                rows: rows.clone(),
                layout,
                transformed: &mut transformed,
                products: &mut products,
                to: TileOutput {
                    out,
                    first_row: out_rows.start,
                    sums,
                },
            });
        });
    let pixels = ranges
        .iter()
        .map(|r| grid.pixel_rows(r, OUTPUT_TILE).len() * grid.width)
        .collect();
    TileSums { data: sums, pixels }
}

/// Output rows of a range of tile rows; `side` is the output rows of a tile.
fn output_rows(to: Grid, grid: Grid, rows: &Range<usize>, side: usize) -> Range<usize> {
    if side == OUTPUT_TILE {
        return grid.pixel_rows(rows, OUTPUT_TILE);
    }
    let per_image = grid.tiles(OUTPUT_TILE).height;
    let first_row = |t: usize| t / per_image * to.height + (t % per_image * side).min(to.height);
    first_row(rows.start)..first_row(rows.end)
}

struct ConvolveKernel<'a, E, O> {
    element: PhantomData<E>,
    input: Input<'a>,
    filters: &'a Filters,
    epilogue: &'a O,
    rows: Range<usize>,
    layout: DomainLayout,
    transformed: &'a mut [f32],
    products: &'a mut [f32],
    to: TileOutput<'a>,
}

impl<E: Element, O: TileEpilogue> Kernel for ConvolveKernel<'_, E, O> {
    type Output = ();
    const MULTIPLIES_BF16: bool = E::IS_BFLOAT16;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let ConvolveKernel {
            input,
            filters,
            epilogue,
            rows,
            layout,
            transformed,
            products,
            to,
            ..
        } = self;
        transform::<S, OverChannels<E>>(simd, input, rows.clone(), layout, transformed);
        let width = 2 * S::LANES;
        let panels = filters.outputs.div_ceil(width);
        let panels_per_group = (OUTPUTS_PER_GROUP / width).max(1);
        for first in (0..panels).step_by(panels_per_group) {
            let group = first..(first + panels_per_group).min(panels);
            let row = group.len() * width;
            let point_stride = layout.tiles * row + POINT_PADDING;
            multiply::<S, E>(simd, filters, group.clone(), layout, transformed, products);
            let channels = group.start * width..(group.end * width).min(filters.outputs);
            let tiles = input.grid.tiles(OUTPUT_TILE);
            for tile in 0..layout.tiles {
                let tile_row = rows.start + tile / tiles.width;
                for channel in channels.clone().step_by(S::LANES) {
                    let from = &products[tile * row + channel - channels.start..];
                    let y = output_transform(simd, from, point_stride);
                    let at = TileCoordinates {
                        grid: input.grid,
                        channels: filters.outputs,
                        image: tile_row / tiles.height,
                        top: tile_row % tiles.height * OUTPUT_TILE,
                        left: tile % tiles.width * OUTPUT_TILE,
                        channel,
                        first: tile == 0,
                    };
                    let to = TileOutput {
                        out: &mut *to.out,
                        first_row: to.first_row,
                        sums: &mut *to.sums,
                    };
                    epilogue.apply(simd, y, at, to);
                }
            }
        }
    }
}

/// The products of all tiles with a group of panels, at every point:
/// [point][tile][output in group].
#[inline(always)]
fn multiply<S: Simd, E: Element>(
    simd: S,
    filters: &Filters,
    group: Range<usize>,
    layout: DomainLayout,
    transformed: &[f32],
    products: &mut [f32],
) {
    let width = 2 * S::LANES;
    let row = group.len() * width;
    let point_stride = layout.tiles * row + POINT_PADDING;
    let depth = filters.inputs.div_ceil(E::PER_SLOT);
    for point in 0..POINTS {
        let a = &transformed[point * layout.point_stride..][..layout.tiles * layout.tile_stride];
        let c = &mut products[point * point_stride..][..layout.tiles * row];
        let matrix = Matrix {
            data: a,
            rows: layout.tiles,
            columns: depth,
            row_stride: layout.tile_stride,
            column_stride: 1,
        };
        for (i, panel) in group.clone().enumerate() {
            let b = &filters.data[(panel * POINTS + point) * depth * width..][..depth * width];
            let panel = Panel {
                data: b,
                row_stride: width,
                vector_stride: S::LANES,
            };
            let c = Output {
                data: &mut c[i * width..],
                row_stride: row,
                accumulate: false,
            };
            gemm_of::<S, E, 2>(simd, matrix, panel, c);
        }
    }
}

/// A^T m A of one tile and vector of channels.
#[inline(always)]
fn output_transform<S: Simd>(simd: S, from: &[f32], point_stride: usize) -> TileValues<S> {
    assert!(from.len() >= (POINTS - 1) * point_stride + S::LANES);
    let mut half = [[simd.zero(); INPUT_TILE]; OUTPUT_TILE];
    for q in 0..INPUT_TILE {
        let mut m = [simd.zero(); INPUT_TILE];
        for (p, m) in m.iter_mut().enumerate() {
            // SAFETY: p * 6 + q is below 36; the length was asserted.
            *m = unsafe { simd.load_ptr(from.as_ptr().add((p * INPUT_TILE + q) * point_stride)) };
        }
        let t = transform::output(simd, m);
        for y in 0..OUTPUT_TILE {
            half[y][q] = t[y];
        }
    }
    let mut whole = [[simd.zero(); OUTPUT_TILE]; OUTPUT_TILE];
    for (whole, half) in whole.iter_mut().zip(half) {
        *whole = transform::output(simd, half);
    }
    whole
}
