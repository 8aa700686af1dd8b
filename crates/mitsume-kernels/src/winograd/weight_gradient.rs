//! The gradient of a convolution's filters.

use super::filter::{filters_from_domain, panel_width};
use super::input::{Input, Planes, transform, transform_gradient};
use super::tile_runs;
use super::transform::{OUT, POINTS};
use crate::isa::Kernel;
use crate::product::{Matrix, Panel, product};
use crate::simd::Simd;
use crate::workspace::Workspace;
use rayon::prelude::*;
use std::ops::Range;

/// Runs of tiles transformed before their products are summed.
const RUNS_AT_A_TIME: usize = 8;

/// Gradient of the filters [outputs, inputs, 3, 3] from the convolution's `input` and the `gradient` of its output.
///
/// Tiles are transformed in parallel, then each point of the Winograd domain sums its products over all of
/// them in order: one accumulator whatever the number of threads.
pub(crate) fn weight_gradient(
    workspace: &Workspace,
    input: Input,
    gradient: Input,
    weights: &mut [f32],
) {
    let isa = workspace.isa();
    let (inputs, outputs) = (input.channels, gradient.channels);
    assert_eq!(input.grid, gradient.grid);
    assert_eq!(input.data.len(), input.grid.pixels() * inputs);
    assert_eq!(gradient.data.len(), input.grid.pixels() * outputs);
    let width = panel_width(isa);
    let mut domain = workspace.zeros(outputs.div_ceil(width) * POINTS * inputs * width);
    let runs = tile_runs(input.grid);
    let across = input.grid.tiles(OUT).width;
    let planes = |run: &Range<usize>| {
        let tiles = run.len() * across;
        (
            Planes::new(tiles, inputs, isa.lanes()),
            Planes::new(tiles, outputs, width),
        )
    };
    for runs in runs.chunks(RUNS_AT_A_TIME) {
        let transformed: Vec<_> = runs
            .par_iter()
            .map(|run| {
                let (in_planes, out_planes) = planes(run);
                let mut x = workspace.take(in_planes.len());
                let mut dy = workspace.take(out_planes.len());
                isa.run(Transform {
                    input,
                    gradient,
                    run: run.clone(),
                    planes: (in_planes, out_planes),
                    x: &mut x,
                    dy: &mut dy,
                });
                (x, dy, in_planes, out_planes)
            })
            .collect();
        domain
            .par_chunks_mut(inputs * width)
            .enumerate()
            .for_each(|(i, sums)| {
                let (panel, point) = (i / POINTS, i % POINTS);
                for (x, dy, in_planes, out_planes) in &transformed {
                    let x = &x[point * in_planes.plane..][..in_planes.tiles * in_planes.channels];
                    let dy =
                        &dy[point * out_planes.plane..][..out_planes.tiles * out_planes.channels];
                    isa.run(Accumulate {
                        inputs,
                        tiles: in_planes.tiles,
                        x: Matrix {
                            data: x,
                            row: 1,
                            column: in_planes.channels,
                        },
                        dy: Panel {
                            data: &dy[panel * width..],
                            row: out_planes.channels,
                        },
                        sums: &mut *sums,
                    });
                }
            });
    }
    filters_from_domain(isa, &domain, weights, (outputs, inputs));
}

struct Transform<'a> {
    input: Input<'a>,
    gradient: Input<'a>,
    run: Range<usize>,
    planes: (Planes, Planes),
    x: &'a mut [f32],
    dy: &'a mut [f32],
}

impl Kernel for Transform<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        transform::<S>(simd, self.input, self.run.clone(), self.planes.0, self.x);
        transform_gradient::<S>(simd, self.gradient, self.run, self.planes.1, self.dy);
    }
}

struct Accumulate<'a> {
    inputs: usize,
    tiles: usize,
    x: Matrix<'a>,
    dy: Panel<'a>,
    sums: &'a mut [f32],
}

impl Kernel for Accumulate<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let shape = (self.inputs, self.tiles);
        product(
            simd,
            shape,
            self.x,
            self.dy,
            (self.sums, 2 * S::LANES),
            true,
        );
    }
}
