//! A convolution and how it is best computed.

use super::depthwise::Depthwise;
use super::finish::{Activation, Finish};
use super::patches::Patches;
use super::window::Window;
use crate::error::Error;
use crate::grid::Grid;
use crate::winograd::convolution::convolve;
use crate::winograd::filter::{Direction, Filters as Winograd};
use crate::winograd::input::Input;
use crate::winograd::outcome::Activated;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// Filters of a convolution, PyTorch's and ONNX's way.
#[derive(Clone, Copy, Debug)]
pub struct Filters<'a> {
    /// [outputs, inputs / groups, rows, columns]
    pub weights: &'a [f32],
    /// Output channels.
    pub outputs: usize,
    /// Input channels.
    pub inputs: usize,
    /// Each group of outputs sees its own group of inputs only.
    pub groups: usize,
}

/// A convolution of images [images, height, width, channels], ready to run: weights packed, bias and
/// activation in the same pass.
pub struct Convolution {
    inputs: usize,
    window: Window,
    bias: Vec<f32>,
    activation: Activation,
    way: Way,
}

enum Way {
    Winograd(Winograd),
    Depthwise(Depthwise),
    Patches(Patches),
}

/// Fewer input channels than this are no work for a Winograd transform.
const WINOGRAD_INPUTS: usize = 8;

impl Convolution {
    /// Packs the weights. `bias` [outputs].
    ///
    /// # Errors
    /// Lengths that do not fit, or groups that do not divide the channels.
    pub fn new(
        workspace: &Workspace,
        filters: Filters,
        bias: &[f32],
        window: Window,
        activation: Activation,
    ) -> Result<Self, Error> {
        let Filters {
            weights,
            outputs,
            inputs,
            groups,
        } = filters;
        let divides =
            |channels: usize| groups > 0 && channels > 0 && channels.is_multiple_of(groups);
        if !divides(inputs) || !divides(outputs) {
            return Err(Error::Unsupported {
                stage: 0,
                reason: "the groups of a convolution must divide its channels",
            });
        }
        let expected = outputs * (inputs / groups) * window.taps();
        for (what, expected, found) in [
            ("weights", expected, weights.len()),
            ("bias", outputs, bias.len()),
        ] {
            if expected != found {
                return Err(Error::Length {
                    what: what.into(),
                    expected,
                    found,
                });
            }
        }
        let way = if groups == inputs && outputs == inputs && groups > 1 {
            Way::Depthwise(Depthwise::new(workspace, weights, inputs, window))
        } else if is_winograd(&window, groups, inputs) {
            let shape = (outputs, inputs);
            Way::Winograd(Winograd::new(
                workspace,
                weights,
                shape,
                Direction::Forward,
                None,
            ))
        } else {
            Way::Patches(Patches::new(workspace, filters, window))
        };
        Ok(Self {
            inputs,
            window,
            bias: bias.to_vec(),
            activation,
            way,
        })
    }

    /// Its window.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Input channels.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The convolution of `x`, `[images, height, width, inputs]` = `shape`, plus `add` (of the result's shape) where
    /// given, activated. Returns the result and its shape.
    ///
    /// # Errors
    /// Lengths that do not fit, or images smaller than the window.
    pub fn run(
        &self,
        workspace: &Workspace,
        x: &[f32],
        shape: [usize; 4],
        add: Option<&[f32]>,
    ) -> Result<(Buffer, [usize; 4]), Error> {
        let [images, height, width, channels] = shape;
        let size = || Error::Size {
            images,
            height,
            width,
        };
        let [oh, ow] = self.window.out([height, width]).ok_or_else(size)?;
        let to = [images, oh, ow, self.outputs()];
        let count = to.iter().product();
        let lengths = [
            ("input channels", self.inputs, channels),
            ("input", shape.iter().product(), x.len()),
            ("skip connection", count, add.map_or(count, <[f32]>::len)),
        ];
        for (what, expected, found) in lengths {
            if expected != found {
                return Err(Error::Length {
                    what: what.into(),
                    expected,
                    found,
                });
            }
        }
        let mut out = workspace.take(count);
        let end = |pixels: std::ops::Range<usize>| Finish {
            bias: &self.bias,
            add: add.map(|add| &add[pixels.start * to[3]..pixels.end * to[3]]),
            activation: self.activation,
        };
        match &self.way {
            Way::Winograd(filters) => self.winograd(workspace, filters, (x, shape), add, &mut out),
            Way::Depthwise(taps) => taps.run(workspace, (x, shape), to, (&mut out, &end)),
            Way::Patches(patches) => patches.run(workspace, (x, shape), to, (&mut out, &end)),
        }
        Ok((out, to))
    }

    fn winograd(
        &self,
        workspace: &Workspace,
        filters: &Winograd,
        (x, [images, height, width, channels]): (&[f32], [usize; 4]),
        add: Option<&[f32]>,
        out: &mut [f32],
    ) {
        let input = Input {
            grid: Grid {
                images,
                height,
                width,
            },
            channels,
            data: x,
            affine: None,
        };
        let outcome = Activated {
            bias: &self.bias,
            add,
            relu: self.activation == Activation::Relu,
            pool: false,
        };
        convolve(workspace, input, filters, &outcome, out);
        if !matches!(self.activation, Activation::Identity | Activation::Relu) {
            self.activate(workspace, out);
        }
    }

    /// The activation in a pass of its own over `out` [pixels, outputs].
    fn activate(&self, workspace: &Workspace, out: &mut [f32]) {
        let isa = workspace.isa();
        let bias = vec![0.0; self.outputs()];
        let run = (16_384 / bias.len()).max(1) * bias.len();
        out.par_chunks_mut(run).for_each(|out| {
            let end = Finish {
                bias: &bias,
                add: None,
                activation: self.activation,
            };
            isa.run((end, out));
        });
    }
}

fn is_winograd(window: &Window, groups: usize, inputs: usize) -> bool {
    let plain = Window {
        kernel: [3, 3],
        stride: [1, 1],
        dilation: [1, 1],
        before: [1, 1],
        after: [1, 1],
    };
    *window == plain && groups == 1 && inputs >= WINOGRAD_INPUTS
}
