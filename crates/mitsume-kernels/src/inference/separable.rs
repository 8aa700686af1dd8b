//! A depthwise convolution with the convolutions before and after it, line by line.

use super::convolution::{Convolution, Way, fits};
use super::depthwise::{Depthwise, Row};
use super::lines::Lines;
use super::patches::{Patches, Scratch};
use crate::error::Error;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// A depthwise convolution, the one before it that expands the channels, and the pointwise one after it that projects
/// them: the inverted residual of MobileNetV2 (Sandler et al. 2018, Fig. 3b), or its parts.
///
/// Between them are the largest feature maps of such networks. Only the lines under the depthwise window are kept
/// of the first, and one line of the second, so neither ever leaves the cache. The results are those of the three
/// convolutions one after another, bit for bit.
pub struct Separable {
    expand: Option<Arc<Convolution>>,
    depthwise: Arc<Convolution>,
    project: Option<Arc<Convolution>>,
}

impl Separable {
    /// - `expand`: makes the depthwise convolution's input; any but those that run in the Winograd domain. Default: none.
    /// - `depthwise`: each channel by itself.
    /// - `project`: takes its output; 1x1, of stride 1, without padding. Default: none.
    ///
    /// # Errors
    /// Convolutions of another kind, or channels that do not fit.
    pub fn new(
        expand: Option<Arc<Convolution>>,
        depthwise: Arc<Convolution>,
        project: Option<Arc<Convolution>>,
    ) -> Result<Self, Error> {
        let refused = |reason| Err(Error::Unsupported { stage: 0, reason });
        if !matches!(depthwise.way, Way::Depthwise(_)) {
            return refused("each channel by itself, in a small window, is expected");
        }
        if let Some(expand) = &expand {
            fits(
                "channels to expand to",
                depthwise.inputs(),
                expand.outputs(),
            )?;
            if !matches!(expand.way, Way::Patches(_)) {
                return refused("this convolution is not computed pixel by pixel");
            }
        }
        if let Some(project) = &project {
            fits("channels to project", depthwise.outputs(), project.inputs())?;
            if !matches!(&project.way, Way::Patches(patches) if patches.is_pointwise()) {
                return refused("only a pointwise convolution can follow line by line");
            }
        }
        Ok(Self {
            expand,
            depthwise,
            project,
        })
    }

    /// What the convolutions make of `x`, `[images, height, width, inputs]` = `shape`, one after another; `add` (of
    /// the result's shape) is the last one's. Returns the result and its shape.
    ///
    /// # Errors
    /// As [`Convolution::run`].
    pub fn run(
        &self,
        workspace: &Workspace,
        x: &[f32],
        shape: [usize; 4],
        add: Option<&[f32]>,
    ) -> Result<(Buffer, [usize; 4]), Error> {
        let stages = Stages {
            expand: self.expand.as_deref(),
            depthwise: &self.depthwise,
            project: self.project.as_deref(),
        };
        fits("input", shape.iter().product(), x.len())?;
        let mut to = shape;
        for convolution in [stages.expand, Some(stages.depthwise), stages.project] {
            to = convolution.map_or(Ok(to), |convolution| convolution.out(to))?;
        }
        let count = to.iter().product();
        fits("skip connection", count, add.map_or(count, <[f32]>::len))?;
        let mut out = workspace.take(count);
        stages.run(workspace, (x, shape), (&mut out, to), add);
        Ok((out, to))
    }
}

/// Fewer rows than this are not worth making the lines above them again.
const ROWS: usize = 12;
/// Parts for each thread, so that all end at about the same time.
const PARTS: usize = 4;

/// The convolutions of a [`Separable`].
#[derive(Clone, Copy)]
pub(super) struct Stages<'a> {
    expand: Option<&'a Convolution>,
    depthwise: &'a Convolution,
    project: Option<&'a Convolution>,
}

impl<'a> Stages<'a> {
    /// A depthwise convolution by itself.
    pub fn of(depthwise: &'a Convolution) -> Self {
        Self {
            expand: None,
            depthwise,
            project: None,
        }
    }

    /// Their result, of shape `to`, for `x` of `shape`: all lengths fit.
    pub fn run(
        &self,
        workspace: &Workspace,
        (x, shape): (&[f32], [usize; 4]),
        (out, to): (&mut [f32], [usize; 4]),
        add: Option<&[f32]>,
    ) {
        let [images, rows, columns, channels] = to;
        let parts = (PARTS * rayon::current_num_threads()).div_ceil(images.max(1));
        let rows_of_part = rows.div_ceil(parts).max(ROWS.min(rows));
        let (image, part) = (rows * columns * channels, rows_of_part * columns * channels);
        let x = x.par_chunks_exact(shape[1..].iter().product());
        let images = out.par_chunks_exact_mut(image).zip(x).enumerate();
        images.for_each(|(i, (out, x))| {
            out.par_chunks_mut(part).enumerate().for_each(|(j, out)| {
                let start = j * part;
                let mut band = Band::new(self, workspace, (x, shape), to);
                let add = add.map(|add| &add[i * image + start..][..out.len()]);
                for (k, out) in out.chunks_exact_mut(columns * channels).enumerate() {
                    let at = k * columns * channels;
                    let add = add.map(|add| &add[at..at + columns * channels]);
                    band.row(j * rows_of_part + k, out, add);
                }
            });
        });
    }
}

/// Consecutive rows of one image's result.
struct Band<'a> {
    stages: Stages<'a>,
    workspace: &'a Workspace,
    /// One image, and its shape.
    x: &'a [f32],
    shape: [usize; 4],
    /// The depthwise convolution's input's.
    expanded: [usize; 4],
    depthwise: &'a Depthwise,
    lines: Lines,
    expand: Option<(&'a Convolution, &'a Patches, Scratch)>,
    project: Option<Project<'a>>,
}

/// The last convolution, and the line before it.
struct Project<'a> {
    convolution: &'a Convolution,
    patches: &'a Patches,
    scratch: Scratch,
    line: Buffer,
    /// Shapes of the line and of what it becomes.
    shapes: [[usize; 4]; 2],
}

impl<'a> Band<'a> {
    fn new(
        stages: &Stages<'a>,
        workspace: &'a Workspace,
        (x, [_, height, width, channels]): (&'a [f32], [usize; 4]),
        [_, _, columns, outputs]: [usize; 4],
    ) -> Self {
        let shape = [1, height, width, channels];
        let patches = |convolution: &'a Convolution| match &convolution.way {
            Way::Patches(patches) => patches,
            _ => unreachable!("Separable::new takes no other"),
        };
        let Way::Depthwise(depthwise) = &stages.depthwise.way else {
            unreachable!("Separable::new takes no other");
        };
        let expanded = stages
            .expand
            .map_or(shape, |expand| expand.out(shape).expect("all lengths fit"));
        let window = stages.depthwise.window();
        let expand = stages.expand.map(|convolution| {
            let patches = patches(convolution);
            (convolution, patches, patches.scratch(workspace))
        });
        let project = stages.project.map(|convolution| Project {
            convolution,
            patches: patches(convolution),
            scratch: patches(convolution).scratch(workspace),
            line: workspace.take(columns * convolution.inputs()),
            shapes: [convolution.inputs(), outputs].map(|channels| [1, 1, columns, channels]),
        });
        Self {
            stages: *stages,
            workspace,
            x,
            shape,
            expanded,
            depthwise,
            lines: Lines::new(workspace, &window, [expanded[1], expanded[2], expanded[3]]),
            expand,
            project,
        }
    }

    /// Row `row` of the result; rows must come in order.
    fn row(&mut self, row: usize, out: &mut [f32], add: Option<&[f32]>) {
        let isa = self.workspace.isa();
        let window = self.stages.depthwise.window();
        let top = row * window.stride[0];
        self.make(top..top + window.reach(0));
        let taps = (0..window.kernel[0]).map(|ky| self.lines.get(top + ky * window.dilation[0]));
        let lines: Vec<&[f32]> = taps.collect();
        let run = |out: &mut [f32], add| {
            isa.run(Row {
                of: self.depthwise,
                lines: &lines,
                finish: self.stages.depthwise.finish(add),
                out,
            });
        };
        let Some(project) = &mut self.project else {
            return run(out, add);
        };
        run(&mut project.line, None);
        let line = (&project.line[..], project.shapes[0], project.shapes[1]);
        let out = (out, project.convolution.finish(add));
        let pixels = 0..project.shapes[0][2];
        project
            .patches
            .run(isa, line, pixels, out, &mut project.scratch);
    }

    /// Lines `wanted` of the depthwise convolution's input.
    fn make(&mut self, wanted: Range<usize>) {
        let isa = self.workspace.isa();
        let (x, shape, expanded) = (self.x, self.shape, self.expanded);
        match &mut self.expand {
            None => self.lines.make(wanted, |row, line| {
                line.copy_from_slice(&x[row * line.len()..][..line.len()]);
            }),
            Some((convolution, patches, scratch)) => self.lines.make(wanted, |row, line| {
                let pixels = row * expanded[2]..(row + 1) * expanded[2];
                let out = (line, convolution.finish(None));
                patches.run(isa, (x, shape, expanded), pixels, out, scratch);
            }),
        }
    }
}
