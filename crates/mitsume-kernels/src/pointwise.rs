//! 1x1 convolutions as matrix products.

use crate::gemm::{Matrix, Output, Panel, gemm};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::winograd::filter::{Direction, FilterShape, panel_width};
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// Pixels per block, few enough for their values to stay in the second-level cache.
const PIXELS_PER_BLOCK: usize = 192;

/// Number of partial sums of the weight gradient; fixed, so that the result does not depend on the
/// number of threads.
const PARTIALS: usize = 16;

/// Weights laid out for the register tile: [panel][input][output within panel].
pub(crate) struct Weights {
    data: Buffer,
    inputs: usize,
    outputs: usize,
}

impl Weights {
    /// From [outputs, inputs]; `Backward` gives the transposed product. No bias: it is added with
    /// that of the next layer.
    pub(crate) fn new(
        workspace: &Workspace,
        weights: &[f32],
        FilterShape { outputs, inputs }: FilterShape,
        direction: Direction,
    ) -> Self {
        assert_eq!(weights.len(), outputs * inputs);
        let (rows, columns) = match direction {
            Direction::Forward => (inputs, outputs),
            Direction::Backward => (outputs, inputs),
        };
        let width = panel_width(workspace.isa());
        let mut data = workspace.zeros(columns.div_ceil(width) * rows * width);
        for (panel, part) in data.chunks_exact_mut(rows * width).enumerate() {
            for (row, line) in part.chunks_exact_mut(width).enumerate() {
                for (j, w) in line.iter_mut().enumerate().take(columns - panel * width) {
                    let column = panel * width + j;
                    *w = match direction {
                        Direction::Forward => weights[column * inputs + row],
                        Direction::Backward => weights[row * inputs + column],
                    };
                }
            }
        }
        Self {
            data,
            inputs: rows,
            outputs: columns,
        }
    }
}

/// `out` [pixels, outputs] = `x` [pixels, inputs] times the weights.
pub(crate) fn multiply(workspace: &Workspace, x: &[f32], weights: &Weights, out: &mut [f32]) {
    let (inputs, outputs) = (weights.inputs, weights.outputs);
    let row_stride = outputs.next_multiple_of(panel_width(workspace.isa()));
    x.par_chunks(PIXELS_PER_BLOCK * inputs)
        .zip(out.par_chunks_mut(PIXELS_PER_BLOCK * outputs))
        .for_each(|(x, out)| {
            let isa = workspace.isa();
            if row_stride == outputs {
                isa.run(Multiply {
                    x,
                    weights,
                    out,
                    row_stride,
                });
                return;
            }
            let pixels = x.len() / inputs;
            let mut whole = workspace.take(pixels * row_stride);
            isa.run(Multiply {
                x,
                weights,
                out: &mut whole,
                row_stride,
            });
            for (from, to) in whole
                .chunks_exact(row_stride)
                .zip(out.chunks_exact_mut(outputs))
            {
                to.copy_from_slice(&from[..outputs]);
            }
        });
}

struct Multiply<'a> {
    x: &'a [f32],
    weights: &'a Weights,
    out: &'a mut [f32],
    row_stride: usize,
}

impl Kernel for Multiply<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = 2 * S::LANES;
        let inputs = self.weights.inputs;
        let pixels = self.x.len() / inputs;
        for first in (0..pixels).step_by(S::TILE_ROWS) {
            let a = Matrix {
                data: &self.x[first * inputs..],
                rows: S::TILE_ROWS.min(pixels - first),
                columns: inputs,
                row_stride: inputs,
                column_stride: 1,
            };
            for (panel, b) in self.weights.data.chunks_exact(inputs * width).enumerate() {
                let b = Panel {
                    data: b,
                    row_stride: width,
                    vector_stride: S::LANES,
                };
                let c = Output {
                    data: &mut self.out[first * self.row_stride + panel * width..],
                    row_stride: self.row_stride,
                    accumulate: false,
                };
                gemm::<S, 2>(simd, a, b, c);
            }
        }
    }
}

/// Values of pixels, channels last: [pixels, channels].
#[derive(Clone, Copy)]
pub(crate) struct PixelRows<'a> {
    pub data: &'a [f32],
    pub channels: usize,
}

/// Gradient of the weights [outputs, inputs] from the input `x` and the gradient `dy` of the
/// output.
pub(crate) fn weight_gradient(
    workspace: &Workspace,
    x: PixelRows,
    dy: PixelRows,
    weights: &mut [f32],
) {
    let (inputs, outputs) = (x.channels, dy.channels);
    let (x, dy) = (x.data, dy.data);
    let isa = workspace.isa();
    let pixels = x.len() / inputs;
    let row_stride = outputs.next_multiple_of(panel_width(isa));
    let pixels_per_part = pixels.div_ceil(PARTIALS).max(1);
    let mut sums = workspace.zeros(PARTIALS * inputs * row_stride);
    sums.par_chunks_mut(inputs * row_stride)
        .zip(x.par_chunks(pixels_per_part * inputs))
        .zip(dy.par_chunks(pixels_per_part * outputs))
        .for_each(|((sums, x), dy)| {
            let mut whole = workspace.zeros(if row_stride == outputs {
                0
            } else {
                PIXELS_PER_BLOCK * row_stride
            });
            let parts = dy.chunks(PIXELS_PER_BLOCK * outputs);
            for (x, dy) in x.chunks(PIXELS_PER_BLOCK * inputs).zip(parts) {
                let mut dy = dy;
                if row_stride != outputs {
                    for (from, to) in dy
                        .chunks_exact(outputs)
                        .zip(whole.chunks_exact_mut(row_stride))
                    {
                        to[..outputs].copy_from_slice(from);
                    }
                    dy = &whole;
                }
                isa.run(Accumulate {
                    x,
                    dy,
                    inputs,
                    row_stride,
                    sums: &mut *sums,
                });
            }
        });
    for (o, line) in weights.chunks_exact_mut(inputs).enumerate() {
        for (i, w) in line.iter_mut().enumerate() {
            *w = sums
                .chunks_exact(inputs * row_stride)
                .map(|s| s[i * row_stride + o])
                .sum();
        }
    }
}

struct Accumulate<'a> {
    x: &'a [f32],
    dy: &'a [f32],
    inputs: usize,
    row_stride: usize,
    sums: &'a mut [f32],
}

impl Kernel for Accumulate<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let pixels = self.x.len() / self.inputs;
        let x = Matrix {
            data: self.x,
            rows: self.inputs,
            columns: pixels,
            row_stride: 1,
            column_stride: self.inputs,
        };
        for column in (0..self.row_stride).step_by(2 * S::LANES) {
            let dy = Panel {
                data: &self.dy[column..],
                row_stride: self.row_stride,
                vector_stride: S::LANES,
            };
            let sums = Output {
                data: &mut self.sums[column..],
                row_stride: self.row_stride,
                accumulate: true,
            };
            gemm::<S, 2>(simd, x, dy, sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Isa;

    #[test]
    fn products_and_their_gradients_are_exact_on_small_integers() {
        for isa in Isa::available() {
            let workspace = Workspace::new(isa);
            for (pixels, inputs, outputs) in [
                (1, 1, 1),
                (5, 3, 2),
                (37 * 53, 5, 19),
                (400, 33, 64),
                (193, 32, 96),
            ] {
                if cfg!(miri) && pixels > 100 {
                    continue;
                }
                let x: Vec<f32> = (0..pixels * inputs)
                    .map(|i| (i * 7 % 11) as f32 - 5.0)
                    .collect();
                let w: Vec<f32> = (0..outputs * inputs)
                    .map(|i| (i * 5 % 7) as f32 - 3.0)
                    .collect();
                let shape = FilterShape { outputs, inputs };
                let packed = Weights::new(&workspace, &w, shape, Direction::Forward);
                let mut y = vec![f32::NAN; pixels * outputs];
                multiply(&workspace, &x, &packed, &mut y);
                let packed = Weights::new(&workspace, &w, shape, Direction::Backward);
                let mut dx = vec![f32::NAN; pixels * inputs];
                multiply(&workspace, &y, &packed, &mut dx);
                let mut dw = vec![f32::NAN; outputs * inputs];
                let rows = |data, channels| PixelRows { data, channels };
                weight_gradient(&workspace, rows(&x, inputs), rows(&y, outputs), &mut dw);
                for p in 0..pixels {
                    for o in 0..outputs {
                        let want: f32 = (0..inputs)
                            .map(|i| x[p * inputs + i] * w[o * inputs + i])
                            .sum();
                        assert_eq!(y[p * outputs + o], want);
                    }
                    for i in 0..inputs {
                        let want: f64 = (0..outputs)
                            .map(|o| f64::from(y[p * outputs + o]) * f64::from(w[o * inputs + i]))
                            .sum();
                        assert_eq!(f64::from(dx[p * inputs + i]), want);
                    }
                }
                for o in 0..outputs {
                    for i in 0..inputs {
                        let want: f64 = (0..pixels)
                            .map(|p| f64::from(y[p * outputs + o]) * f64::from(x[p * inputs + i]))
                            .sum();
                        // Sums of integers below 2^24 are exact in f32.
                        assert_eq!(
                            f64::from(dw[o * inputs + i]),
                            want,
                            "{pixels} {inputs} {outputs}"
                        );
                    }
                }
            }
        }
    }
}
