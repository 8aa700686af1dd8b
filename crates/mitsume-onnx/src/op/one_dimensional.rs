//! Convolutions and pools of one dimension, as those of two with one row.

use super::{Inputs, NodeInfo, Op, Operator, OperatorError};
use crate::constant::Constant;
use crate::layout::AxisRule;
use crate::value::{Floats, Value};

/// An operator of images [N, C, 1, L] applied to [N, C, L].
#[derive(Debug)]
pub(super) struct OneDimensional {
    op: Op,
}

/// Whether a convolution or pool is one-dimensional, by its kernel or weights.
pub(super) fn is_one_dimensional(node: &NodeInfo) -> bool {
    let weights = match (node.op_type, node.constant(1)) {
        ("Conv", Some(Constant::Float(_, shape))) => Some(shape.len() == 3),
        _ => None,
    };
    weights.unwrap_or_else(|| node.attributes.length("kernel_shape") == Some(1))
}

impl OneDimensional {
    /// The operator that `parse` makes of `node` with a row added.
    pub fn parse(
        node: &mut NodeInfo,
        parse: impl FnOnce(&mut NodeInfo) -> Result<Op, OperatorError>,
    ) -> Result<Self, OperatorError> {
        for (name, neutral) in [("kernel_shape", 1), ("strides", 1), ("dilations", 1)] {
            if let Some(values) = node.attributes.ints(name) {
                node.attributes.put(name, [vec![neutral], values].concat());
            }
        }
        if let Some(pads) = node.attributes.ints("pads") {
            let [before, after] = pads[..].try_into().map_err(|_| "two pads expected")?;
            node.attributes.put("pads", vec![0, before, 0, after]);
        }
        let weights = match node.constant(1) {
            Some(Constant::Float(values, shape)) => match shape[..] {
                [outputs, inputs, taps] => {
                    Constant::Float(values.clone(), vec![outputs, inputs, 1, taps])
                }
                _ => return Err("weights of three axes expected".into()),
            },
            _ if node.op_type == "Conv" => {
                return Err(OperatorError::Unsupported(
                    "weights of one dimension that are computed are not supported".into(),
                ));
            }
            _ => Constant::Float(Vec::new(), vec![0]),
        };
        let op = node.parse_with_weights(&weights, parse)?;
        Ok(Self { op })
    }
}

impl Operator for OneDimensional {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Windowed
    }

    fn parsed_inputs(&self) -> &'static [usize] {
        self.op.operator().parsed_inputs()
    }

    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let with_row = |x: Floats| match x.shape()[..] {
            [n, c, length] => x.reshaped(vec![n, c, 1, length]),
            _ => Err(OperatorError::Invalid("three axes expected".into())),
        };
        let x = inputs.float(0)?;
        let shape = x.shape().to_vec();
        inputs.put(0, Value::Float(with_row(x)?));
        let mut found = self.op.operator().vjp(inputs, with_row(cotangent)?)?;
        let dx = found.remove(0);
        let dx = dx.map(|dx| dx.into_row_major().reshaped(shape));
        Ok(vec![dx.transpose()?])
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let [n, c, length] = x.shape()[..] else {
            return Err(OperatorError::Invalid(format!(
                "input of shape {:?}: three axes expected",
                x.shape()
            )));
        };
        inputs.put(0, Value::Float(x.reshaped(vec![n, c, 1, length])?));
        let y = self.op.operator().run(inputs)?.remove(0).float()?;
        let [n, c, _, length] = y.image_shape()?;
        let y: Floats = y.into_row_major().reshaped(vec![n, c, length])?;
        Ok(vec![Value::Float(y)])
    }
}
