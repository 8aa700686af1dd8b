//! Convolutions of three dimensions that move along two of them.

use super::convolution::Convolution;
use super::transpose::{inverse, permuted};
use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::constant::Constant;
use crate::layout::AxisRule;
use crate::value::{Floats, Value};

/// A convolution of [N, C, D, H, W] with one tap along one of the three axes: one of images, for each position of
/// that axis.
#[derive(Debug)]
pub(super) struct ThreeDimensional {
    /// The axis, of the five.
    axis: usize,
    convolution: Convolution,
}

/// Whether the weights of a convolution are of three dimensions.
pub(super) fn is_three_dimensional(node: &NodeInfo) -> bool {
    matches!(node.constant(1), Some(Constant::Float(_, shape)) if shape.len() == 5)
}

impl ThreeDimensional {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let Some(Constant::Float(values, shape)) = node.constant(1) else {
            return Err("known weights expected".into());
        };
        let (values, shape) = (values.clone(), shape.clone());
        let attributes = &mut node.attributes;
        let taken = |values: Option<Vec<i64>>, default: i64, count: usize| {
            let values = values.unwrap_or_else(|| vec![default; count]);
            match values.len() == count {
                true => Ok(values),
                false => Err(OperatorError::Invalid(format!(
                    "{values:?}: {count} values expected"
                ))),
            }
        };
        let kernel: Vec<i64> = shape[2..].iter().map(|&side| side as i64).collect();
        if attributes
            .ints("kernel_shape")
            .is_some_and(|given| given != kernel)
        {
            return Err("another kernel_shape than the weights'".into());
        }
        let strides = taken(attributes.ints("strides"), 1, 3)?;
        let dilations = taken(attributes.ints("dilations"), 1, 3)?;
        let pads = taken(attributes.ints("pads"), 0, 6)?;
        let is_alone =
            |i: &usize| kernel[*i] == 1 && strides[*i] == 1 && pads[*i] == 0 && pads[*i + 3] == 0;
        let Some(alone) = (0..3).find(is_alone) else {
            return Err(OperatorError::Unsupported(format!(
                "weights of shape {shape:?}: three dimensions are supported where one has a single tap"
            )));
        };
        let without = |values: &[i64]| {
            let mut values = values.to_vec();
            values.remove(alone);
            values
        };
        attributes.put("kernel_shape", without(&kernel));
        attributes.put("strides", without(&strides));
        attributes.put("dilations", without(&dilations));
        attributes.put("pads", [without(&pads[..3]), without(&pads[3..])].concat());
        let mut flat = shape.clone();
        flat.remove(2 + alone);
        let weights = Constant::Float(values, flat);
        let convolution = node.parse_with_weights(&weights, Convolution::parse)?;
        Ok(Self {
            axis: 2 + alone,
            convolution,
        })
    }
}

impl Operator for ThreeDimensional {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Unrelated
    }

    fn parsed_inputs(&self) -> &'static [usize] {
        self.convolution.parsed_inputs()
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        if x.rank() != 5 {
            return Err(OperatorError::Invalid(format!(
                "input of shape {:?}: five axes expected",
                x.shape()
            )));
        }
        let others: Vec<usize> = (2..5).filter(|&axis| axis != self.axis).collect();
        let order = [0, self.axis, 1, others[0], others[1]];
        let x = permuted(x, &order)?;
        let [n, depth, channels, h, w] = x.shape()[..] else {
            return Err("five axes expected".into());
        };
        let images = x
            .into_row_major()
            .reshaped(vec![n * depth, channels, h, w])?;
        inputs.put(0, Value::Float(images));
        let y = self.convolution.run(inputs)?.remove(0).float()?;
        let [_, channels, h, w] = y.image_shape()?;
        let y: Floats = y
            .into_row_major()
            .reshaped(vec![n, depth, channels, h, w])?;
        Ok(vec![Value::Float(permuted(y, &inverse(&order))?)])
    }
}
