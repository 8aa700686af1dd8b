//! The gradient of a convolution's weights as matrix products: windows of the input, as rows of a
//! matrix, times the gradient of the result.

use super::Convolution;
use crate::gemm::{Matrix, Output, Panel, gemm};
use crate::grid::{chunk_ranges, split_at_ranges};
use crate::inference::im2col::{Pixels, SLACK, WindowRows, padded_row};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::winograd::filter::panel_width;
use crate::workspace::Workspace;
use rayon::prelude::*;
use std::ops::Range;

/// Pixels whose windows are copied together: enough to load and store the sums seldom, few enough
/// for windows and gradients to stay in the second-level cache.
const PIXELS_PER_BLOCK: usize = 192;

/// Values of a window that one task sums: with more, its windows would leave the second-level
/// cache; with fewer, the gradients would be packed more often.
const ROWS_PER_TASK: usize = 288;

/// Largest number of parts the pixels are divided into. Each has sums of its own.
const MAX_PARTS: usize = 16;

/// Largest number of sums of all parts; larger weights are divided by channels instead.
const MAX_SUMS: usize = 1 << 20;

/// The gradient of the weights from `[x, dy]`, the input and the gradient of the result.
pub(super) fn weight_gradient(
    convolution: &Convolution,
    workspace: &Workspace,
    [x, dy]: [&[f32]; 2],
    gradient: &mut [f32],
) {
    let division = Division::new(convolution, panel_width(workspace.isa()));
    let tasks = division.tasks();
    let ranges: Vec<Range<usize>> = tasks
        .iter()
        .scan(0, |at, task| {
            *at += division.sums(task);
            Some(*at - division.sums(task)..*at)
        })
        .collect();
    let mut sums = workspace.zeros(ranges.last().map_or(0, |r| r.end));
    let parts = split_at_ranges(&mut sums, ranges.iter().cloned(), 1);
    tasks.par_iter().zip(parts).for_each(|(task, sums)| {
        let rows = division.rows(task);
        let row_stride = padded_row(rows);
        let outputs = division.group_panels() * division.panel;
        let mut windows = workspace.take(PIXELS_PER_BLOCK * row_stride + SLACK);
        let mut packed = workspace.zeros(PIXELS_PER_BLOCK * outputs);
        for block in chunk_ranges(task.pixels.len(), PIXELS_PER_BLOCK) {
            workspace.isa().run(AccumulateBlock {
                division: &division,
                task,
                pixels: task.pixels.start + block.start..task.pixels.start + block.end,
                x,
                dy,
                windows: &mut windows,
                packed: &mut packed,
                sums,
            });
        }
    });
    let per_part = sums.len() / division.parts;
    let weights_per_output = division.group_inputs() * convolution.window.taps();
    gradient
        .par_chunks_exact_mut(weights_per_output)
        .enumerate()
        .for_each(|(output, gradient)| {
            for (task, range) in tasks.iter().zip(&ranges).take(tasks.len() / division.parts) {
                division.add_parts(task, output, &sums[range.start..], per_part, gradient);
            }
        });
}

/// How the sums are divided into tasks; independent of the number of threads.
struct Division<'a> {
    convolution: &'a Convolution,
    /// Outputs of a panel, the register tile's width.
    panel: usize,
    /// Input channels of a task.
    channels: usize,
    /// Number of parts of the pixels.
    parts: usize,
}

/// Pixels of the result, and input channels of one group.
struct Task {
    pixels: Range<usize>,
    group: usize,
    /// Counted through all groups.
    channels: Range<usize>,
}

impl<'a> Division<'a> {
    fn new(convolution: &'a Convolution, panel: usize) -> Self {
        let taps = convolution.window.taps();
        let mut division = Self {
            convolution,
            panel,
            channels: (ROWS_PER_TASK / taps).max(1),
            parts: 1,
        };
        let inputs = division.group_inputs();
        let chunks = inputs.div_ceil(division.channels);
        division.channels = inputs.div_ceil(chunks);
        let sums = convolution.inputs * taps * division.group_panels() * panel;
        let blocks = division.pixels().div_ceil(PIXELS_PER_BLOCK);
        division.parts = (MAX_SUMS / sums).clamp(1, MAX_PARTS.min(blocks));
        division
    }

    /// Pixels of the result, of all images.
    fn pixels(&self) -> usize {
        self.convolution.output_shape[..3].iter().product()
    }

    fn group_inputs(&self) -> usize {
        self.convolution.inputs / self.convolution.groups
    }

    fn group_outputs(&self) -> usize {
        self.convolution.outputs / self.convolution.groups
    }

    fn group_panels(&self) -> usize {
        self.group_outputs().div_ceil(self.panel)
    }

    /// Part by part of the pixels, each with all channels.
    fn tasks(&self) -> Vec<Task> {
        let blocks = self.pixels().div_ceil(PIXELS_PER_BLOCK);
        let mut tasks = Vec::new();
        for part in 0..self.parts {
            let [start, end] = [part, part + 1]
                .map(|p| (p * blocks / self.parts * PIXELS_PER_BLOCK).min(self.pixels()));
            for group in 0..self.convolution.groups {
                let first = group * self.group_inputs();
                for channels in chunk_ranges(self.group_inputs(), self.channels) {
                    tasks.push(Task {
                        pixels: start..end,
                        group,
                        channels: first + channels.start..first + channels.end,
                    });
                }
            }
        }
        tasks
    }

    /// Values of a window that a task sums.
    fn rows(&self, task: &Task) -> usize {
        self.convolution.window.taps() * task.channels.len()
    }

    /// Number of sums of a task, [panel of outputs][tap, input][output within panel].
    fn sums(&self, task: &Task) -> usize {
        self.rows(task) * self.group_panels() * self.panel
    }

    /// Writes the channels of `task` of one output's gradient [input of group][tap]: the total of
    /// the sums of all parts, which are `per_part` values apart.
    fn add_parts(
        &self,
        task: &Task,
        output: usize,
        sums: &[f32],
        per_part: usize,
        gradient: &mut [f32],
    ) {
        let outputs = self.group_outputs();
        if output / outputs != task.group {
            return;
        }
        let (panel, lane) = (output % outputs / self.panel, output % outputs % self.panel);
        let taps = self.convolution.window.taps();
        let first = task.channels.start - task.group * self.group_inputs();
        let channels = task.channels.len();
        for i in 0..channels {
            for tap in 0..taps {
                let row = panel * self.rows(task) + tap * channels + i;
                let at = row * self.panel + lane;
                let parts = (0..self.parts).map(|part| f64::from(sums[part * per_part + at]));
                gradient[(first + i) * taps + tap] = parts.sum::<f64>() as f32;
            }
        }
    }
}

/// Adds the products of a block of pixels to the sums of a task.
struct AccumulateBlock<'a> {
    division: &'a Division<'a>,
    task: &'a Task,
    pixels: Range<usize>,
    x: &'a [f32],
    dy: &'a [f32],
    windows: &'a mut [f32],
    /// [panel][pixel][output within panel], zero beyond the last output.
    packed: &'a mut [f32],
    sums: &'a mut [f32],
}

impl Kernel for AccumulateBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let Division {
            convolution, panel, ..
        } = *self.division;
        let rows = self.division.rows(self.task);
        let windows = WindowRows {
            window: &convolution.window,
            channels: self.task.channels.clone(),
            row_stride: padded_row(rows),
        };
        let pixels = Pixels {
            x: self.x,
            input_shape: convolution.input_shape,
            output_shape: convolution.output_shape,
            range: self.pixels.clone(),
        };
        windows.copy(simd, &pixels, self.windows);
        self.pack(simd);
        let outputs = self.division.group_outputs();
        let sums = self.sums.chunks_exact_mut(rows * panel);
        for (i, sums) in sums.enumerate() {
            let x = Matrix {
                data: self.windows,
                rows,
                columns: self.pixels.len(),
                row_stride: 1,
                column_stride: padded_row(rows),
            };
            let dy = Panel {
                data: &self.packed[i * PIXELS_PER_BLOCK * panel..],
                row_stride: panel,
                vector_stride: S::LANES,
            };
            let sums = Output {
                data: sums,
                row_stride: panel,
                accumulate: true,
            };
            match outputs - i * panel <= S::LANES {
                true => gemm::<S, 1>(simd, x, dy, sums),
                false => gemm::<S, 2>(simd, x, dy, sums),
            }
        }
    }
}

impl AccumulateBlock<'_> {
    /// Copies the gradients of the task's group.
    #[inline(always)]
    fn pack<S: Simd>(&mut self, simd: S) {
        let all = self.division.convolution.outputs;
        let outputs = self.division.group_outputs();
        let width = self.division.panel;
        let first = self.task.group * outputs;
        for (pixel, at) in self.pixels.clone().enumerate() {
            let from = &self.dy[at * all + first..][..outputs];
            for channel in (0..outputs).step_by(S::LANES) {
                let end = (channel + S::LANES).min(outputs);
                let (panel, lane) = (channel / width, channel % width);
                let to = (panel * PIXELS_PER_BLOCK + pixel) * width + lane;
                simd.store(
                    &mut self.packed[to..],
                    simd.load_partial(&from[channel..end]),
                );
            }
        }
    }
}
