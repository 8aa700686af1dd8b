//! Transforms of 3x3 filters into the Winograd domain, and of their gradients back.

use super::transform::{INPUT_TILE, POINTS, filter_matrix};
use crate::element::{Element, for_precision};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use mitsume_levels::Precision;
use rayon::prelude::*;
use std::marker::PhantomData;
use std::ops::Range;

/// A convolution's filters transformed and laid out for the register tile:
/// [panel of outputs][point][slot of input channels][output within panel], zero beyond the last
/// output.
pub(crate) struct Filters {
    pub data: Buffer,
    pub precision: Precision,
    pub inputs: usize,
    pub outputs: usize,
}

/// Number of output and input channels of a convolution's filters.
#[derive(Clone, Copy)]
pub(crate) struct FilterShape {
    pub outputs: usize,
    pub inputs: usize,
}

/// Which convolution the filters are for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The convolution itself.
    Forward,
    /// The transposed convolution, which gives the gradient of the input from that of the output.
    Backward,
}

impl Filters {
    /// Transforms `weights` [outputs, inputs, 3, 3] (PyTorch's layout), each output's multiplied by
    /// its `scale` if given, for products of the workspace's precision.
    pub(crate) fn new(
        workspace: &Workspace,
        weights: &[f32],
        FilterShape { outputs, inputs }: FilterShape,
        direction: Direction,
        scale: Option<&[f32]>,
    ) -> Self {
        for_precision!(workspace.precision(), E => {
            Self::of::<E>(workspace, weights, FilterShape { outputs, inputs }, direction, scale)
        })
    }

    fn of<E: Element>(
        workspace: &Workspace,
        weights: &[f32],
        FilterShape { outputs, inputs }: FilterShape,
        direction: Direction,
        scale: Option<&[f32]>,
    ) -> Self {
        assert_eq!(weights.len(), outputs * inputs * 9);
        let (rows, columns) = match direction {
            Direction::Forward => (inputs, outputs),
            Direction::Backward => (outputs, inputs),
        };
        let width = panel_width(workspace.isa());
        let chunk = POINTS * rows.div_ceil(E::PER_SLOT) * width;
        let mut data = workspace.take(columns.div_ceil(width) * chunk);
        data.par_chunks_mut(chunk)
            .enumerate()
            .for_each(|(panel, out)| {
                workspace.isa().run(TransformPanel::<E> {
                    element: PhantomData,
                    weights,
                    inputs,
                    rows,
                    columns: panel * width..columns.min((panel + 1) * width),
                    direction,
                    scale,
                    out,
                });
            });
        Self {
            data,
            precision: E::PRECISION,
            inputs: rows,
            outputs: columns,
        }
    }
}

/// Outputs in one panel: the width of the register tile.
pub(crate) fn panel_width(isa: Isa) -> usize {
    2 * isa.lanes()
}

/// Filters that are transformed together, each in a lane.
const LANES: usize = 8;

/// One value of each filter, in f64: the transforms are computed more exactly than their results.
type Lanes = [f64; LANES];

/// One panel of [`Filters`].
struct TransformPanel<'a, E> {
    element: PhantomData<E>,
    weights: &'a [f32],
    inputs: usize,
    rows: usize,
    /// The panel's columns: outputs of this convolution.
    columns: Range<usize>,
    direction: Direction,
    scale: Option<&'a [f32]>,
    /// [point][slot of rows][column within panel]
    out: &'a mut [f32],
}

impl<E: Element> Kernel for TransformPanel<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let m = filter_matrix();
        let slots = self.rows.div_ceil(E::PER_SLOT);
        let width = self.out.len() / (POINTS * slots);
        for row in 0..self.rows {
            for first in (0..width).step_by(LANES) {
                let mut g = [[0.0; LANES]; 9];
                for lane in 0..LANES {
                    let column = self.columns.start + first + lane;
                    if column < self.columns.end {
                        self.load(&mut g, lane, row, column);
                    }
                }
                let transformed = filter_transform(&m, &g);
                for (point, values) in transformed.iter().enumerate() {
                    let at = (point * slots + row / E::PER_SLOT) * width + first;
                    for (slot, value) in self.out[at..at + LANES].iter_mut().zip(values) {
                        E::put(slot, row, *value);
                    }
                }
            }
        }
    }
}

impl<E> TransformPanel<'_, E> {
    /// One filter into a lane of `g`.
    #[inline(always)]
    fn load(&self, g: &mut [Lanes; 9], lane: usize, row: usize, column: usize) {
        let (o, i) = match self.direction {
            Direction::Forward => (column, row),
            Direction::Backward => (row, column),
        };
        let filter = &self.weights[(o * self.inputs + i) * 9..][..9];
        let by = self.scale.map_or(1.0, |scale| f64::from(scale[o]));
        for (k, w) in filter.iter().enumerate() {
            // For the transposed convolution rotated by 180 degrees.
            let k = match self.direction {
                Direction::Forward => k,
                Direction::Backward => 8 - k,
            };
            g[k][lane] = f64::from(*w) * by;
        }
    }
}

/// G g G^T of each lane.
#[inline(always)]
fn filter_transform(m: &[[f64; 3]; INPUT_TILE], g: &[Lanes; 9]) -> [[f32; LANES]; POINTS] {
    let mut half = [[[0.0; LANES]; 3]; INPUT_TILE];
    for (p, half) in half.iter_mut().enumerate() {
        for (x, sum) in half.iter_mut().enumerate() {
            *sum = weighted_sum(&m[p], [&g[x], &g[3 + x], &g[6 + x]]);
        }
    }
    let mut out = [[0.0; LANES]; POINTS];
    for (k, out) in out.iter_mut().enumerate() {
        let (p, q) = (k / INPUT_TILE, k % INPUT_TILE);
        let sum = weighted_sum(&m[q], [&half[p][0], &half[p][1], &half[p][2]]);
        for (out, sum) in out.iter_mut().zip(sum) {
            *out = sum as f32;
        }
    }
    out
}

/// The sum of `by[k] x[k]`, in order, of each lane.
#[inline(always)]
fn weighted_sum<const N: usize>(by: &[f64; N], x: [&Lanes; N]) -> Lanes {
    let mut sum = *x[0];
    for v in &mut sum {
        *v *= by[0];
    }
    for k in 1..N {
        for (sum, v) in sum.iter_mut().zip(x[k]) {
            *sum += v * by[k];
        }
    }
    sum
}

/// G^T u G of each lane.
#[inline(always)]
fn filter_gradient_transform(m: &[[f64; 3]; INPUT_TILE], u: &[Lanes; POINTS]) -> [[f32; LANES]; 9] {
    let mut columns = [[0.0; INPUT_TILE]; 3];
    for (y, column) in columns.iter_mut().enumerate() {
        for (p, value) in column.iter_mut().enumerate() {
            *value = m[p][y];
        }
    }
    let mut half = [[[0.0; LANES]; INPUT_TILE]; 3];
    for (y, half) in half.iter_mut().enumerate() {
        for (q, sum) in half.iter_mut().enumerate() {
            let x = [
                &u[q],
                &u[INPUT_TILE + q],
                &u[2 * INPUT_TILE + q],
                &u[3 * INPUT_TILE + q],
                &u[4 * INPUT_TILE + q],
                &u[5 * INPUT_TILE + q],
            ];
            *sum = weighted_sum(&columns[y], x);
        }
    }
    let mut out = [[0.0; LANES]; 9];
    for (k, out) in out.iter_mut().enumerate() {
        let (y, x) = (k / 3, k % 3);
        let [a, b, c, d, e, f] = &half[y];
        let sum = weighted_sum(&columns[x], [a, b, c, d, e, f]);
        for (out, sum) in out.iter_mut().zip(sum) {
            *out = sum as f32;
        }
    }
    out
}

/// Gradient of the filters from its Winograd-domain form `domain`, laid out as [`Filters`];
/// `weights` is [outputs, inputs, 3, 3].
pub(crate) fn filter_gradient_from_domain(
    isa: Isa,
    domain: &[f32],
    weights: &mut [f32],
    FilterShape { outputs, inputs }: FilterShape,
) {
    let width = panel_width(isa);
    assert_eq!(
        domain.len(),
        outputs.div_ceil(width) * POINTS * inputs * width
    );
    // The last chunk has fewer outputs.
    weights
        .par_chunks_mut(LANES * inputs * 9)
        .enumerate()
        .for_each(|(chunk, weights)| {
            let first = chunk * LANES;
            isa.run(TransformGradients {
                domain: &domain[first / width * POINTS * inputs * width..],
                first: first % width,
                width,
                inputs,
                weights,
            });
        });
}

/// The gradients of up to [`LANES`] outputs of one panel.
struct TransformGradients<'a> {
    /// [point][input][output within panel]
    domain: &'a [f32],
    /// First output within the panel.
    first: usize,
    /// Outputs of a panel.
    width: usize,
    inputs: usize,
    /// [output][input][9]
    weights: &'a mut [f32],
}

impl Kernel for TransformGradients<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let m = filter_matrix();
        let filter = self.inputs * 9;
        let lanes = self.weights.len() / filter;
        for i in 0..self.inputs {
            let mut u = [[0.0; LANES]; POINTS];
            for (point, u) in u.iter_mut().enumerate() {
                let at = (point * self.inputs + i) * self.width + self.first;
                for (u, x) in u.iter_mut().zip(&self.domain[at..at + LANES]) {
                    *u = f64::from(*x);
                }
            }
            let gradient = filter_gradient_transform(&m, &u);
            for (k, values) in gradient.iter().enumerate() {
                for lane in 0..lanes {
                    self.weights[lane * filter + i * 9 + k] = values[lane];
                }
            }
        }
    }
}
