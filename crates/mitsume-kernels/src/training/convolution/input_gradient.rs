//! The gradient of a convolution's input as matrix products.
//!
//! With stride s, the pixels of each remainder modulo s (a phase) receive from the same taps of the
//! filters. So every phase is a convolution of stride 1 of the result's gradient with those taps,
//! and its pixels are s apart in the input.

use super::Convolution;
use crate::activation::Activation;
use crate::epilogue::Epilogue;
use crate::inference::im2col::{Im2col, PIXELS_PER_BLOCK, Pixels};
use crate::inference::{Filters, Window};
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;
use std::ops::Range;

/// Pixels of the input in a task.
const PIXELS_PER_TASK: usize = 4 * PIXELS_PER_BLOCK;

/// The gradient of the input of `convolution` from that of its result.
pub(super) fn input_gradient(
    convolution: &Convolution,
    workspace: &Workspace,
    dy: &[f32],
    weights: &[f32],
) -> Buffer {
    let [_, height, width, inputs] = convolution.input_shape;
    let zeros = vec![0.0; inputs];
    let gradient = InputGradient {
        convolution,
        workspace,
        dy,
        bias: &zeros,
        phases: phases(convolution, workspace, weights),
    };
    let mut dx = workspace.take(convolution.input_shape.iter().product());
    if let [phase] = &gradient.phases[..]
        && convolution.window.stride == [1, 1]
    {
        let part = PIXELS_PER_BLOCK * inputs;
        dx.par_chunks_mut(part).enumerate().for_each(|(i, dx)| {
            let start = i * PIXELS_PER_BLOCK;
            gradient.run(phase, start..start + dx.len() / inputs, dx);
        });
        return dx;
    }
    let stride = convolution.window.stride[0];
    let rows = (PIXELS_PER_TASK / width).max(1).next_multiple_of(stride);
    let row = width * inputs;
    dx.par_chunks_exact_mut(height * row)
        .enumerate()
        .for_each(|(image, dx)| {
            dx.par_chunks_mut(rows * row)
                .enumerate()
                .for_each(|(i, dx)| {
                    let rows = i * rows..i * rows + dx.len() / row;
                    gradient.rows(image, rows, dx);
                });
        });
    dx
}

struct InputGradient<'a> {
    convolution: &'a Convolution,
    workspace: &'a Workspace,
    dy: &'a [f32],
    /// Zeros, [inputs].
    bias: &'a [f32],
    phases: Vec<Phase>,
}

/// The pixels of the input with the same remainders modulo the stride.
struct Phase {
    /// Its first pixel along rows and columns.
    first: [usize; 2],
    /// Number of its pixels along rows and columns.
    size: [usize; 2],
    /// The taps these pixels receive from, as a convolution of the result's gradient.
    filters: Im2col,
}

impl InputGradient<'_> {
    /// Rows `rows` of one image into `dx`.
    fn rows(&self, image: usize, rows: Range<usize>, dx: &mut [f32]) {
        let [_, _, width, inputs] = self.convolution.input_shape;
        let stride = self.convolution.window.stride;
        if self.phases.len() < stride[0] * stride[1] {
            dx.fill(0.0); // Some pixels are under no tap.
        }
        let mut block = self.workspace.take(PIXELS_PER_BLOCK * inputs);
        for phase in &self.phases {
            let [from, to] = [rows.start, rows.end]
                .map(|row| row.saturating_sub(phase.first[0]).div_ceil(stride[0]));
            let [of_image, columns] = phase.size;
            let pixel = |row: usize| (image * of_image + row.min(of_image)) * columns;
            let mut pixels = pixel(from)..pixel(to);
            while !pixels.is_empty() {
                let n = pixels.len().min(PIXELS_PER_BLOCK);
                let block = &mut block[..n * inputs];
                self.run(phase, pixels.start..pixels.start + n, block);
                for (i, values) in block.chunks_exact(inputs).enumerate() {
                    let at = pixels.start + i - image * of_image * columns;
                    let y = phase.first[0] + at / columns * stride[0] - rows.start;
                    let x = phase.first[1] + at % columns * stride[1];
                    dx[(y * width + x) * inputs..][..inputs].copy_from_slice(values);
                }
                pixels.start += n;
            }
        }
    }

    /// The gradient of pixels of a phase, counted through all images.
    fn run(&self, phase: &Phase, range: Range<usize>, out: &mut [f32]) {
        let [images, _, _, inputs] = self.convolution.input_shape;
        let [rows, columns] = phase.size;
        let pixels = Pixels {
            x: self.dy,
            input_shape: self.convolution.output_shape,
            output_shape: [images, rows, columns, inputs],
            range,
        };
        let epilogue = Epilogue {
            bias: self.bias,
            residual: None,
            activation: Activation::Identity,
        };
        let mut scratch = phase.filters.scratch(self.workspace);
        let isa = self.workspace.isa();
        phase.filters.run(isa, pixels, epilogue, out, &mut scratch);
    }
}

/// All phases that have a pixel and a tap.
fn phases(convolution: &Convolution, workspace: &Workspace, weights: &[f32]) -> Vec<Phase> {
    let [_, height, width, _] = convolution.input_shape;
    let mut all = Vec::new();
    for y in 0..convolution.window.stride[0].min(height) {
        for x in 0..convolution.window.stride[1].min(width) {
            let taps = [
                PhaseTaps::new(&convolution.window, 0, y),
                PhaseTaps::new(&convolution.window, 1, x),
            ];
            let [Some(down), Some(along)] = taps else {
                continue;
            };
            let size = [(height, y, 0), (width, x, 1)].map(|(side, first, axis)| {
                (side - first).div_ceil(convolution.window.stride[axis])
            });
            let mut filters = pack(convolution, workspace, weights, [&down, &along]);
            // Pixels of the gradient are those of the phase only if there are as many.
            filters.copies_windows |= size != convolution.output_shape[1..3];
            all.push(Phase {
                first: [y, x],
                size,
                filters,
            });
        }
    }
    all
}

/// The taps of one axis that the pixels of a phase receive from.
struct PhaseTaps {
    /// From that with the first pixel of the gradient to that with the last; `None` is a tap of
    /// zeros.
    taps: Vec<Option<usize>>,
    /// Pixels of the gradient from one tap to the next.
    dilation: usize,
    /// Pixels that the first tap of the first pixel lies before the gradient's first.
    padding: usize,
}

impl PhaseTaps {
    /// Of the phase whose first pixel is `first`; none if no tap reaches it.
    fn new(window: &Window, axis: usize, first: usize) -> Option<Self> {
        let (stride, dilation) = (window.stride[axis], window.dilation[axis]);
        let at = first + window.pad_before[axis];
        // Pixel `first + stride * t` is under tap k of position (at - k * dilation) / stride + t.
        let reaches = |tap: &usize| {
            let offset = (tap * dilation) as isize;
            (at as isize - offset).rem_euclid(stride as isize) == 0
        };
        let taps: Vec<usize> = (0..window.kernel[axis]).filter(reaches).collect();
        let last = *taps.last()?;
        let position = (at as isize - (last * dilation) as isize).div_euclid(stride as isize);
        let dilation = match taps[..] {
            [a, b, ..] => (b - a) * dilation / stride,
            _ => 1,
        };
        // A window cannot start inside the gradient: taps of zeros reach back to its border.
        let missing = usize::try_from(position).map_or(0, |p| p.div_ceil(dilation));
        let start = position - (missing * dilation) as isize;
        let zeros = std::iter::repeat_n(None, missing);
        Some(Self {
            taps: zeros.chain(taps.into_iter().rev().map(Some)).collect(),
            dilation,
            padding: start.unsigned_abs(),
        })
    }
}

/// The weights of the taps `down` and `along` as a convolution from outputs to inputs.
fn pack(
    convolution: &Convolution,
    workspace: &Workspace,
    weights: &[f32],
    [down, along]: [&PhaseTaps; 2],
) -> Im2col {
    let Convolution {
        inputs,
        outputs,
        groups,
        window,
        ..
    } = *convolution;
    let [group_inputs, group_outputs] = [inputs / groups, outputs / groups];
    let [rows, columns] = window.kernel;
    let taps = down.taps.len() * along.taps.len();
    let mut transposed = workspace.zeros(inputs * group_outputs * taps);
    transposed
        .par_chunks_exact_mut(group_outputs * taps)
        .enumerate()
        .for_each(|(input, filters)| {
            let (group, i) = (input / group_inputs, input % group_inputs);
            for (o, filter) in filters.chunks_exact_mut(taps).enumerate() {
                let output = group * group_outputs + o;
                let from = &weights[(output * group_inputs + i) * rows * columns..];
                let pairs = down
                    .taps
                    .iter()
                    .flat_map(|ky| along.taps.iter().map(move |kx| ky.zip(*kx)));
                for (w, tap) in filter.iter_mut().zip(pairs) {
                    *w = tap.map_or(0.0, |(ky, kx)| from[ky * columns + kx]);
                }
            }
        });
    let filters = Filters {
        weights: &transposed,
        outputs: inputs,
        inputs: outputs,
        groups,
    };
    let window = Window {
        kernel: [down.taps.len(), along.taps.len()],
        stride: [1, 1],
        dilation: [down.dilation, along.dilation],
        pad_before: [down.padding, along.padding],
        // Positions beyond the gradient are given by the size of the phase.
        pad_after: [0, 0],
    };
    Im2col::new(workspace, filters, window)
}
