//! Convolutions as products: each output pixel's window laid out as a row, times the filters.

use super::convolution::Filters;
use super::finish::{Finish, Sums};
use super::window::Window;
use crate::gemm::{Matrix, Output, Panel, gemm};
use crate::isa::{Isa, Kernel};
use crate::simd::Simd;
use crate::winograd::filter::panel_width;
use crate::workspace::{Buffer, Workspace};
use std::ops::Range;

/// Pixels worked on at a time: a multiple of the register tile's rows, and enough to use each filter
/// often while it is in the nearest cache.
pub(super) const PIXELS: usize = 96;
/// Products summed up before the next filters are fetched: a panel of them fills the nearest cache.
const DEPTH: usize = 256;

/// Values beyond the last patch that a copy of a whole vector may write.
const SLACK: usize = crate::simd::MAX_LANES;

/// Filters as [group][panel of outputs][tap and input][output within panel], zero beyond the last output.
pub(super) struct Patches {
    weights: Buffer,
    window: Window,
    groups: usize,
    /// Channels of one group, in and out.
    group: [usize; 2],
    /// Outputs of a panel.
    panel: usize,
}

/// Where windows are laid out and sums wait for the rest of theirs.
pub(super) struct Scratch {
    patches: Buffer,
    sums: Buffer,
}

impl Patches {
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
        for output in 0..filters.outputs {
            let (g, o) = (output / outputs, output % outputs);
            let start = (g * panels + o / panel) * depth * panel + o % panel;
            for input in 0..inputs {
                for tap in 0..taps {
                    let value = filters.weights[(output * inputs + input) * taps + tap];
                    weights[start + (tap * inputs + input) * panel] = value;
                }
            }
        }
        Self {
            weights,
            window,
            groups: filters.groups,
            group,
            panel,
        }
    }

    pub fn is_pointwise(&self) -> bool {
        is_pointwise(&self.window)
    }

    fn depth(&self) -> usize {
        self.window.taps() * self.group[0]
    }

    /// What [`Self::run`] needs.
    pub fn scratch(&self, workspace: &Workspace) -> Scratch {
        let patch = if self.is_pointwise() { 0 } else { self.depth() };
        Scratch {
            patches: workspace.take(PIXELS * patch + SLACK),
            sums: workspace.take(PIXELS * self.panel),
        }
    }

    /// `pixels` of the convolution of `x` of `shape`, whose result is of shape [images, rows, columns, outputs] = `to`,
    /// into `out` [pixels, outputs], finished by what is of the same pixels.
    pub fn run(
        &self,
        isa: Isa,
        (x, shape, to): (&[f32], [usize; 4], [usize; 4]),
        pixels: Range<usize>,
        (out, finish): (&mut [f32], Finish),
        scratch: &mut Scratch,
    ) {
        let channels = to[3];
        for (i, out) in out.chunks_mut(PIXELS * channels).enumerate() {
            let start = pixels.start + i * PIXELS;
            let part = i * PIXELS * channels..i * PIXELS * channels + out.len();
            isa.run(Run {
                of: self,
                x,
                shape,
                to,
                pixels: start..start + out.len() / channels,
                scratch,
                finish: Finish {
                    add: finish.add.map(|add| &add[part]),
                    ..finish
                },
                out,
            });
        }
    }
}

/// Every pixel of the image by itself, in place.
pub(super) fn is_pointwise(window: &Window) -> bool {
    let &Window {
        kernel,
        stride,
        before,
        after,
        ..
    } = window;
    kernel == [1, 1] && stride == [1, 1] && before == [0, 0] && after == [0, 0]
}

/// At most `PIXELS` of a result.
struct Run<'a> {
    of: &'a Patches,
    x: &'a [f32],
    shape: [usize; 4],
    to: [usize; 4],
    pixels: Range<usize>,
    scratch: &'a mut Scratch,
    finish: Finish<'a>,
    out: &'a mut [f32],
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let [inputs, outputs] = self.of.group;
        let panels = outputs.div_ceil(self.of.panel);
        let pointwise = self.of.is_pointwise();
        for group in 0..self.of.groups {
            if !pointwise {
                self.lay_out(simd, group);
            }
            for panel in 0..panels {
                let first = panel * self.of.panel;
                let columns = (outputs - first).min(self.of.panel);
                let weights = (group * panels + panel) * self.of.depth() * self.of.panel;
                let b = Panel {
                    data: &self.of.weights[weights..],
                    row_stride: self.of.panel,
                    vector_stride: S::LANES,
                };
                let start = self.pixels.start * self.shape[3] + group * inputs;
                let a = Matrix {
                    data: match pointwise {
                        true => &self.x[start..],
                        false => &self.scratch.patches,
                    },
                    row_stride: if pointwise {
                        self.shape[3]
                    } else {
                        self.of.depth()
                    },
                    column_stride: 1,
                };
                let shape = (self.pixels.len(), self.of.depth());
                let sums = &mut self.scratch.sums;
                match columns <= S::LANES {
                    true => sums_of_panel::<S, 1>(simd, shape, a, b, sums),
                    false => sums_of_panel::<S, 2>(simd, shape, a, b, sums),
                }
                let sums = Sums {
                    values: sums,
                    row: self.of.panel,
                    first: group * outputs + first,
                    columns,
                };
                self.finish.of(simd, sums, self.out);
            }
        }
    }
}

/// The sums of one panel of outputs, of its first `W` vectors, at all pixels: rows as far apart as the panel's.
#[inline(always)]
fn sums_of_panel<S: Simd, const W: usize>(
    simd: S,
    (rows, depth): (usize, usize),
    a: Matrix,
    b: Panel,
    sums: &mut [f32],
) {
    for start in (0..depth).step_by(DEPTH) {
        let part = (rows, DEPTH.min(depth - start));
        let a = Matrix {
            data: &a.data[start..],
            ..a
        };
        let b = Panel {
            data: &b.data[start * b.row_stride..],
            ..b
        };
        let c = Output {
            data: sums,
            row_stride: b.row_stride,
            accumulate: start > 0,
        };
        gemm::<S, W>(simd, part, a, b, c);
    }
}

impl Run<'_> {
    /// The windows of the pixels as rows [pixel][tap, input], zero outside the image.
    #[inline(always)]
    fn lay_out<S: Simd>(&mut self, simd: S, group: usize) {
        let columns = self.to[2];
        let mut pixel = self.pixels.start;
        while pixel < self.pixels.end {
            let (line, x) = (pixel / columns, pixel % columns);
            let n = (columns - x).min(self.pixels.end - pixel);
            self.lay_out_line(simd, group, (line, x..x + n), pixel - self.pixels.start);
            pixel += n;
        }
    }

    /// The windows of places `along` of one line of the result, the first as patch `patch`.
    #[inline(always)]
    fn lay_out_line<S: Simd>(
        &mut self,
        simd: S,
        group: usize,
        (line, along): (usize, Range<usize>),
        patch: usize,
    ) {
        let window = &self.of.window;
        let [_, height, width, channels] = self.shape;
        let (inputs, depth) = (self.of.group[0], self.of.depth());
        let (image, y) = (line / self.to[1], line % self.to[1]);
        let down = window.inside(0, y, height);
        let top = window.first(0, y);
        let whole = window.whole(1, self.to[2], width);
        let down_whole = down.len() == window.kernel[0];
        let taps = window.kernel[1] * inputs;
        // Taps beside each other, one copy of at most a vector.
        let short = window.dilation[1] == 1 && inputs == channels && taps <= S::LANES;
        for (i, x) in along.enumerate() {
            let patch = &mut self.scratch.patches[(patch + i) * depth..];
            let is_whole = whole.contains(&x);
            if !(is_whole && down_whole) {
                patch[..depth].fill(0.0);
            }
            let (first, inside) = match is_whole {
                true => (window.first(1, x) as usize, 0..window.kernel[1]),
                false => {
                    let inside = window.inside(1, x, width);
                    let left = window.first(1, x) + (inside.start * window.dilation[1]) as isize;
                    (left.max(0) as usize, inside)
                }
            };
            for ky in down.clone() {
                let y = (top + (ky * window.dilation[0]) as isize) as usize;
                let from = ((image * height + y) * width + first) * channels + group * inputs;
                let to = &mut patch[ky * taps + inside.start * inputs..];
                if short && is_whole && down_whole && from + S::LANES <= self.x.len() {
                    // What is written too far is written over by what comes next.
                    simd.store(to, simd.load(&self.x[from..]));
                } else if window.dilation[1] == 1 && inputs == channels {
                    let n = inside.len() * inputs;
                    to[..n].copy_from_slice(&self.x[from..from + n]);
                } else {
                    let step = window.dilation[1] * channels;
                    for (i, to) in to.chunks_exact_mut(inputs).take(inside.len()).enumerate() {
                        to.copy_from_slice(&self.x[from + i * step..][..inputs]);
                    }
                }
            }
        }
    }
}
