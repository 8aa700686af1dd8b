//! 1x1 convolutions as matrix products.

use crate::element::{Element, for_precision};
use crate::gemm::{Matrix, Output, Panel, gemm_of};
use crate::isa::Kernel;
use crate::placement::{OverChannels, OverRows, place};
use crate::simd::Simd;
use crate::winograd::filter::{Direction, FilterShape, panel_width};
use crate::workspace::{Buffer, Workspace};
use mitsume_levels::Precision;
use rayon::prelude::*;
use std::marker::PhantomData;

/// Pixels per block, few enough for their values to stay in the second-level cache.
const PIXELS_PER_BLOCK: usize = 192;

/// Number of partial sums of the weight gradient; fixed, so that the result does not depend on the
/// number of threads.
const PARTIALS: usize = 16;

/// Weights laid out for the register tile: [panel][slot of inputs][output within panel].
pub(crate) struct Weights {
    data: Buffer,
    precision: Precision,
    inputs: usize,
    outputs: usize,
}

impl Weights {
    /// From [outputs, inputs], for products of the workspace's precision; `Backward` gives the
    /// transposed product. No bias: it is added with that of the next layer.
    pub(crate) fn new(
        workspace: &Workspace,
        weights: &[f32],
        shape: FilterShape,
        direction: Direction,
    ) -> Self {
        for_precision!(workspace.precision(), E => {
            Self::of::<E>(workspace, weights, shape, direction)
        })
    }

    fn of<E: Element>(
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
        let panel_len = rows.div_ceil(E::PER_SLOT) * width;
        let mut data = workspace.zeros(columns.div_ceil(width) * panel_len);
        for (panel, part) in data.chunks_exact_mut(panel_len).enumerate() {
            for row in 0..rows {
                let line = &mut part[row / E::PER_SLOT * width..][..width];
                for (j, slot) in line.iter_mut().enumerate().take(columns - panel * width) {
                    let column = panel * width + j;
                    let w = match direction {
                        Direction::Forward => weights[column * inputs + row],
                        Direction::Backward => weights[row * inputs + column],
                    };
                    E::put(slot, row, w);
                }
            }
        }
        Self {
            data,
            precision: E::PRECISION,
            inputs: rows,
            outputs: columns,
        }
    }
}

/// `out` [pixels, outputs] = `x` [pixels, inputs] times the weights, with products of their
/// precision.
pub(crate) fn multiply(workspace: &Workspace, x: &[f32], weights: &Weights, out: &mut [f32]) {
    for_precision!(weights.precision, E => multiply_of::<E>(workspace, x, weights, out));
}

fn multiply_of<E: Element>(workspace: &Workspace, x: &[f32], weights: &Weights, out: &mut [f32]) {
    let (inputs, outputs) = (weights.inputs, weights.outputs);
    let isa = workspace.isa();
    let row_stride = outputs.next_multiple_of(panel_width(isa));
    x.par_chunks(PIXELS_PER_BLOCK * inputs)
        .zip(out.par_chunks_mut(PIXELS_PER_BLOCK * outputs))
        .for_each(|(x, out)| {
            let pixels = x.len() / inputs;
            let slots = inputs.next_multiple_of(isa.lanes()) / E::PER_SLOT;
            let mut placed = workspace.take(if E::IS_BFLOAT16 { pixels * slots } else { 0 });
            let mut whole = workspace.take(match row_stride == outputs {
                true => 0,
                false => pixels * row_stride,
            });
            isa.run(Multiply::<E> {
                element: PhantomData,
                x,
                placed: &mut placed,
                weights,
                out: if row_stride == outputs {
                    out
                } else {
                    &mut whole
                },
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

struct Multiply<'a, E> {
    element: PhantomData<E>,
    x: &'a [f32],
    /// `x` in slots, if they are not of f32.
    placed: &'a mut [f32],
    weights: &'a Weights,
    out: &'a mut [f32],
    row_stride: usize,
}

impl<E: Element> Kernel for Multiply<'_, E> {
    type Output = ();
    const MULTIPLIES_BF16: bool = E::IS_BFLOAT16;
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = 2 * S::LANES;
        let inputs = self.weights.inputs;
        let pixels = self.x.len() / inputs;
        let depth = inputs.div_ceil(E::PER_SLOT);
        let (x, stride) = if E::IS_BFLOAT16 {
            let stride = self.placed.len() / pixels;
            let rows = PixelRows {
                data: self.x,
                channels: inputs,
            };
            place::<S, OverChannels<E>>(simd, rows, stride, self.placed);
            (&*self.placed, stride)
        } else {
            (self.x, inputs)
        };
        for first in (0..pixels).step_by(S::TILE_ROWS) {
            let a = Matrix {
                data: &x[first * stride..],
                rows: S::TILE_ROWS.min(pixels - first),
                columns: depth,
                row_stride: stride,
                column_stride: 1,
            };
            for (panel, b) in self.weights.data.chunks_exact(depth * width).enumerate() {
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
                gemm_of::<S, E, 2>(simd, a, b, c);
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
/// output, with products of the workspace's precision.
pub(crate) fn weight_gradient(
    workspace: &Workspace,
    x: PixelRows,
    dy: PixelRows,
    weights: &mut [f32],
) {
    for_precision!(workspace.precision(), E => {
        weight_gradient_of::<E>(workspace, x, dy, weights);
    });
}

fn weight_gradient_of<E: Element>(
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
    let x_stride = match E::IS_BFLOAT16 {
        true => inputs.next_multiple_of(isa.lanes()),
        false => inputs,
    };
    let slots = PIXELS_PER_BLOCK.div_ceil(E::PER_SLOT);
    let pixels_per_part = pixels.div_ceil(PARTIALS).max(1);
    let mut sums = workspace.zeros(PARTIALS * inputs * row_stride);
    sums.par_chunks_mut(inputs * row_stride)
        .zip(x.par_chunks(pixels_per_part * inputs))
        .zip(dy.par_chunks(pixels_per_part * outputs))
        .for_each(|((sums, x), dy)| {
            let own = |is_placed: bool, len| workspace.zeros(if is_placed { len } else { 0 });
            let mut x_slots = own(E::IS_BFLOAT16, slots * x_stride);
            let mut dy_slots = own(E::IS_BFLOAT16 || row_stride != outputs, slots * row_stride);
            let parts = dy.chunks(PIXELS_PER_BLOCK * outputs);
            for (x, dy) in x.chunks(PIXELS_PER_BLOCK * inputs).zip(parts) {
                isa.run(Accumulate::<E> {
                    element: PhantomData,
                    x: rows(x, inputs),
                    x_slots: &mut x_slots,
                    x_stride,
                    dy: rows(dy, outputs),
                    dy_slots: &mut dy_slots,
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

fn rows(data: &[f32], channels: usize) -> PixelRows<'_> {
    PixelRows { data, channels }
}

struct Accumulate<'a, E> {
    element: PhantomData<E>,
    x: PixelRows<'a>,
    /// `x` in slots, where it cannot be read as it is.
    x_slots: &'a mut [f32],
    x_stride: usize,
    dy: PixelRows<'a>,
    /// The same of `dy`.
    dy_slots: &'a mut [f32],
    row_stride: usize,
    sums: &'a mut [f32],
}

impl<E: Element> Kernel for Accumulate<'_, E> {
    type Output = ();
    const MULTIPLIES_BF16: bool = E::IS_BFLOAT16;
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self {
            x_stride,
            row_stride,
            ..
        } = self;
        let inputs = self.x.channels;
        let depth = (self.x.data.len() / inputs).div_ceil(E::PER_SLOT);
        let mut x = self.x.data;
        if !self.x_slots.is_empty() {
            place::<S, OverRows<E>>(simd, self.x, x_stride, self.x_slots);
            x = self.x_slots;
        }
        let mut dy = self.dy.data;
        if !self.dy_slots.is_empty() {
            place::<S, OverRows<E>>(simd, self.dy, row_stride, self.dy_slots);
            dy = self.dy_slots;
        }
        let x = Matrix {
            data: x,
            rows: inputs,
            columns: depth,
            row_stride: 1,
            column_stride: x_stride,
        };
        for column in (0..row_stride).step_by(2 * S::LANES) {
            let dy = Panel {
                data: &dy[column..],
                row_stride,
                vector_stride: S::LANES,
            };
            let sums = Output {
                data: &mut self.sums[column..],
                row_stride,
                accumulate: true,
            };
            gemm_of::<S, E, 2>(simd, x, dy, sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Isa;

    /// `x` [pixels, inputs] times the weights, in the other direction [pixels, outputs] times them.
    fn product(
        workspace: &Workspace,
        x: &[f32],
        w: &[f32],
        (shape, direction): (FilterShape, Direction),
    ) -> Vec<f32> {
        let packed = Weights::new(workspace, w, shape, direction);
        let mut out = vec![f32::NAN; x.len() / packed.inputs * packed.outputs];
        multiply(workspace, x, &packed, &mut out);
        out
    }

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
                let y = product(&workspace, &x, &w, (shape, Direction::Forward));
                let dx = product(&workspace, &y, &w, (shape, Direction::Backward));
                let mut dw = vec![f32::NAN; outputs * inputs];
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

    #[test]
    fn bfloat16_rounds_operands_and_nothing_else() {
        for isa in Isa::available() {
            let workspace = Workspace::new(isa).with_precision(Precision::Bfloat16);
            for (pixels, inputs, outputs) in [(1, 1, 1), (5, 3, 2), (401, 33, 64)] {
                if cfg!(miri) && pixels > 100 {
                    continue;
                }
                // Whole numbers below 256 are exact; half of one more is rounded to even.
                let whole = |n: usize, step: usize| -> Vec<f32> {
                    (0..n).map(|i| (i * step % 11) as f32 - 5.0).collect()
                };
                let (mut x, w) = (whole(pixels * inputs, 7), whole(outputs * inputs, 5));
                let dy = whole(pixels * outputs, 3);
                x[0] = 256.5;
                let shape = FilterShape { outputs, inputs };
                let y = product(&workspace, &x, &w, (shape, Direction::Forward));
                let dx = product(&workspace, &dy, &w, (shape, Direction::Backward));
                let mut dw = vec![f32::NAN; outputs * inputs];
                weight_gradient(&workspace, rows(&x, inputs), rows(&dy, outputs), &mut dw);
                x[0] = 256.0;
                for p in 0..pixels {
                    for o in 0..outputs {
                        let product = |i| x[p * inputs + i] * w[o * inputs + i];
                        let want: f32 = (0..inputs).map(product).sum();
                        assert_eq!(y[p * outputs + o], want, "{}", isa.name());
                    }
                    for i in 0..inputs {
                        let product = |o| dy[p * outputs + o] * w[o * inputs + i];
                        let want: f32 = (0..outputs).map(product).sum();
                        assert_eq!(dx[p * inputs + i], want, "{}", isa.name());
                    }
                }
                for o in 0..outputs {
                    for i in 0..inputs {
                        let product = |p| dy[p * outputs + o] * x[p * inputs + i];
                        let want: f32 = (0..pixels).map(product).sum();
                        assert_eq!(dw[o * inputs + i], want, "{}", isa.name());
                    }
                }
            }
        }
    }
}
