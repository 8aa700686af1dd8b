//! A convolution and how it is best computed.

use super::curve::{Activate, Activation};
use super::depthwise::Depthwise;
use super::finish::Finish;
use super::patches::{PIXELS, Patches, is_pointwise};
use super::separable::Stages;
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
    pub(super) way: Way,
}

pub(super) enum Way {
    Winograd(Winograd),
    Depthwise(Depthwise),
    Patches(Patches),
}

/// How a convolution is best computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 3x3 of stride 1, in the Winograd domain.
    Winograd,
    /// Each channel by itself, tap by tap.
    Depthwise,
    /// A matrix product of each pixel's window.
    Patches,
    /// A matrix product of the pixels themselves, in place.
    Pointwise,
}

/// Fewer input channels than this are no work for a Winograd transform.
const WINOGRAD_INPUTS: usize = 8;

impl Kind {
    /// Of filters and a window that [`Convolution::new`] takes.
    pub fn of(filters: &Filters, window: &Window) -> Self {
        let &Filters {
            outputs,
            inputs,
            groups,
            ..
        } = filters;
        let plain = |side: usize| Window {
            kernel: [side; 2],
            stride: [1; 2],
            dilation: [1; 2],
            before: [side / 2; 2],
            after: [side / 2; 2],
        };
        let depthwise = groups == inputs && outputs == inputs && groups > 1;
        if depthwise && Depthwise::suits(window) {
            Self::Depthwise
        } else if *window == plain(3) && groups == 1 && inputs >= WINOGRAD_INPUTS {
            Self::Winograd
        } else if is_pointwise(window) {
            Self::Pointwise
        } else {
            Self::Patches
        }
    }
}

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
        fits("weights", expected, weights.len())?;
        fits("bias", outputs, bias.len())?;
        let way = match Kind::of(&filters, &window) {
            Kind::Depthwise => Way::Depthwise(Depthwise::new(workspace, weights, inputs, window)),
            Kind::Winograd => Way::Winograd(Winograd::new(
                workspace,
                weights,
                (outputs, inputs),
                Direction::Forward,
                None,
            )),
            Kind::Patches | Kind::Pointwise => {
                Way::Patches(Patches::new(workspace, filters, window))
            }
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
        let to = self.check(x, shape)?;
        let count = to.iter().product();
        fits("skip connection", count, add.map_or(count, <[f32]>::len))?;
        let mut out = workspace.take(count);
        match &self.way {
            Way::Winograd(filters) => self.winograd(workspace, filters, (x, shape), add, &mut out),
            Way::Depthwise(_) => Stages::of(self).run(workspace, (x, shape), (&mut out, to), add),
            Way::Patches(patches) => {
                let part = PIXELS * to[3];
                out.par_chunks_mut(part).enumerate().for_each(|(i, out)| {
                    let pixels = i * PIXELS..i * PIXELS + out.len() / to[3];
                    let add = add.map(|add| &add[i * part..i * part + out.len()]);
                    let (finish, mut scratch) = (self.finish(add), patches.scratch(workspace));
                    let isa = workspace.isa();
                    patches.run(isa, (x, shape, to), pixels, (out, finish), &mut scratch);
                });
            }
        }
        Ok((out, to))
    }

    /// The shape of the result for `x` of `shape`.
    pub(super) fn check(&self, x: &[f32], shape: [usize; 4]) -> Result<[usize; 4], Error> {
        fits("input", shape.iter().product(), x.len())?;
        self.out(shape)
    }

    /// The shape of the result for an input of `shape`.
    pub(super) fn out(&self, shape: [usize; 4]) -> Result<[usize; 4], Error> {
        let [images, height, width, channels] = shape;
        fits("input channels", self.inputs, channels)?;
        let out = self.window.out([height, width]);
        let [rows, columns] = out.ok_or(Error::Size {
            images,
            height,
            width,
        })?;
        Ok([images, rows, columns, self.outputs()])
    }

    /// What follows the sums of pixels to which `add` is added.
    pub(super) fn finish<'a>(&'a self, add: Option<&'a [f32]>) -> Finish<'a> {
        Finish {
            bias: &self.bias,
            add,
            activation: self.activation,
        }
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
            // In a pass of its own.
            let isa = workspace.isa();
            out.par_chunks_mut(16_384)
                .for_each(|out| isa.run(Activate(self.activation, out)));
        }
    }
}

/// As many values as there must be.
pub(super) fn fits(what: &str, expected: usize, found: usize) -> Result<(), Error> {
    match expected == found {
        true => Ok(()),
        false => Err(Error::Length {
            what: what.into(),
            expected,
            found,
        }),
    }
}
