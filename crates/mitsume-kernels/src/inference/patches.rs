//! Convolutions as products: each output pixel's window laid out as a row, times the filters.

use super::convolution::Filters;
use super::finish::Finish;
use super::window::Window;
use crate::isa::Kernel;
use crate::product::{Matrix, Panel, product};
use crate::simd::Simd;
use crate::winograd::filter::panel_width;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;
use std::ops::Range;

/// Pixels worked on at a time: a multiple of the register tile's rows, and enough to use each filter
/// often while it is in the nearest cache.
const PIXELS: usize = 96;
/// Products summed up before the next filters are fetched: a panel of them fills half of the nearest cache.
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

    /// Every pixel of `x` by itself, in place.
    fn is_pointwise(&self) -> bool {
        let Window {
            kernel,
            stride,
            before,
            after,
            ..
        } = self.window;
        kernel == [1, 1] && stride == [1, 1] && before == [0, 0] && after == [0, 0]
    }

    fn depth(&self) -> usize {
        self.window.taps() * self.group[0]
    }

    /// The convolution of `x` of `shape` into `out`, [images, rows, columns, outputs] = `to`, finished run by run
    /// with what `end` gives for a range of its pixels.
    pub fn run<'a>(
        &self,
        workspace: &Workspace,
        (x, shape): (&[f32], [usize; 4]),
        to: [usize; 4],
        (out, end): (&mut [f32], &(dyn Fn(Range<usize>) -> Finish<'a> + Sync)),
    ) {
        let isa = workspace.isa();
        let runs = out.par_chunks_mut(PIXELS * to[3]).enumerate();
        runs.for_each(|(run, out)| {
            let pixels = run * PIXELS..run * PIXELS + out.len() / to[3];
            let patch = if self.is_pointwise() { 0 } else { self.depth() };
            let sums = self.group[1].next_multiple_of(self.panel);
            let mut patches = workspace.take(PIXELS * patch + SLACK);
            let mut sums = workspace.take(PIXELS * sums);
            isa.run(Run {
                of: self,
                x,
                shape,
                to,
                pixels: pixels.clone(),
                patches: &mut patches,
                sums: &mut sums,
                out,
                end: end(pixels),
            });
        });
    }
}

struct Run<'a> {
    of: &'a Patches,
    x: &'a [f32],
    shape: [usize; 4],
    to: [usize; 4],
    pixels: Range<usize>,
    patches: &'a mut [f32],
    sums: &'a mut [f32],
    out: &'a mut [f32],
    end: Finish<'a>,
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let [inputs, outputs] = self.of.group;
        let (depth, rows) = (self.of.depth(), self.pixels.len());
        let panels = outputs.div_ceil(self.of.panel);
        let sums_row = panels * self.of.panel;
        let channels = self.to[3];
        for group in 0..self.of.groups {
            let pointwise = self.of.is_pointwise();
            if !pointwise {
                self.lay_out(simd, group);
            }
            let a = if pointwise {
                Matrix {
                    data: &self.x[self.pixels.start * self.shape[3] + group * inputs..],
                    row: self.shape[3],
                    column: 1,
                }
            } else {
                Matrix {
                    data: &*self.patches,
                    row: depth,
                    column: 1,
                }
            };
            // Whole panels of one group go where they belong at once.
            let direct = self.of.groups == 1 && outputs == sums_row;
            for start in (0..depth).step_by(DEPTH) {
                let part = DEPTH.min(depth - start);
                for panel in 0..panels {
                    let at = ((group * panels + panel) * depth + start) * self.of.panel;
                    let b = Panel {
                        data: &self.of.weights[at..],
                        row: self.of.panel,
                        half: self.of.panel / 2,
                    };
                    let a = Matrix {
                        data: &a.data[start..],
                        ..a
                    };
                    let c = if direct {
                        &mut *self.out
                    } else {
                        &mut *self.sums
                    };
                    let c = &mut c[panel * self.of.panel..];
                    product(simd, (rows, part), a, b, (c, sums_row), start > 0);
                }
            }
            if direct {
                continue;
            }
            let sums = self.sums.chunks_exact(sums_row);
            for (sums, out) in sums.zip(self.out.chunks_exact_mut(channels)) {
                out[group * outputs..][..outputs].copy_from_slice(&sums[..outputs]);
            }
        }
        self.end.apply(simd, self.out);
    }
}

impl Run<'_> {
    /// The windows of the pixels as rows [pixel][tap, input], zero outside the image.
    #[inline(always)]
    fn lay_out<S: Simd>(&mut self, simd: S, group: usize) {
        let window = &self.of.window;
        let inputs = self.of.group[0];
        let [_, height, width, channels] = self.shape;
        let [_, rows, columns, _] = self.to;
        let depth = self.of.depth();
        for (i, pixel) in self.pixels.clone().enumerate() {
            let patch = &mut self.patches[i * depth..];
            let (line, x) = (pixel / columns, pixel % columns);
            let (image, y) = (line / rows, line % rows);
            let down = window.inside(0, y, height);
            let along = window.inside(1, x, width);
            let whole = down.len() * along.len() == window.taps();
            if !whole {
                patch[..depth].fill(0.0);
            }
            let left = window.first(1, x) + (along.start * window.dilation[1]) as isize;
            for ky in down {
                let y = (window.first(0, y) + (ky * window.dilation[0]) as isize) as usize;
                let line = (image * height + y) * width;
                let from = (line + left.max(0) as usize) * channels + group * inputs;
                let to = &mut patch[(ky * window.kernel[1] + along.start) * inputs..];
                if window.dilation[1] == 1 && inputs == channels {
                    let n = along.len() * inputs;
                    if whole && n <= S::LANES && from + S::LANES <= self.x.len() {
                        // What is written too far is written over by what comes next.
                        simd.store(to, simd.load(&self.x[from..]));
                    } else {
                        to[..n].copy_from_slice(&self.x[from..from + n]);
                    }
                    continue;
                }
                let step = window.dilation[1] * channels;
                for (i, to) in to.chunks_exact_mut(inputs).take(along.len()).enumerate() {
                    to.copy_from_slice(&self.x[from + i * step..][..inputs]);
                }
            }
        }
    }
}
