//! The gradient of a convolution's filters.

use super::filter::{FilterShape, filter_gradient_from_domain, panel_width};
use super::input::{DomainLayout, Input, transform, transform_gradient};
use super::tile_row_ranges;
use super::transform::{OUTPUT_TILE, POINTS};
use crate::element::{Element, for_precision};
use crate::gemm::{Matrix, Output, Panel, gemm_of};
use crate::isa::Kernel;
use crate::placement::OverRows;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;
use std::marker::PhantomData;
use std::ops::Range;

/// Ranges of tile rows transformed before their products are summed, in f32. Of other formats more fit
/// into the same memory, and the sums are read and written less often.
const RANGES_PER_STEP: usize = 2;

/// Gradient of the filters [outputs, inputs, 3, 3] from the convolution's `input` and the
/// `gradient` of its output, with products of the workspace's precision.
///
/// Tiles are transformed in parallel; then each point of the Winograd domain sums its products over
/// all tiles in order, in one accumulator whatever the number of threads.
pub(crate) fn weight_gradient(
    workspace: &Workspace,
    input: Input,
    gradient: Input,
    weights: &mut [f32],
) {
    for_precision!(workspace.precision(), E => {
        weight_gradient_of::<E>(workspace, input, gradient, weights);
    });
}

fn weight_gradient_of<E: Element>(
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
    let ranges = tile_row_ranges(input.grid);
    let across = input.grid.tiles(OUTPUT_TILE).width;
    let transform = |ranges: &[Range<usize>]| -> Vec<Transformed> {
        let one = |rows: &Range<usize>| {
            let tiles = rows.len() * across;
            let x_layout = DomainLayout::by_vector::<E>(tiles, inputs, isa.lanes(), isa.lanes());
            let dy_layout = DomainLayout::by_vector::<E>(tiles, outputs, isa.lanes(), width);
            let mut x = workspace.take(x_layout.len());
            let mut dy = workspace.take(dy_layout.len());
            isa.run(Transform::<E> {
                element: PhantomData,
                input,
                gradient,
                rows: rows.clone(),
                x_layout,
                dy_layout,
                x: &mut x,
                dy: &mut dy,
            });
            Transformed {
                x,
                x_layout,
                dy,
                dy_layout,
            }
        };
        ranges.par_iter().map(one).collect()
    };
    let mut accumulate = |transformed: Vec<Transformed>| {
        domain
            .par_chunks_mut(inputs * width)
            .enumerate()
            .for_each(|(i, sums)| {
                let (panel, point) = (i / POINTS, i % POINTS);
                for tiles in &transformed {
                    isa.run(tiles.products::<E>(inputs, panel, point, sums));
                }
            });
    };
    // The next tiles are transformed while the products of these are summed.
    let mut ranges = ranges.chunks(RANGES_PER_STEP * E::PER_SLOT);
    let mut ready = transform(ranges.next().unwrap_or_default());
    for next in ranges {
        ready = rayon::join(|| transform(next), || accumulate(ready)).0;
    }
    accumulate(ready);
    filter_gradient_from_domain(isa, &domain, weights, FilterShape { outputs, inputs });
}

/// A range of tiles in the Winograd domain, of input and gradient.
struct Transformed {
    x: Buffer,
    x_layout: DomainLayout,
    dy: Buffer,
    dy_layout: DomainLayout,
}

impl Transformed {
    /// The products of one panel of outputs at one point, to be added to `sums`.
    fn products<'a, E>(
        &'a self,
        inputs: usize,
        panel: usize,
        point: usize,
        sums: &'a mut [f32],
    ) -> Accumulate<'a, E> {
        let (x, dy) = (self.x_layout, self.dy_layout);
        Accumulate {
            element: PhantomData,
            inputs,
            depth: x.tile_slots(),
            x: &self.x[point * x.point_stride..][..x.point_stride],
            dy: &self.dy[point * dy.point_stride + 2 * panel * dy.vector_stride..],
            sums,
        }
    }
}

struct Transform<'a, E> {
    element: PhantomData<E>,
    input: Input<'a>,
    gradient: Input<'a>,
    rows: Range<usize>,
    x_layout: DomainLayout,
    dy_layout: DomainLayout,
    x: &'a mut [f32],
    dy: &'a mut [f32],
}

impl<E: Element> Kernel for Transform<'_, E> {
    type Output = ();
    const MULTIPLIES_BF16: bool = E::IS_BFLOAT16;
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let rows = self.rows.clone();
        transform::<S, OverRows<E>>(simd, self.input, rows, self.x_layout, self.x);
        let (rows, layout) = (self.rows, self.dy_layout);
        transform_gradient::<S, OverRows<E>>(simd, self.gradient, rows, layout, self.dy);
    }
}

struct Accumulate<'a, E> {
    element: PhantomData<E>,
    inputs: usize,
    /// Slots of tiles.
    depth: usize,
    /// [vector of input channels][slot of tiles][lane]
    x: &'a [f32],
    /// The same of one panel of output channels.
    dy: &'a [f32],
    /// [input][output in panel]
    sums: &'a mut [f32],
}

impl<E: Element> Kernel for Accumulate<'_, E> {
    type Output = ();
    const MULTIPLIES_BF16: bool = E::IS_BFLOAT16;
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let vector = self.depth * S::LANES;
        let dy = Panel {
            data: self.dy,
            row_stride: S::LANES,
            vector_stride: vector,
        };
        for input in (0..self.inputs).step_by(S::PARTIAL_ROWS) {
            let x = &self.x[input / S::LANES * vector + input % S::LANES..];
            let x = Matrix {
                data: x,
                rows: S::PARTIAL_ROWS.min(self.inputs - input),
                columns: self.depth,
                row_stride: 1,
                column_stride: S::LANES,
            };
            let sums = Output {
                data: &mut self.sums[input * 2 * S::LANES..],
                row_stride: 2 * S::LANES,
                accumulate: true,
            };
            gemm_of::<S, E, 2>(simd, x, dy, sums);
        }
    }
}
