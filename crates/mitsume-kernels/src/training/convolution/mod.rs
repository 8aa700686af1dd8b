//! A convolution in training.

mod depthwise_gradient;
mod input_gradient;
mod weight_gradient;

#[cfg(test)]
mod tests;

use super::channel_sums::channel_sums;
use crate::activation::Activation;
use crate::epilogue::Epilogue;
use crate::error::{Error, check_length};
use crate::grid::Grid;
use crate::inference::{self, Algorithm, Filters, Window};
use crate::winograd::convolution::convolve;
use crate::winograd::epilogue::Store;
use crate::winograd::filter::{Direction, FilterShape, Filters as WinogradFilters};
use crate::winograd::input::Input;
use crate::winograd::weight_gradient::weight_gradient as winograd_weight_gradient;
use crate::workspace::{Buffer, Workspace};
use depthwise_gradient::{depthwise_input_gradient, depthwise_weight_gradient};
use weight_gradient::weight_gradient;

/// A convolution of images [images, height, width, inputs], and its gradients. The weights are
/// [outputs, inputs / groups, rows, columns], as PyTorch's and ONNX's.
///
/// Every sum over pixels is divided independently of the number of threads, so the results are the
/// same bits for any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    inputs: usize,
    outputs: usize,
    groups: usize,
    window: Window,
    input_shape: [usize; 4],
    output_shape: [usize; 4],
    algorithm: Algorithm,
}

impl Convolution {
    /// The convolution of images of `input_shape` [images, height, width, inputs] to `outputs`
    /// channels.
    ///
    /// # Errors
    /// If the groups do not divide the channels, the window does not fit the images, or there is no
    /// image.
    pub fn new(
        input_shape: [usize; 4],
        outputs: usize,
        groups: usize,
        window: Window,
    ) -> Result<Self, Error> {
        let [images, height, width, inputs] = input_shape;
        let filters = Filters {
            weights: &[],
            outputs,
            inputs,
            groups,
        };
        filters.check_groups()?;
        if window.dilation.contains(&0) {
            return Err(Error::Unsupported {
                stage: 0,
                reason: "the dilation of a convolution must be at least 1",
            });
        }
        let size = window.output_size([height, width]);
        let Some([rows, columns]) = size.filter(|_| images * height * width > 0) else {
            return Err(Error::Size {
                images,
                height,
                width,
            });
        };
        Ok(Self {
            inputs,
            outputs,
            groups,
            window,
            input_shape,
            output_shape: [images, rows, columns, outputs],
            algorithm: Algorithm::choose(&filters, &window),
        })
    }

    /// The shape of the images, [images, height, width, inputs].
    pub fn input_shape(&self) -> [usize; 4] {
        self.input_shape
    }

    /// The shape of the result, [images, rows, columns, outputs].
    pub fn output_shape(&self) -> [usize; 4] {
        self.output_shape
    }

    /// The shape of the weights, [outputs, inputs / groups, rows, columns].
    pub fn weight_shape(&self) -> [usize; 4] {
        let [rows, columns] = self.window.kernel;
        [self.outputs, self.inputs / self.groups, rows, columns]
    }

    /// The convolution of `x`, plus `bias` `[outputs]` where given; [`Self::output_shape`].
    ///
    /// # Errors
    /// If a length does not fit.
    pub fn forward(
        &self,
        workspace: &Workspace,
        x: &[f32],
        weights: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Buffer, Error> {
        let filters = Filters {
            weights,
            outputs: self.outputs,
            inputs: self.inputs,
            groups: self.groups,
        };
        let zeros = vec![0.0; self.outputs];
        let bias = bias.unwrap_or(&zeros);
        let packed = inference::Convolution::new(
            workspace,
            filters,
            bias,
            self.window,
            Activation::Identity,
        )?;
        let (y, _) = packed.run(workspace, x, self.input_shape, None)?;
        Ok(y)
    }

    /// The gradient of the images from that of the result, `dy`; [`Self::input_shape`].
    ///
    /// # Errors
    /// If a length does not fit.
    pub fn input_gradient(
        &self,
        workspace: &Workspace,
        dy: &[f32],
        weights: &[f32],
    ) -> Result<Buffer, Error> {
        self.check(self.output_shape, "gradient of the result", dy)?;
        self.check(self.weight_shape(), "weights", weights)?;
        Ok(match self.algorithm {
            Algorithm::Winograd => self.winograd_input_gradient(workspace, dy, weights),
            Algorithm::Depthwise => depthwise_input_gradient(self, workspace, dy, weights),
            Algorithm::Im2col | Algorithm::Pointwise => {
                input_gradient::input_gradient(self, workspace, dy, weights)
            }
        })
    }

    /// The gradient of the weights from the images `x` and the gradient `dy` of the result;
    /// [`Self::weight_shape`].
    ///
    /// # Errors
    /// If a length does not fit.
    pub fn weight_gradient(
        &self,
        workspace: &Workspace,
        x: &[f32],
        dy: &[f32],
    ) -> Result<Buffer, Error> {
        self.check(self.input_shape, "input", x)?;
        self.check(self.output_shape, "gradient of the result", dy)?;
        let mut gradient = workspace.take(self.weight_shape().iter().product());
        match self.algorithm {
            Algorithm::Winograd => winograd_weight_gradient(
                workspace,
                winograd_input(x, self.input_shape),
                winograd_input(dy, self.output_shape),
                &mut gradient,
            ),
            Algorithm::Depthwise => {
                depthwise_weight_gradient(self, workspace, [x, dy], &mut gradient);
            }
            Algorithm::Im2col | Algorithm::Pointwise => {
                weight_gradient(self, workspace, [x, dy], &mut gradient);
            }
        }
        Ok(gradient)
    }

    /// The gradient of the bias from that of the result, `dy`; `[outputs]`.
    ///
    /// # Errors
    /// If the length does not fit.
    pub fn bias_gradient(&self, workspace: &Workspace, dy: &[f32]) -> Result<Vec<f32>, Error> {
        self.check(self.output_shape, "gradient of the result", dy)?;
        Ok(channel_sums(workspace, dy, self.outputs))
    }

    fn check(&self, shape: [usize; 4], what: &str, values: &[f32]) -> Result<(), Error> {
        check_length(what, shape.iter().product(), values.len())
    }

    fn winograd_input_gradient(&self, workspace: &Workspace, dy: &[f32], w: &[f32]) -> Buffer {
        let shape = FilterShape {
            outputs: self.outputs,
            inputs: self.inputs,
        };
        let filters = WinogradFilters::new(workspace, w, shape, Direction::Backward, None);
        let mut dx = workspace.take(self.input_shape.iter().product());
        let store = Store {
            epilogue: Epilogue {
                bias: &vec![0.0; self.inputs],
                residual: None,
                activation: Activation::Identity,
            },
            pool: false,
        };
        let dy = winograd_input(dy, self.output_shape);
        convolve(workspace, dy, &filters, &store, &mut dx);
        dx
    }
}

fn winograd_input(data: &[f32], [images, height, width, channels]: [usize; 4]) -> Input<'_> {
    Input {
        grid: Grid {
            images,
            height,
            width,
        },
        channels,
        data,
        affine: None,
    }
}
