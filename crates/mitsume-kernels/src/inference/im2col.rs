//! Convolutions as matrix products (im2col): each output pixel's window as a row, times the
//! filters. Only a block of pixels is copied at a time, so the rows stay in the cache.

use super::convolution::Filters;
use super::window::Window;
use crate::epilogue::{Accumulators, Epilogue};
use crate::gemm::{Matrix, Output, Panel, gemm};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;
use crate::winograd::filter::panel_width;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;
use std::ops::Range;

/// Pixels in a block: a multiple of the register tile's rows, and enough to use each filter often
/// while it is in the first-level cache.
pub(crate) const PIXELS_PER_BLOCK: usize = 96;
/// Depth of one product: a panel of so many rows fills the first-level cache.
const DEPTH_PER_PRODUCT: usize = 256;

/// Values beyond the last window's row that a copy of a whole vector may write.
pub(crate) const SLACK: usize = crate::simd::MAX_LANES;

/// Values from one row of `depth` values to the next, such that the rows of a register tile do not
/// map to the same cache sets.
pub(crate) fn padded_row(depth: usize) -> usize {
    match depth.is_multiple_of(256) {
        true => depth + crate::simd::MAX_LANES,
        false => depth,
    }
}

/// Filters as [group][panel of outputs][tap and input][output within panel], zero beyond the last
/// output.
pub(crate) struct Im2col {
    weights: Buffer,
    window: Window,
    groups: usize,
    /// Channels of one group, in and out.
    group: [usize; 2],
    /// Outputs of a panel.
    panel: usize,
    /// Whether windows are copied as rows; else the pixels of the input are those rows.
    pub copies_windows: bool,
}

/// Memory for one block.
pub(crate) struct Scratch {
    /// Windows as rows, [pixel][tap, input].
    windows: Buffer,
    /// Sums of one panel of outputs, [pixel][output within panel].
    sums: Buffer,
}

/// Pixels of a convolution's result.
#[derive(Clone)]
pub(crate) struct Pixels<'a> {
    /// The convolution's input, of shape `input_shape`.
    pub x: &'a [f32],
    /// [images, height, width, inputs]
    pub input_shape: [usize; 4],
    /// [images, rows, columns, outputs]
    pub output_shape: [usize; 4],
    /// Which pixels, counted through all images.
    pub range: Range<usize>,
}

impl Im2col {
    pub fn new(workspace: &Workspace, filters: Filters, window: Window) -> Self {
        let panel = panel_width(workspace.isa());
        let group = [
            filters.inputs / filters.groups,
            filters.outputs / filters.groups,
        ];
        let [inputs, outputs] = group;
        let taps = window.taps();
        let depth = taps * inputs;
        let panels = outputs.div_ceil(panel);
        let mut weights = workspace.zeros(filters.groups * panels * depth * panel);
        let parts = weights.par_chunks_exact_mut(depth * panel).enumerate();
        parts.for_each(|(part, weights)| {
            let (g, first) = (part / panels, part % panels * panel);
            for o in 0..panel.min(outputs - first) {
                let output = g * outputs + first + o;
                for input in 0..inputs {
                    for tap in 0..taps {
                        let value = filters.weights[(output * inputs + input) * taps + tap];
                        weights[(tap * inputs + input) * panel + o] = value;
                    }
                }
            }
        });
        Self {
            weights,
            window,
            groups: filters.groups,
            group,
            panel,
            copies_windows: !is_pointwise(&window),
        }
    }

    pub fn is_pointwise(&self) -> bool {
        is_pointwise(&self.window)
    }

    fn depth(&self) -> usize {
        self.window.taps() * self.group[0]
    }

    /// The buffers of [`Self::run`].
    pub fn scratch(&self, workspace: &Workspace) -> Scratch {
        let row = match self.copies_windows {
            true => padded_row(self.depth()),
            false => 0,
        };
        Scratch {
            windows: workspace.take(PIXELS_PER_BLOCK * row + SLACK),
            sums: workspace.take(PIXELS_PER_BLOCK * self.panel),
        }
    }

    /// Computes `pixels` into `out` [pixels, outputs]; the epilogue's residual is that of the same
    /// pixels.
    pub fn run(
        &self,
        isa: Isa,
        pixels: Pixels,
        epilogue: Epilogue,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let channels = pixels.output_shape[3];
        for (i, out) in out.chunks_mut(PIXELS_PER_BLOCK * channels).enumerate() {
            let start = pixels.range.start + i * PIXELS_PER_BLOCK;
            let part = i * PIXELS_PER_BLOCK * channels..i * PIXELS_PER_BLOCK * channels + out.len();
            isa.run(Im2colKernel {
                weights: self,
                pixels: Pixels {
                    range: start..start + out.len() / channels,
                    ..pixels
                },
                scratch,
                epilogue: Epilogue {
                    residual: epilogue.residual.map(|residual| &residual[part]),
                    ..epilogue
                },
                out,
            });
        }
    }
}

/// Whether the window is one pixel, at every pixel of the image.
pub(crate) fn is_pointwise(window: &Window) -> bool {
    let &Window {
        kernel,
        stride,
        pad_before,
        pad_after,
        ..
    } = window;
    kernel == [1, 1] && stride == [1, 1] && pad_before == [0, 0] && pad_after == [0, 0]
}

/// At most `PIXELS_PER_BLOCK` pixels.
struct Im2colKernel<'a> {
    weights: &'a Im2col,
    pixels: Pixels<'a>,
    scratch: &'a mut Scratch,
    epilogue: Epilogue<'a>,
    out: &'a mut [f32],
}

impl Kernel for Im2colKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let [_, outputs] = self.weights.group;
        let panels = outputs.div_ceil(self.weights.panel);
        for group in 0..self.weights.groups {
            if self.weights.copies_windows {
                let [inputs, _] = self.weights.group;
                let windows = WindowRows {
                    window: &self.weights.window,
                    channels: group * inputs..(group + 1) * inputs,
                    row_stride: padded_row(self.weights.depth()),
                };
                windows.copy(simd, &self.pixels, &mut self.scratch.windows);
            }
            for panel in 0..panels {
                let first = panel * self.weights.panel;
                let columns = (outputs - first).min(self.weights.panel);
                match columns <= S::LANES {
                    true => self.multiply::<S, 1>(simd, group, panel),
                    false => self.multiply::<S, 2>(simd, group, panel),
                }
                let sums = Accumulators {
                    values: &self.scratch.sums,
                    row_stride: self.weights.panel,
                    first_channel: group * outputs + first,
                    channels: columns,
                };
                self.epilogue.apply(simd, sums, self.out);
            }
        }
    }
}

impl Im2colKernel<'_> {
    /// The sums of one panel of a group's outputs, of its first `W` vectors, at all pixels.
    #[inline(always)]
    fn multiply<S: Simd, const W: usize>(&mut self, simd: S, group: usize, panel: usize) {
        let Im2col {
            weights,
            panel: width,
            group: [inputs, outputs],
            ..
        } = self.weights;
        let depth = self.weights.depth();
        let panels = outputs.div_ceil(*width);
        let channels = self.pixels.input_shape[3];
        let (rows, row_stride) = match self.weights.copies_windows {
            true => (&self.scratch.windows[..], padded_row(depth)),
            false => {
                let start = self.pixels.range.start * channels + group * inputs;
                (&self.pixels.x[start..], channels)
            }
        };
        let panel = &weights[(group * panels + panel) * depth * width..];
        for start in (0..depth).step_by(DEPTH_PER_PRODUCT) {
            let a = Matrix {
                data: &rows[start..],
                rows: self.pixels.range.len(),
                columns: DEPTH_PER_PRODUCT.min(depth - start),
                row_stride,
                column_stride: 1,
            };
            let b = Panel {
                data: &panel[start * width..],
                row_stride: *width,
                vector_stride: S::LANES,
            };
            let c = Output {
                data: &mut self.scratch.sums,
                row_stride: *width,
                accumulate: start > 0,
            };
            gemm::<S, W>(simd, a, b, c);
        }
    }
}

/// Windows of a range of input channels as rows, [pixel][tap, channel], zero outside the image.
pub(crate) struct WindowRows<'a> {
    pub window: &'a Window,
    /// The input channels.
    pub channels: Range<usize>,
    /// Values from one row to the next.
    pub row_stride: usize,
}

impl WindowRows<'_> {
    /// Writes the windows of `pixels` to `rows`, whose last row needs `SLACK` more values.
    #[inline(always)]
    pub fn copy<S: Simd>(&self, simd: S, pixels: &Pixels, rows: &mut [f32]) {
        let columns = pixels.output_shape[2];
        let Range { start, end } = pixels.range;
        let mut pixel = start;
        while pixel < end {
            let (line, x) = (pixel / columns, pixel % columns);
            let n = (columns - x).min(end - pixel);
            let rows = &mut rows[(pixel - start) * self.row_stride..];
            self.copy_line(simd, pixels, line, x..x + n, rows);
            pixel += n;
        }
    }

    /// The windows of columns `along` of one row (counted through all images) of the result.
    #[inline(always)]
    fn copy_line<S: Simd>(
        &self,
        simd: S,
        pixels: &Pixels,
        line: usize,
        along: Range<usize>,
        rows: &mut [f32],
    ) {
        let window = self.window;
        let [_, height, width, channels] = pixels.input_shape;
        let [_, out_rows, columns, _] = pixels.output_shape;
        let (x_data, inputs) = (pixels.x, self.channels.len());
        let (image, y) = (line / out_rows, line % out_rows);
        let down = window.taps_inside(0, y, height);
        let top = window.start(0, y);
        let whole = window.interior(1, columns, width);
        let down_whole = down.len() == window.kernel[0];
        let taps = window.kernel[1] * inputs;
        // The taps of a row are adjacent and fit one vector: a copy of one vector takes them all.
        let short = window.dilation[1] == 1 && inputs == channels && taps <= S::LANES;
        for (i, x) in along.enumerate() {
            let row = &mut rows[i * self.row_stride..];
            let is_whole = whole.contains(&x);
            if !(is_whole && down_whole) {
                row[..window.kernel[0] * taps].fill(0.0);
            }
            let (first, inside) = match is_whole {
                true => (window.start(1, x) as usize, 0..window.kernel[1]),
                false => {
                    let inside = window.taps_inside(1, x, width);
                    let left = window.start(1, x) + (inside.start * window.dilation[1]) as isize;
                    (left.max(0) as usize, inside)
                }
            };
            if inside.is_empty() {
                continue; // The window lies in the padding.
            }
            for ky in down.clone() {
                let y = (top + (ky * window.dilation[0]) as isize) as usize;
                let from = ((image * height + y) * width + first) * channels + self.channels.start;
                let to = &mut row[ky * taps + inside.start * inputs..];
                if short && is_whole && down_whole && from + S::LANES <= x_data.len() {
                    // What is written beyond the taps is overwritten by the next copy.
                    simd.store(to, simd.load(&x_data[from..]));
                } else if window.dilation[1] == 1 && inputs == channels {
                    let n = inside.len() * inputs;
                    to[..n].copy_from_slice(&x_data[from..from + n]);
                } else {
                    let step = window.dilation[1] * channels;
                    for (i, to) in to.chunks_exact_mut(inputs).take(inside.len()).enumerate() {
                        to.copy_from_slice(&x_data[from + i * step..][..inputs]);
                    }
                }
            }
        }
    }
}
