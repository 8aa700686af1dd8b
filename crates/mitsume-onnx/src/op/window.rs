//! Kernel, strides, dilations, pads and auto_pad of a convolution or pool.

use mitsume_kernels::inference::Window;

use super::{NodeInfo, OperatorError};
use crate::ints::dimension;

/// A window whose padding may depend on the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PaddedWindow {
    window: Window,
    auto: AutoPad,
}

/// `auto_pad`
#[derive(Clone, Copy, Debug, PartialEq)]
enum AutoPad {
    /// Explicit padding.
    No,
    /// Padding to an output size of `ceil(size / stride)`; an odd pixel goes to the end.
    SameUpper,
    /// The same; an odd pixel goes to the start.
    SameLower,
}

impl PaddedWindow {
    /// `kernel` is the size of the weights, if it has any.
    pub fn parse(node: &mut NodeInfo, kernel: Option<[usize; 2]>) -> Result<Self, OperatorError> {
        let attributes = &mut node.attributes;
        let given = attributes.ints("kernel_shape").map(pair).transpose()?;
        let kernel = match (given, kernel) {
            (Some(given), Some(kernel)) if given != kernel => {
                return Err(OperatorError::Invalid(format!(
                    "kernel_shape {given:?} for weights of {kernel:?}"
                )));
            }
            (Some(kernel), _) | (None, Some(kernel)) => kernel,
            (None, None) => return Err(OperatorError::Invalid("kernel_shape is missing".into())),
        };
        let or_ones = |given: Option<Vec<i64>>| given.map_or(Ok([1, 1]), pair);
        let stride = or_ones(attributes.ints("strides"))?;
        let dilation = or_ones(attributes.ints("dilations"))?;
        let pads = match attributes.ints("pads") {
            None => [0; 4],
            Some(pads) => {
                let pads: Vec<usize> = pads.into_iter().map(dimension).collect::<Result<_, _>>()?;
                pads.try_into().map_err(|_| {
                    OperatorError::Unsupported(
                        "pads: four expected (only images are supported)".to_owned(),
                    )
                })?
            }
        };
        let auto = match attributes.text("auto_pad")?.as_str() {
            "" | "NOTSET" | "VALID" => AutoPad::No,
            "SAME_UPPER" => AutoPad::SameUpper,
            "SAME_LOWER" => AutoPad::SameLower,
            other => {
                return Err(OperatorError::Unsupported(format!(
                    "auto_pad {other} is not known"
                )));
            }
        };
        let all = kernel.iter().chain(&stride).chain(&dilation);
        if all.clone().any(|&v| v == 0) || all.chain(&pads).any(|&v| v > 1 << 16) {
            return Err(OperatorError::Invalid(format!(
                "a window of {kernel:?} taps, strides {stride:?}, dilations {dilation:?}, pads {pads:?}"
            )));
        }
        let window = Window {
            kernel,
            stride,
            dilation,
            pad_before: [pads[0], pads[1]],
            pad_after: [pads[2], pads[3]],
        };
        Ok(Self { window, auto })
    }

    /// The window for images of `size`.
    pub fn for_size(&self, size: [usize; 2]) -> Window {
        let mut window = self.window;
        if self.auto == AutoPad::No {
            return window;
        }
        for (axis, &side) in size.iter().enumerate() {
            let out = side.div_ceil(window.stride[axis]);
            let extent = (window.kernel[axis] - 1) * window.dilation[axis] + 1;
            let needed = (out.saturating_sub(1) * window.stride[axis] + extent) as isize;
            let padding = (needed - side as isize).max(0) as usize;
            let (less, more) = (padding / 2, padding - padding / 2);
            (window.pad_before[axis], window.pad_after[axis]) = match self.auto {
                AutoPad::SameLower => (more, less),
                _ => (less, more),
            };
        }
        window
    }

    /// The output size. With `ceil` it is rounded up if the last window starts within the image or
    /// the padding before it, as in PyTorch and ONNX.
    pub fn output_size(&self, size: [usize; 2], ceil: bool) -> Result<[usize; 2], OperatorError> {
        let window = self.for_size(size);
        let mut out = window.output_size(size).ok_or_else(|| {
            OperatorError::Invalid(format!(
                "an image of {size:?} is smaller than the window {window:?}"
            ))
        })?;
        for axis in 0..2 {
            let extent = (window.kernel[axis] - 1) * window.dilation[axis] + 1;
            let padded = size[axis] + window.pad_before[axis] + window.pad_after[axis];
            let left_over = !(padded - extent).is_multiple_of(window.stride[axis]);
            let starts = out[axis] * window.stride[axis];
            if ceil && left_over && starts < size[axis] + window.pad_before[axis] {
                out[axis] += 1;
            }
        }
        Ok(out)
    }
}

fn pair(values: Vec<i64>) -> Result<[usize; 2], OperatorError> {
    match values[..] {
        [a, b] => Ok([dimension(a)?, dimension(b)?]),
        _ => Err(OperatorError::Unsupported(format!(
            "{values:?}: two values expected (only images are supported)"
        ))),
    }
}
