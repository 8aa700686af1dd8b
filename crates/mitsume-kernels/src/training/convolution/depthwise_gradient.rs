//! The gradients of a depthwise convolution.

use super::Convolution;
use crate::epilogue::{load_lanes, store_lanes};
use crate::inference::Window;
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;
use std::ops::Range;

/// Values of the input in a task of the weight gradient: they stay in the second-level cache while
/// each vector of channels passes over them.
const VALUES_PER_TASK: usize = 1 << 15;

/// Vectors of channels that pass over a row together.
const VECTORS_PER_BLOCK: usize = 4;

/// The gradient of the input of `convolution` from that of its result.
pub(super) fn depthwise_input_gradient(
    convolution: &Convolution,
    workspace: &Workspace,
    dy: &[f32],
    weights: &[f32],
) -> Buffer {
    let [_, height, width, channels] = convolution.input_shape;
    let [_, rows, columns, _] = convolution.output_shape;
    let lanes = workspace.isa().lanes();
    let row_of_weights = channels.next_multiple_of(lanes);
    let taps = convolution.window.taps();
    let mut by_tap = workspace.zeros(taps * row_of_weights);
    for (channel, filter) in weights.chunks_exact(taps).enumerate() {
        for (tap, w) in filter.iter().enumerate() {
            by_tap[tap * row_of_weights + channel] = *w;
        }
    }
    let window = &convolution.window;
    let along: Vec<Vec<TapAndPosition>> = (0..width)
        .map(|x| positions_of_pixel(window, 1, x, columns))
        .collect();
    let mut dx = workspace.take(convolution.input_shape.iter().product());
    dx.par_chunks_exact_mut(width * channels)
        .enumerate()
        .for_each(|(row, dx)| {
            let (image, y) = (row / height, row % height);
            let image = rows * columns * channels * image;
            workspace.isa().run(InputGradientRow {
                window,
                down: &positions_of_pixel(window, 0, y, rows),
                along: &along,
                weights: &by_tap,
                dy: &dy[image..image + rows * columns * channels],
                columns,
                dx,
            });
        });
    dx
}

/// A tap, and the position of the window at which it lies on a certain pixel.
#[derive(Clone, Copy)]
struct TapAndPosition {
    tap: usize,
    position: usize,
}

/// The taps that lie on pixel `at` along `axis`, at positions below `positions`.
fn positions_of_pixel(
    window: &Window,
    axis: usize,
    at: usize,
    positions: usize,
) -> Vec<TapAndPosition> {
    let one = |tap: usize| {
        let steps = (at + window.pad_before[axis]).checked_sub(tap * window.dilation[axis])?;
        let position = steps / window.stride[axis];
        let hit = steps.is_multiple_of(window.stride[axis]) && position < positions;
        hit.then_some(TapAndPosition { tap, position })
    };
    (0..window.kernel[axis]).filter_map(one).collect()
}

/// One row of one image's input gradient.
struct InputGradientRow<'a> {
    window: &'a Window,
    /// Taps and rows of the result that read the row.
    down: &'a [TapAndPosition],
    /// The same for every column.
    along: &'a [Vec<TapAndPosition>],
    /// [tap][channel], rows of whole vectors.
    weights: &'a [f32],
    /// One image's gradient of the result.
    dy: &'a [f32],
    columns: usize,
    /// [columns, channels]
    dx: &'a mut [f32],
}

impl Kernel for InputGradientRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let channels = self.dx.len() / self.along.len();
        let mut first = 0;
        while first < channels {
            if first + VECTORS_PER_BLOCK * S::LANES <= channels {
                self.block::<S, VECTORS_PER_BLOCK>(simd, first, S::LANES);
                first += VECTORS_PER_BLOCK * S::LANES;
            } else {
                self.block::<S, 1>(simd, first, S::LANES.min(channels - first));
                first += S::LANES;
            }
        }
    }
}

impl InputGradientRow<'_> {
    /// `V` vectors of channels from `first` on, of `lanes` channels each.
    #[inline(always)]
    fn block<S: Simd, const V: usize>(&mut self, simd: S, first: usize, lanes: usize) {
        let channels = self.dx.len() / self.along.len();
        let row_of_weights = channels.next_multiple_of(S::LANES);
        let end = first + (V - 1) * S::LANES + lanes;
        assert!(end <= channels && self.weights.len() == self.window.taps() * row_of_weights);
        for (x, along) in self.along.iter().enumerate() {
            let mut sums = [simd.zero(); V];
            for down in self.down {
                for along in along {
                    let tap = down.tap * self.window.kernel[1] + along.tap;
                    let weight = &self.weights[tap * row_of_weights + first..];
                    let pixel = down.position * self.columns + along.position;
                    let dy = &self.dy[pixel * channels..][first..end];
                    for (v, sum) in sums.iter_mut().enumerate() {
                        // SAFETY: `dy` holds the vectors, as does the row of weights, whose length
                        // is a whole number of vectors.
                        unsafe {
                            let w = simd.load_ptr(weight.as_ptr().add(v * S::LANES));
                            let d = load_lanes(simd, dy.as_ptr().add(v * S::LANES), lanes);
                            *sum = simd.fma(w, d, *sum);
                        }
                    }
                }
            }
            let dx = &mut self.dx[x * channels..][first..end];
            for (v, sum) in sums.iter().enumerate() {
                // SAFETY: `dx` holds the vectors.
                unsafe { store_lanes(simd, dx.as_mut_ptr().add(v * S::LANES), lanes, *sum) };
            }
        }
    }
}

/// The gradient of the weights from `[x, dy]`, the input and the gradient of the result.
pub(super) fn depthwise_weight_gradient(
    convolution: &Convolution,
    workspace: &Workspace,
    [x, dy]: [&[f32]; 2],
    gradient: &mut [f32],
) {
    let [images, height, width, channels] = convolution.input_shape;
    let [_, rows, columns, _] = convolution.output_shape;
    let taps = convolution.window.taps();
    let row_values = width * channels * convolution.window.stride[0];
    let rows_of_part = (VALUES_PER_TASK / row_values).clamp(1, rows);
    let parts = rows.div_ceil(rows_of_part);
    let mut sums = workspace.zeros(images * parts * taps * channels);
    sums.par_chunks_exact_mut(taps * channels)
        .enumerate()
        .for_each(|(task, sums)| {
            let (image, first) = (task / parts, task % parts * rows_of_part);
            let [x, dy] = [(x, height * width), (dy, rows * columns)]
                .map(|(data, pixels)| &data[image * pixels * channels..][..pixels * channels]);
            workspace.isa().run(WeightGradientRows {
                convolution,
                x,
                dy,
                rows: first..(first + rows_of_part).min(rows),
                sums,
            });
        });
    gradient
        .par_chunks_exact_mut(taps)
        .enumerate()
        .for_each(|(channel, gradient)| {
            for (tap, g) in gradient.iter_mut().enumerate() {
                let parts = sums.chunks_exact(taps * channels);
                let total: f64 = parts.map(|s| f64::from(s[tap * channels + channel])).sum();
                *g = total as f32;
            }
        });
}

/// Adds the products of rows of one image's result to `sums` [tap][channel].
struct WeightGradientRows<'a> {
    convolution: &'a Convolution,
    x: &'a [f32],
    dy: &'a [f32],
    rows: Range<usize>,
    sums: &'a mut [f32],
}

impl Kernel for WeightGradientRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let channels = self.convolution.inputs;
        for first in (0..channels).step_by(S::LANES) {
            let lanes = S::LANES.min(channels - first);
            let vector = first..first + lanes;
            for row in self.rows.clone() {
                // The taps of a row are summed in registers.
                match self.convolution.window.kernel[1] {
                    3 => self.add_row::<S, 3>(simd, row, 0, &vector),
                    5 => self.add_row::<S, 5>(simd, row, 0, &vector),
                    7 => self.add_row::<S, 7>(simd, row, 0, &vector),
                    taps => {
                        for kx in 0..taps {
                            self.add_row::<S, 1>(simd, row, kx, &vector);
                        }
                    }
                }
            }
        }
    }
}

impl WeightGradientRows<'_> {
    /// Adds the products of a row for the taps of `K` columns from `kx` on, for a vector of
    /// channels.
    #[inline(always)]
    fn add_row<S: Simd, const K: usize>(
        &mut self,
        simd: S,
        row: usize,
        kx: usize,
        vector: &Range<usize>,
    ) {
        let Convolution {
            window,
            inputs: channels,
            input_shape: [_, height, width, _],
            output_shape: [_, _, columns, _],
            ..
        } = *self.convolution;
        let (first, lanes) = (vector.start, vector.len());
        let interior = window.interior(1, columns, width);
        let dy = &self.dy[row * columns * channels..][..columns * channels];
        for ky in window.taps_inside(0, row, height) {
            let y = (window.start(0, row) + (ky * window.dilation[0]) as isize) as usize;
            let line = &self.x[y * width * channels..][..width * channels];
            let tap = ky * window.kernel[1] + kx;
            let mut sums = [simd.zero(); K];
            for (k, sum) in sums.iter_mut().enumerate() {
                *sum = simd.load_partial(&self.sums[(tap + k) * channels + first..][..lanes]);
            }
            for column in 0..columns {
                let left = window.start(1, column) + (kx * window.dilation[1]) as isize;
                let whole = interior.contains(&column);
                // SAFETY: the vector is inside the pixel's channels; `column` is a column of `dy`,
                // and pixels of `line` are those under a whole window, or were checked.
                unsafe {
                    let d = load_lanes(simd, dy.as_ptr().add(column * channels + first), lanes);
                    for (k, sum) in sums.iter_mut().enumerate() {
                        let x = left + (k * window.dilation[1]) as isize;
                        if whole || (0..width as isize).contains(&x) {
                            let at = x as usize * channels + first;
                            let v = load_lanes(simd, line.as_ptr().add(at), lanes);
                            *sum = simd.fma(d, v, *sum);
                        }
                    }
                }
            }
            for (k, sum) in sums.iter().enumerate() {
                let to = &mut self.sums[(tap + k) * channels + first..][..lanes];
                simd.store_partial(to, *sum);
            }
        }
    }
}
