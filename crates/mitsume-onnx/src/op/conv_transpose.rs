//! ConvTranspose.

use burn::tensor::ops::ConvTransposeOptions;
use burn::tensor::{Tensor, module};

use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::ints::dimension;
use crate::layout::AxisRule;
use crate::limits;
use crate::value::{Floats, Value};

/// The transposed convolution of images. Inputs: x [N, C, h, w], weights [C, outputs / groups, rows, columns], and
/// bias [outputs], optional.
#[derive(Debug)]
pub(super) struct ConvTranspose {
    groups: usize,
    stride: [usize; 2],
    dilation: [usize; 2],
    /// Before rows, before columns, after rows, after columns: pixels taken off the result.
    pads: [usize; 4],
    /// Pixels added after the result.
    added: [usize; 2],
    kernel: Option<[usize; 2]>,
}

impl ConvTranspose {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let attributes = &mut node.attributes;
        match attributes.text("auto_pad")?.as_str() {
            "" | "NOTSET" | "VALID" => {}
            other => {
                return Err(OperatorError::Unsupported(format!(
                    "auto_pad {other} is not supported"
                )));
            }
        }
        let pads = attributes.ints("pads").unwrap_or_else(|| vec![0; 4]);
        Ok(Self {
            groups: dimension(attributes.int("group", 1))?,
            stride: sides(attributes.ints("strides").unwrap_or_else(|| vec![1; 2]))?,
            dilation: sides(attributes.ints("dilations").unwrap_or_else(|| vec![1; 2]))?,
            added: sides(
                attributes
                    .ints("output_padding")
                    .unwrap_or_else(|| vec![0; 2]),
            )?,
            kernel: attributes.ints("kernel_shape").map(sides).transpose()?,
            pads: sides(pads)?,
        })
    }
}

/// Values of an image's sides, none of which may be absurd.
fn sides<const N: usize>(values: Vec<i64>) -> Result<[usize; N], OperatorError> {
    let sides: Vec<usize> = values
        .into_iter()
        .map(dimension)
        .collect::<Result<_, _>>()?;
    match <[usize; N]>::try_from(sides) {
        Ok(sides) if sides.iter().all(|&side| side <= 1 << 16) => Ok(sides),
        Ok(sides) => Err(OperatorError::Invalid(format!("{sides:?} are too large"))),
        Err(sides) => Err(OperatorError::Unsupported(format!(
            "{sides:?}: {N} values expected (only images are supported)"
        ))),
    }
}

impl Operator for ConvTranspose {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Windowed
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let (x, weights) = (inputs.float(0)?, inputs.float(1)?);
        let bias = inputs.optional(2).map(Value::float).transpose()?;
        let [n, channels, h, w] = x.image_shape()?;
        let shape = weights.image_shape()?;
        let outputs = shape[1].saturating_mul(self.groups);
        let kernel = [shape[2], shape[3]];
        let fits = channels == shape[0]
            && self.groups > 0
            && channels.is_multiple_of(self.groups)
            && self.kernel.is_none_or(|given| given == kernel)
            && bias.as_ref().is_none_or(|bias| bias.shape() == [outputs])
            && [self.stride, self.dilation, kernel]
                .concat()
                .iter()
                .all(|&v| v > 0);
        if !fits {
            return Err(OperatorError::Invalid(format!(
                "weights of shape {shape:?} in {} groups for {channels} channels, strides {:?}, dilations {:?}",
                self.groups, self.stride, self.dilation
            )));
        }
        // All that the windows reach, and what is added; then what is taken off.
        let mut to = [0; 2];
        for (axis, side) in [h, w].into_iter().enumerate() {
            let extent = (kernel[axis] - 1) * self.dilation[axis] + 1;
            let reached = side.saturating_sub(1) * self.stride[axis] + extent + self.added[axis];
            let left = reached.checked_sub(self.pads[axis] + self.pads[axis + 2]);
            to[axis] = left.filter(|&left| left > 0).ok_or_else(|| {
                OperatorError::Invalid(format!("pads {:?} leave nothing", self.pads))
            })?;
            limits::elements(&[n, outputs, reached, reached])?;
        }
        let options =
            ConvTransposeOptions::new(self.stride, [0, 0], self.added, self.dilation, self.groups);
        let y: Tensor<4> = module::conv_transpose2d(
            x.into_tensor([n, channels, h, w]),
            weights.into_tensor(shape),
            bias.map(|bias| bias.into_tensor([outputs])),
            options,
        );
        let y = y
            .narrow(2, self.pads[0], to[0])
            .narrow(3, self.pads[1], to[1]);
        Ok(vec![Value::Float(Floats::from_tensor(y))])
    }
}
