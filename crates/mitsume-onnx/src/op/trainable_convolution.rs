//! Conv of a graph that is trained: its weights are values of the graph.

use burn::tensor::module;
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use mitsume_kernels::burn_extension::training::convolution_train;

use super::window::PaddedWindow;
use super::{Inputs, NodeInfo, Operator, OperatorError, trains_on_kernels};
use crate::ints::dimension;
use crate::layout::AxisRule;
use crate::limits;
use crate::value::{Floats, MemoryOrder, Value};

/// Inputs: x [N, C, h, w], weights [outputs, C / groups, rows, columns], and bias [outputs], optional.
#[derive(Debug)]
pub(super) struct TrainableConvolution {
    window: PaddedWindow,
    groups: usize,
}

impl TrainableConvolution {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let groups = dimension(node.attributes.int("group", 1))?;
        let shapes = node.training.as_ref().map(|node| &node.shapes);
        let weights = shapes.and_then(|shapes| shapes.get(1).copied().flatten());
        let kernel = weights.and_then(|shape| match *shape {
            [_, _, rows, columns] => Some([rows, columns]),
            _ => None,
        });
        Ok(Self {
            window: PaddedWindow::parse(node, kernel)?,
            groups,
        })
    }
}

impl Operator for TrainableConvolution {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let (x, weights) = (inputs.float(0)?, inputs.float(1)?);
        let bias = inputs.optional(2).map(Value::float).transpose()?;
        let [n, channels, h, w] = x.image_shape()?;
        let shape = weights.image_shape()?;
        let [outputs, inputs_per_group, rows, columns] = shape;
        let window = self.window.for_size([h, w]);
        let fits = channels == inputs_per_group * self.groups
            && self.groups > 0
            && outputs.is_multiple_of(self.groups)
            && window.kernel == [rows, columns]
            && bias.as_ref().is_none_or(|bias| bias.shape() == [outputs]);
        if !fits {
            return Err(OperatorError::Invalid(format!(
                "weights of shape {shape:?} in {} groups for {channels} channels",
                self.groups
            )));
        }
        let [to_rows, to_columns] = self.window.output_size([h, w], false)?;
        limits::elements(&[n, outputs, to_rows, to_columns])?;
        if trains_on_kernels(&x) {
            let (y, _) = convolution_train(
                x.into_channels_last().into_flat(),
                weights.into_tensor(shape),
                bias.map(|bias| bias.into_tensor([outputs])),
                [n, h, w, channels],
                window,
                self.groups,
            )?;
            let to = vec![n, outputs, to_rows, to_columns];
            let y = Floats::with_order(y, to, MemoryOrder::ChannelsLast)?;
            return Ok(vec![Value::Float(y)]);
        }
        let padding = [0, 1].map(|axis| (window.pad_before[axis], window.pad_after[axis]));
        let options =
            ConvOptions::new_with_padding(window.stride, padding, window.dilation, self.groups);
        let y = module::conv2d(
            x.into_tensor([n, channels, h, w]),
            weights.into_tensor(shape),
            bias.map(|bias| bias.into_tensor([outputs])),
            options,
        );
        Ok(vec![Value::Float(Floats::from_tensor(y))])
    }

    /// The transposed convolution of the cotangent.
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let (x, weights) = (inputs.float(0)?, inputs.float(1)?);
        let size = x.image_shape()?;
        let to = cotangent.image_shape()?;
        let shape = weights.image_shape()?;
        let window = self.window.for_size([size[2], size[3]]);
        let mut fill = [0; 2];
        for axis in 0..2 {
            let reached = (to[2 + axis] - 1) * window.stride[axis]
                + window.dilation[axis] * (window.kernel[axis] - 1)
                + 1;
            let padded = size[2 + axis] + window.pad_before[axis] + window.pad_after[axis];
            // Pixels at the end that no window reaches, fewer than the stride.
            fill[axis] = padded.saturating_sub(reached);
        }
        let options =
            ConvTransposeOptions::new(window.stride, [0, 0], fill, window.dilation, self.groups);
        let dx = module::conv_transpose2d(
            cotangent.into_tensor(to),
            weights.into_tensor(shape),
            None,
            options,
        );
        let dx =
            dx.narrow(2, window.pad_before[0], size[2])
                .narrow(3, window.pad_before[1], size[3]);
        Ok(vec![Some(Floats::from_tensor(dx))])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Windowed
    }
}
