//! A convolution, and the algorithm that computes it.

use super::depthwise::Depthwise;
use super::im2col::{Im2col, PIXELS_PER_BLOCK, Pixels, is_pointwise};
use super::nhwc::{Nhwc, NhwcMut};
use super::separable::Chain;
use super::window::Window;
use crate::activation::Activation;
use crate::epilogue::Epilogue;
use crate::error::{Error, check_length};
use crate::grid::Grid;
use crate::winograd::convolution::convolve;
use crate::winograd::epilogue::Store;
use crate::winograd::filter::{Direction, FilterShape, Filters as Winograd};
use crate::winograd::input::Input;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// Filters of a convolution, in PyTorch's and ONNX's layout.
#[derive(Clone, Copy, Debug)]
pub struct Filters<'a> {
    /// [outputs, inputs / groups, rows, columns]
    pub weights: &'a [f32],
    /// Output channels.
    pub outputs: usize,
    /// Input channels.
    pub inputs: usize,
    /// Number of groups (grouped convolution).
    pub groups: usize,
}

impl Filters<'_> {
    /// An error unless the groups divide the channels, of which there are some.
    pub(crate) fn check_groups(&self) -> Result<(), Error> {
        let divides = |channels: usize| {
            self.groups > 0 && channels > 0 && channels.is_multiple_of(self.groups)
        };
        match divides(self.inputs) && divides(self.outputs) {
            true => Ok(()),
            false => Err(Error::Unsupported {
                stage: 0,
                reason: "the groups of a convolution must divide its channels",
            }),
        }
    }
}

/// A convolution of images [images, height, width, channels] with packed weights; bias, residual
/// and activation are applied in the same pass.
pub struct Convolution {
    inputs: usize,
    window: Window,
    bias: Vec<f32>,
    activation: Activation,
    pub(super) weights: PackedWeights,
}

/// Weights as the algorithm reads them.
pub(super) enum PackedWeights {
    Winograd(Winograd),
    Depthwise(Depthwise),
    Im2col(Im2col),
}

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// 3x3 of stride 1, in the Winograd domain.
    Winograd,
    /// Each channel separately, tap by tap.
    Depthwise,
    /// Each output pixel's window as a row of a matrix, times the filters.
    Im2col,
    /// 1x1: the pixels times the filters, without copying.
    Pointwise,
}

/// With fewer input channels than this, the Winograd transforms cost more than they save.
const WINOGRAD_INPUTS: usize = 8;

impl Algorithm {
    /// The fastest algorithm for filters and a window that [`Convolution::new`] takes.
    pub fn choose(filters: &Filters, window: &Window) -> Self {
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
            pad_before: [side / 2; 2],
            pad_after: [side / 2; 2],
        };
        let depthwise = groups == inputs && outputs == inputs && groups > 1;
        if depthwise && Depthwise::supports(window) {
            Self::Depthwise
        } else if *window == plain(3) && groups == 1 && inputs >= WINOGRAD_INPUTS {
            Self::Winograd
        } else if is_pointwise(window) {
            Self::Pointwise
        } else {
            Self::Im2col
        }
    }
}

impl Convolution {
    /// Packs the weights. `bias` `[outputs]`.
    ///
    /// # Errors
    /// If the lengths do not fit, or the groups do not divide the channels.
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
        filters.check_groups()?;
        let expected = outputs * (inputs / groups) * window.taps();
        check_length("weights", expected, weights.len())?;
        check_length("bias", outputs, bias.len())?;
        let weights = match Algorithm::choose(&filters, &window) {
            Algorithm::Depthwise => {
                PackedWeights::Depthwise(Depthwise::new(workspace, weights, inputs, window))
            }
            Algorithm::Winograd => PackedWeights::Winograd(Winograd::new(
                workspace,
                weights,
                FilterShape { outputs, inputs },
                Direction::Forward,
                None,
            )),
            Algorithm::Im2col | Algorithm::Pointwise => {
                PackedWeights::Im2col(Im2col::new(workspace, filters, window))
            }
        };
        Ok(Self {
            inputs,
            window,
            bias: bias.to_vec(),
            activation,
            weights,
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

    /// `activation(convolution(x) + bias + residual)` of `x`, `[images, height, width, inputs]` =
    /// `shape`; the `residual` has the result's shape, and is 0 if not given. Returns the result
    /// and its shape.
    ///
    /// # Errors
    /// If the lengths do not fit, or the images are smaller than the window.
    pub fn run(
        &self,
        workspace: &Workspace,
        x: &[f32],
        shape: [usize; 4],
        residual: Option<&[f32]>,
    ) -> Result<(Buffer, [usize; 4]), Error> {
        check_length("input", shape.iter().product(), x.len())?;
        let to = self.output_shape(shape)?;
        let count = to.iter().product();
        check_length("residual", count, residual.map_or(count, <[f32]>::len))?;
        let mut out = workspace.take(count);
        match &self.weights {
            PackedWeights::Winograd(filters) => {
                self.winograd(
                    workspace,
                    filters,
                    Nhwc { data: x, shape },
                    residual,
                    &mut out,
                );
            }
            PackedWeights::Depthwise(_) => {
                let out = NhwcMut {
                    data: &mut out,
                    shape: to,
                };
                Chain::depthwise(self).run(workspace, Nhwc { data: x, shape }, out, residual);
            }
            PackedWeights::Im2col(im2col) => {
                let part = PIXELS_PER_BLOCK * to[3];
                out.par_chunks_mut(part).enumerate().for_each(|(i, out)| {
                    let mut scratch = im2col.scratch(workspace);
                    let residual = residual.map(|r| &r[i * part..i * part + out.len()]);
                    let pixels = Pixels {
                        x,
                        input_shape: shape,
                        output_shape: to,
                        range: i * PIXELS_PER_BLOCK..i * PIXELS_PER_BLOCK + out.len() / to[3],
                    };
                    let epilogue = self.epilogue(residual);
                    im2col.run(workspace.isa(), pixels, epilogue, out, &mut scratch);
                });
            }
        }
        Ok((out, to))
    }

    /// The shape of the result for an input of `shape`.
    pub(super) fn output_shape(&self, shape: [usize; 4]) -> Result<[usize; 4], Error> {
        let [images, height, width, channels] = shape;
        check_length("input channels", self.inputs, channels)?;
        let out = self.window.output_size([height, width]);
        let [rows, columns] = out.ok_or(Error::Size {
            images,
            height,
            width,
        })?;
        Ok([images, rows, columns, self.outputs()])
    }

    /// The epilogue of pixels with this `residual`.
    pub(super) fn epilogue<'a>(&'a self, residual: Option<&'a [f32]>) -> Epilogue<'a> {
        Epilogue {
            bias: &self.bias,
            residual,
            activation: self.activation,
        }
    }

    fn winograd(
        &self,
        workspace: &Workspace,
        filters: &Winograd,
        x: Nhwc,
        residual: Option<&[f32]>,
        out: &mut [f32],
    ) {
        let [images, height, width, channels] = x.shape;
        let input = Input {
            grid: Grid {
                images,
                height,
                width,
            },
            channels,
            data: x.data,
            affine: None,
        };
        let store = Store {
            epilogue: self.epilogue(residual),
            pool: false,
        };
        convolve(workspace, input, filters, &store, out);
    }
}
