//! A depthwise convolution and the convolutions before and after it in one pass over the rows.

use super::convolution::{Convolution, PackedWeights};
use super::depthwise::{Depthwise, DepthwiseRow};
use super::im2col::{Im2col, Pixels, Scratch};
use super::line_buffer::LineBuffer;
use super::nhwc::{Nhwc, NhwcMut};
use crate::error::{Error, check_length};
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// A depthwise convolution, the one before it that expands the channels, and the pointwise one
/// after it that projects them: the inverted residual of MobileNetV2 (Sandler et al. 2018, Fig.
/// 3b), or its parts.
///
/// The feature maps between them are the largest of such networks. Only the rows of the first under
/// the depthwise window and one row of the second are kept, so both stay in the cache. The results
/// are those of the three convolutions one after another, bit for bit.
pub struct Separable {
    expand: Option<Arc<Convolution>>,
    depthwise: Arc<Convolution>,
    project: Option<Arc<Convolution>>,
}

impl Separable {
    /// - `expand`: the convolution before, computed by im2col; none if there is no such
    ///   convolution.
    /// - `depthwise`: the depthwise convolution.
    /// - `project`: the convolution after, 1x1 of stride 1 without padding; none if there is no
    ///   such convolution.
    ///
    /// # Errors
    /// If a convolution is of another kind, or channels do not fit.
    pub fn new(
        expand: Option<Arc<Convolution>>,
        depthwise: Arc<Convolution>,
        project: Option<Arc<Convolution>>,
    ) -> Result<Self, Error> {
        let refused = |reason| Err(Error::Unsupported { stage: 0, reason });
        if !matches!(depthwise.weights, PackedWeights::Depthwise(_)) {
            return refused("a depthwise convolution with a small window is expected");
        }
        if let Some(expand) = &expand {
            check_length(
                "channels to expand to",
                depthwise.inputs(),
                expand.outputs(),
            )?;
            if !matches!(expand.weights, PackedWeights::Im2col(_)) {
                return refused(
                    "the convolution before a depthwise one must be computed by im2col",
                );
            }
        }
        if let Some(project) = &project {
            check_length("channels to project", depthwise.outputs(), project.inputs())?;
            if !matches!(&project.weights, PackedWeights::Im2col(im2col) if im2col.is_pointwise()) {
                return refused("the convolution after a depthwise one must be pointwise");
            }
        }
        Ok(Self {
            expand,
            depthwise,
            project,
        })
    }

    /// Applies the convolutions to `x`, `[images, height, width, inputs]` = `shape`; `residual` (of
    /// the result's shape) is added in the last one's epilogue. Returns the result and its shape.
    ///
    /// # Errors
    /// As [`Convolution::run`].
    pub fn run(
        &self,
        workspace: &Workspace,
        x: &[f32],
        shape: [usize; 4],
        residual: Option<&[f32]>,
    ) -> Result<(Buffer, [usize; 4]), Error> {
        let chain = Chain {
            expand: self.expand.as_deref(),
            depthwise: &self.depthwise,
            project: self.project.as_deref(),
        };
        check_length("input", shape.iter().product(), x.len())?;
        let mut to = shape;
        for convolution in [chain.expand, Some(chain.depthwise), chain.project] {
            to = convolution.map_or(Ok(to), |convolution| convolution.output_shape(to))?;
        }
        let count = to.iter().product();
        check_length("residual", count, residual.map_or(count, <[f32]>::len))?;
        let mut out = workspace.take(count);
        let out_view = NhwcMut {
            data: &mut out,
            shape: to,
        };
        chain.run(workspace, Nhwc { data: x, shape }, out_view, residual);
        Ok((out, to))
    }
}

/// Fewest rows in a task: its first rows need rows of the expansion that the task above computes
/// too.
const MIN_ROWS_PER_TASK: usize = 12;
/// Several tasks per thread, so that all threads end at about the same time. The result does not
/// depend on how rows are split.
const TASKS_PER_THREAD: usize = 4;

/// The convolutions of a [`Separable`].
#[derive(Clone, Copy)]
pub(super) struct Chain<'a> {
    expand: Option<&'a Convolution>,
    depthwise: &'a Convolution,
    project: Option<&'a Convolution>,
}

impl<'a> Chain<'a> {
    /// A depthwise convolution alone.
    pub fn depthwise(depthwise: &'a Convolution) -> Self {
        Self {
            expand: None,
            depthwise,
            project: None,
        }
    }

    /// Writes the result for `x` to `out`; lengths were checked.
    pub fn run(&self, workspace: &Workspace, x: Nhwc, out: NhwcMut, residual: Option<&[f32]>) {
        let Nhwc { data: x, shape } = x;
        let NhwcMut {
            data: out,
            shape: to,
        } = out;
        let [images, rows, columns, channels] = to;
        let parts = (TASKS_PER_THREAD * rayon::current_num_threads()).div_ceil(images.max(1));
        let rows_of_part = rows.div_ceil(parts).max(MIN_ROWS_PER_TASK.min(rows));
        let (image, part) = (rows * columns * channels, rows_of_part * columns * channels);
        let x = x.par_chunks_exact(shape[1..].iter().product());
        let images = out.par_chunks_exact_mut(image).zip(x).enumerate();
        images.for_each(|(i, (out, x))| {
            out.par_chunks_mut(part).enumerate().for_each(|(j, out)| {
                let start = j * part;
                let mut rows = Rows::new(self, workspace, Nhwc { data: x, shape }, to);
                let residual = residual.map(|r| &r[i * image + start..][..out.len()]);
                for (k, out) in out.chunks_exact_mut(columns * channels).enumerate() {
                    let at = k * columns * channels;
                    let residual = residual.map(|r| &r[at..at + columns * channels]);
                    rows.compute(j * rows_of_part + k, out, residual);
                }
            });
        });
    }
}

/// Consecutive rows of one image's result.
struct Rows<'a> {
    chain: Chain<'a>,
    workspace: &'a Workspace,
    /// One image [height, width, channels], and its shape.
    x: &'a [f32],
    shape: [usize; 4],
    /// Shape of the depthwise convolution's input.
    expanded: [usize; 4],
    depthwise: &'a Depthwise,
    lines: LineBuffer,
    expand: Option<(&'a Convolution, &'a Im2col, Scratch)>,
    project: Option<Project<'a>>,
}

/// The last convolution, and the row of its input.
struct Project<'a> {
    convolution: &'a Convolution,
    im2col: &'a Im2col,
    scratch: Scratch,
    line: Buffer,
    /// Shapes of the line and of its result.
    shapes: [[usize; 4]; 2],
}

impl<'a> Rows<'a> {
    fn new(
        chain: &Chain<'a>,
        workspace: &'a Workspace,
        x: Nhwc<'a>,
        [_, _, columns, outputs]: [usize; 4],
    ) -> Self {
        let [_, height, width, channels] = x.shape;
        let shape = [1, height, width, channels];
        let im2col = |convolution: &'a Convolution| match &convolution.weights {
            PackedWeights::Im2col(im2col) => im2col,
            _ => unreachable!("Separable::new takes no other"),
        };
        let PackedWeights::Depthwise(depthwise) = &chain.depthwise.weights else {
            unreachable!("Separable::new takes no other");
        };
        let expanded = chain.expand.map_or(shape, |expand| {
            expand.output_shape(shape).expect("lengths were checked")
        });
        let window = chain.depthwise.window();
        let expand = chain.expand.map(|convolution| {
            let im2col = im2col(convolution);
            (convolution, im2col, im2col.scratch(workspace))
        });
        let project = chain.project.map(|convolution| Project {
            convolution,
            im2col: im2col(convolution),
            scratch: im2col(convolution).scratch(workspace),
            line: workspace.take(columns * convolution.inputs()),
            shapes: [convolution.inputs(), outputs].map(|channels| [1, 1, columns, channels]),
        });
        Self {
            chain: *chain,
            workspace,
            x: x.data,
            shape,
            expanded,
            depthwise,
            lines: LineBuffer::new(workspace, &window, [expanded[1], expanded[2], expanded[3]]),
            expand,
            project,
        }
    }

    /// Row `row` of the result; rows must come in order.
    fn compute(&mut self, row: usize, out: &mut [f32], residual: Option<&[f32]>) {
        let isa = self.workspace.isa();
        let window = self.chain.depthwise.window();
        let top = row * window.stride[0];
        self.fill_lines(top..top + window.extent(0));
        let taps = (0..window.kernel[0]).map(|ky| self.lines.get(top + ky * window.dilation[0]));
        let lines: Vec<&[f32]> = taps.collect();
        let run = |out: &mut [f32], residual| {
            isa.run(DepthwiseRow {
                weights: self.depthwise,
                lines: &lines,
                epilogue: self.chain.depthwise.epilogue(residual),
                out,
            });
        };
        let Some(project) = &mut self.project else {
            return run(out, residual);
        };
        run(&mut project.line, None);
        let [input_shape, output_shape] = project.shapes;
        let pixels = Pixels {
            x: &project.line,
            input_shape,
            output_shape,
            range: 0..input_shape[2],
        };
        let epilogue = project.convolution.epilogue(residual);
        let im2col = project.im2col;
        im2col.run(isa, pixels, epilogue, out, &mut project.scratch);
    }

    /// Computes lines `wanted` of the depthwise convolution's input.
    fn fill_lines(&mut self, wanted: Range<usize>) {
        let isa = self.workspace.isa();
        let (x, shape, expanded) = (self.x, self.shape, self.expanded);
        match &mut self.expand {
            None => self.lines.fill(wanted, |row, line| {
                line.copy_from_slice(&x[row * line.len()..][..line.len()]);
            }),
            Some((convolution, im2col, scratch)) => self.lines.fill(wanted, |row, line| {
                let pixels = Pixels {
                    x,
                    input_shape: shape,
                    output_shape: expanded,
                    range: row * expanded[2]..(row + 1) * expanded[2],
                };
                im2col.run(isa, pixels, convolution.epilogue(None), line, scratch);
            }),
        }
    }
}
