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

/// Rows of so many values all begin in the same set of a first-level cache of 64 sets, which cannot hold those of a
/// register tile.
const SAME_CACHE_SET: usize = 1024;

/// Values of windows that take half of a first-level cache.
const SHORT_WINDOWS: usize = 4096;
/// A multiple of the rows of every register tile.
const TILE_ROWS: usize = 12;

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

/// Filters as [product][panel of outputs][tap and input][output within panel], zero beyond the last
/// output.
pub(crate) struct Im2col {
    weights: Buffer,
    window: Window,
    products: Products,
    /// Whether windows are copied as rows; else the pixels of the input are those rows.
    pub copies_windows: bool,
}

/// How the groups of a convolution are divided into products of matrices.
///
/// Small groups share a product, as many as fit a vector, with zeros for the inputs of other groups. That takes no more
/// operations than vectors of which a part is used, and whole vectors are copied and written. A value that is not finite
/// spreads to all groups of its product.
#[derive(Clone, Copy)]
struct Products {
    taps: usize,
    /// Channels of one group, in and out.
    group: [usize; 2],
    groups: usize,
    /// Groups of a product; the last may have fewer.
    groups_per_product: usize,
    /// Outputs of a panel.
    panel: usize,
}

impl Products {
    fn new(isa: Isa, filters: &Filters, window: &Window) -> Self {
        let group = [filters.inputs, filters.outputs].map(|channels| channels / filters.groups);
        let fit = isa.lanes() / group[0].max(group[1]);
        Self {
            taps: window.taps(),
            group,
            groups: filters.groups,
            groups_per_product: fit.clamp(1, filters.groups),
            panel: panel_width(isa),
        }
    }

    fn count(&self) -> usize {
        self.groups.div_ceil(self.groups_per_product)
    }

    /// The convolution's input and output channels that a product has.
    fn channels(&self, product: usize) -> [Range<usize>; 2] {
        let first = product * self.groups_per_product;
        let end = (first + self.groups_per_product).min(self.groups);
        self.group.map(|channels| first * channels..end * channels)
    }

    /// Rows of a product's weights; the last product may have fewer.
    fn depth(&self) -> usize {
        self.taps * self.groups_per_product * self.group[0]
    }

    /// Panels of a product.
    fn panels(&self) -> usize {
        (self.groups_per_product * self.group[1]).div_ceil(self.panel)
    }

    /// Values of a panel.
    fn panel_len(&self) -> usize {
        self.depth() * self.panel
    }

    /// Writes the weights of one panel, counted through all products.
    fn pack(&self, filters: &Filters, index: usize, weights: &mut [f32]) {
        let [inputs, outputs] = self.channels(index / self.panels());
        let outputs = outputs.skip(index % self.panels() * self.panel);
        for (column, output) in outputs.take(self.panel).enumerate() {
            let group = output / self.group[1];
            let first = group * self.group[0] - inputs.start;
            for input in 0..self.group[0] {
                for tap in 0..self.taps {
                    let value = filters.weights[(output * self.group[0] + input) * self.taps + tap];
                    let row = tap * inputs.len() + first + input;
                    weights[row * self.panel + column] = value;
                }
            }
        }
    }
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
        let products = Products::new(workspace.isa(), &filters, &window);
        let panels = products.count() * products.panels();
        let mut weights = workspace.zeros(panels * products.panel_len());
        let parts = weights.par_chunks_exact_mut(products.panel_len());
        parts
            .enumerate()
            .for_each(|(panel, weights)| products.pack(&filters, panel, weights));
        Self {
            weights,
            window,
            products,
            copies_windows: !is_pointwise(&window)
                || products.depth().is_multiple_of(SAME_CACHE_SET),
        }
    }

    pub fn is_pointwise(&self) -> bool {
        is_pointwise(&self.window)
    }

    /// Pixels whose windows are copied together: so few that short ones stay in the first-level cache, a multiple of
    /// every register tile's rows.
    fn pixels_per_part(&self) -> usize {
        let fit = SHORT_WINDOWS / self.products.depth();
        match self.copies_windows && fit >= 2 * TILE_ROWS {
            true => PIXELS_PER_BLOCK.min(fit / TILE_ROWS * TILE_ROWS),
            false => PIXELS_PER_BLOCK,
        }
    }

    /// The buffers of [`Self::run`].
    pub fn scratch(&self, workspace: &Workspace) -> Scratch {
        let row = match self.copies_windows {
            true => padded_row(self.products.depth()),
            false => 0,
        };
        Scratch {
            windows: workspace.take(PIXELS_PER_BLOCK * row + SLACK),
            sums: workspace.take(PIXELS_PER_BLOCK * self.products.panel),
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
        let (pixels, part) = (self.pixels.range.len(), self.weights.pixels_per_part());
        for product in 0..self.weights.products.count() {
            for first in (0..pixels).step_by(part) {
                self.multiply_part(simd, product, first..pixels.min(first + part));
            }
        }
    }
}

impl Im2colKernel<'_> {
    /// One product, at the pixels `part` of these.
    #[inline(always)]
    fn multiply_part<S: Simd>(&mut self, simd: S, product: usize, part: Range<usize>) {
        let products = self.weights.products;
        let [inputs, outputs] = products.channels(product);
        let first_pixel = self.pixels.range.start;
        let pixels = Pixels {
            range: first_pixel + part.start..first_pixel + part.end,
            ..self.pixels
        };
        if self.weights.copies_windows {
            let windows = WindowRows {
                window: &self.weights.window,
                channels: inputs.clone(),
                row_stride: padded_row(products.depth()),
            };
            windows.copy(simd, &pixels, &mut self.scratch.windows);
        }
        let channels = pixels.output_shape[3];
        let part = part.start * channels..part.end * channels;
        let epilogue = Epilogue {
            residual: self.epilogue.residual.map(|all| &all[part.clone()]),
            ..self.epilogue
        };
        for (panel, first) in outputs.clone().step_by(products.panel).enumerate() {
            let panel = product * products.panels() + panel;
            let columns = (outputs.end - first).min(products.panel);
            match columns <= S::LANES {
                true => self.multiply::<S, 1>(simd, &pixels, inputs.clone(), panel),
                false => self.multiply::<S, 2>(simd, &pixels, inputs.clone(), panel),
            }
            let sums = Accumulators {
                values: &self.scratch.sums,
                row_stride: products.panel,
                first_channel: first,
                channels: columns,
            };
            epilogue.apply(simd, sums, &mut self.out[part.clone()]);
        }
    }

    /// The sums of one panel, of its first `W` vectors, at `pixels`, from the input channels `inputs`.
    #[inline(always)]
    fn multiply<S: Simd, const W: usize>(
        &mut self,
        simd: S,
        pixels: &Pixels,
        inputs: Range<usize>,
        panel: usize,
    ) {
        let products = self.weights.products;
        let width = products.panel;
        let depth = products.taps * inputs.len();
        let channels = pixels.input_shape[3];
        let (rows, row_stride) = match self.weights.copies_windows {
            true => (&self.scratch.windows[..], padded_row(products.depth())),
            false => (
                &pixels.x[pixels.range.start * channels + inputs.start..],
                channels,
            ),
        };
        let panel = &self.weights.weights[panel * products.panel_len()..];
        for start in (0..depth).step_by(DEPTH_PER_PRODUCT) {
            let a = Matrix {
                data: &rows[start..],
                rows: pixels.range.len(),
                columns: DEPTH_PER_PRODUCT.min(depth - start),
                row_stride,
                column_stride: 1,
            };
            let b = Panel {
                data: &panel[start * width..],
                row_stride: width,
                vector_stride: S::LANES,
            };
            let c = Output {
                data: &mut self.scratch.sums,
                row_stride: width,
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
                    let end = from + (inside.len() - 1) * step + inputs.next_multiple_of(S::LANES);
                    // As above, what is written beyond a tap is overwritten: a window inside the image has all its taps.
                    let by_vectors = is_whole && down_whole && end <= x_data.len();
                    for tap in 0..inside.len() {
                        let (from, to) = (&x_data[from + tap * step..], &mut to[tap * inputs..]);
                        match by_vectors {
                            true => copy_vectors(simd, from, to, inputs),
                            false => to[..inputs].copy_from_slice(&from[..inputs]),
                        }
                    }
                }
            }
        }
    }
}

/// Copies `count` values, and what follows them up to a whole vector.
#[inline(always)]
fn copy_vectors<S: Simd>(simd: S, from: &[f32], to: &mut [f32], count: usize) {
    for at in (0..count).step_by(S::LANES) {
        simd.store(&mut to[at..], simd.load(&from[at..]));
    }
}
