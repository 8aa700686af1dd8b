//! The convolution: transform input tiles, multiply at each of the 36 points, transform back.

use super::epilogue::{TileCoordinates, TileEpilogue, TileOutput, TileValues};
use super::filter::{Filters, panel_width};
use super::input::{Input, Planes, transform};
use super::transform::{self, IN, OUT, POINTS};
use super::{STAGGER, tile_runs};
use crate::gemm::{Matrix, Output, Panel, gemm};
use crate::grid::split_by;
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;
use std::ops::Range;

/// Output channels whose products are kept between the multiplication and the transform back.
const GROUP: usize = 64;

/// Sums kept by a [`TileEpilogue`].
pub(crate) struct TileSums {
    /// [run of tiles][sum][channel]
    pub data: Buffer,
    /// Pixels of each run.
    pub pixels: Vec<usize>,
}

/// Convolves `input` with `filters` into `out` [images, height, width, outputs] (half as high and wide if
/// the epilogue pools).
pub(crate) fn convolve<O: TileEpilogue>(
    workspace: &Workspace,
    input: Input,
    filters: &Filters,
    epilogue: &O,
    out: &mut [f32],
) -> TileSums {
    let grid = input.grid;
    let to = if epilogue.pools() {
        grid.pooled()
    } else {
        grid
    };
    let channels = filters.outputs;
    assert_eq!(filters.inputs, input.channels);
    assert_eq!(input.data.len(), grid.pixels() * input.channels);
    assert_eq!(out.len(), to.pixels() * channels);
    let runs = tile_runs(grid);
    let side = if epilogue.pools() { OUT / 2 } else { OUT };
    let out_rows: Vec<Range<usize>> = runs.iter().map(|r| rows_of(to, grid, r, side)).collect();
    let parts = split_by(out, out_rows.iter().cloned(), to.width * channels);
    let mut sums = workspace.take(runs.len() * O::SUMS * channels);
    let sum_parts = split_by(
        &mut sums,
        (0..runs.len()).map(|i| i..i + 1),
        O::SUMS * channels,
    );
    let isa = workspace.isa();
    let tasks: Vec<_> = runs
        .iter()
        .zip(&out_rows)
        .zip(parts)
        .zip(sum_parts)
        .collect();
    tasks
        .into_par_iter()
        .for_each(|(((run, out_rows), out), sums)| {
            let tiles = run.len() * grid.tiles(OUT).width;
            let planes = Planes::by_tile(tiles, input.channels, isa.lanes());
            let mut transformed = workspace.take(planes.len());
            let mut products =
                workspace.take(POINTS * (tiles * GROUP.max(panel_width(isa)) + STAGGER));
            isa.run(Run {
                input,
                filters,
                epilogue,
                run: run.clone(),
                planes,
                transformed: &mut transformed,
                products: &mut products,
                to: TileOutput {
                    out,
                    first_row: out_rows.start,
                    sums,
                },
            });
        });
    let pixels = runs
        .iter()
        .map(|r| grid.pixel_rows(r, OUT).len() * grid.width)
        .collect();
    TileSums { data: sums, pixels }
}

/// Output rows of a run of tile rows; pooled rows are counted from each image's start.
fn rows_of(
    to: crate::grid::Grid,
    grid: crate::grid::Grid,
    run: &Range<usize>,
    side: usize,
) -> Range<usize> {
    if side == OUT {
        return grid.pixel_rows(run, OUT);
    }
    let per_image = grid.tiles(OUT).height;
    let at = |t: usize| t / per_image * to.height + (t % per_image * side).min(to.height);
    at(run.start)..at(run.end)
}

struct Run<'a, O> {
    input: Input<'a>,
    filters: &'a Filters,
    epilogue: &'a O,
    run: Range<usize>,
    planes: Planes,
    transformed: &'a mut [f32],
    products: &'a mut [f32],
    to: TileOutput<'a>,
}

impl<O: TileEpilogue> Kernel for Run<'_, O> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Run {
            input,
            filters,
            epilogue,
            run,
            planes,
            transformed,
            products,
            mut to,
        } = self;
        transform::<S>(simd, input, run.clone(), planes, transformed);
        let width = 2 * S::LANES;
        let panels = filters.outputs.div_ceil(width);
        let at_a_time = (GROUP / width).max(1);
        for first in (0..panels).step_by(at_a_time) {
            let group = first..(first + at_a_time).min(panels);
            let row = group.len() * width;
            let plane = planes.tiles * row + STAGGER;
            multiply(simd, filters, group.clone(), planes, transformed, products);
            let channels = group.start * width..(group.end * width).min(filters.outputs);
            let tiles = input.grid.tiles(OUT);
            for tile in 0..planes.tiles {
                let tile_row = run.start + tile / tiles.width;
                for channel in channels.clone().step_by(S::LANES) {
                    let from = &products[tile * row + channel - channels.start..];
                    let y = transform_back(simd, from, plane);
                    let at = TileCoordinates {
                        grid: input.grid,
                        channels: filters.outputs,
                        image: tile_row / tiles.height,
                        top: tile_row % tiles.height * OUT,
                        left: tile % tiles.width * OUT,
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
        let _ = &mut to;
    }
}

/// The products of all tiles with a group of panels, at every point: [point][tile][output in group].
#[inline(always)]
fn multiply<S: Simd>(
    simd: S,
    filters: &Filters,
    group: Range<usize>,
    planes: Planes,
    transformed: &[f32],
    products: &mut [f32],
) {
    let width = 2 * S::LANES;
    let row = group.len() * width;
    let plane = planes.tiles * row + STAGGER;
    let depth = filters.inputs;
    for point in 0..POINTS {
        let a = &transformed[point * planes.plane..][..planes.tiles * planes.tile];
        let c = &mut products[point * plane..][..planes.tiles * row];
        let matrix = Matrix {
            data: a,
            row_stride: planes.tile,
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
            gemm::<S, 2>(simd, (planes.tiles, depth), matrix, panel, c);
        }
    }
}

/// A^T m A of one tile and vector of channels.
#[inline(always)]
fn transform_back<S: Simd>(simd: S, from: &[f32], plane: usize) -> TileValues<S> {
    assert!(from.len() >= (POINTS - 1) * plane + S::LANES);
    let mut half = [[simd.zero(); IN]; OUT];
    for q in 0..IN {
        let mut m = [simd.zero(); IN];
        for (p, m) in m.iter_mut().enumerate() {
            // SAFETY: p * 6 + q is below 36; the length was asserted.
            *m = unsafe { simd.load_ptr(from.as_ptr().add((p * IN + q) * plane)) };
        }
        let t = transform::output(simd, m);
        for y in 0..OUT {
            half[y][q] = t[y];
        }
    }
    let mut whole = [[simd.zero(); OUT]; OUT];
    for (whole, half) in whole.iter_mut().zip(half) {
        *whole = transform::output(simd, half);
    }
    whole
}
