//! Cast and CastLike.

use burn::tensor::Device;

use super::{Inputs, NodeInfo, Operator, OperatorError, OutputType};
use crate::ints::Ints;
use crate::layout::AxisRule;
use crate::proto::data_type;
use crate::value::{Floats, Value};

/// Conversion to another type. All floating types become float32; integers and truth values are
/// integers.
#[derive(Debug)]
pub(crate) struct Cast {
    to: i32,
}

impl Cast {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        node.attributes.only("saturate", 1)?;
        let to = node.attributes.int("to", 0) as i32;
        let known = [
            data_type::FLOAT,
            data_type::DOUBLE,
            data_type::FLOAT16,
            data_type::BFLOAT16,
            data_type::INT64,
            data_type::INT32,
            data_type::BOOL,
        ];
        if known.contains(&to) {
            Ok(Self { to })
        } else {
            Err(OperatorError::Unsupported(format!(
                "data type {to} is not supported"
            )))
        }
    }
}

impl Operator for Cast {
    fn output_type(&self) -> OutputType {
        match self.is_to_int() {
            true => OutputType::Int,
            false => OutputType::Float,
        }
    }

    /// Between floating types it is the identity here.
    fn vjp(
        &self,
        _inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        Ok(vec![Some(cotangent)])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        Ok(vec![self.cast(x, &inputs.device)?])
    }
}

impl Cast {
    fn is_to_int(&self) -> bool {
        [data_type::INT64, data_type::INT32, data_type::BOOL].contains(&self.to)
    }

    fn cast(&self, x: Value, device: &Device) -> Result<Value, OperatorError> {
        Ok(match (x, self.is_to_int()) {
            (Value::Float(x), false) => Value::Float(x),
            (Value::Int(x), false) => {
                let values = x.data.iter().map(|&v| v as f32).collect();
                Value::Float(Floats::from_values(values, x.shape, device)?)
            }
            (Value::Int(x), true) => {
                let cast = |v: i64| match self.to {
                    data_type::BOOL => (v != 0).into(),
                    data_type::INT32 => (v as i32).into(),
                    _ => v,
                };
                Value::Int(Ints {
                    data: x.data.into_iter().map(cast).collect(),
                    shape: x.shape,
                })
            }
            (Value::Float(x), true) => {
                let shape = x.shape().to_vec();
                // Integers have no gradient.
                let values = x.without_gradient().into_host()?;
                let cast = |v: f32| match self.to {
                    data_type::BOOL => (v != 0.0).into(),
                    _ => v as i64,
                };
                Value::Int(Ints::new(values.into_iter().map(cast).collect(), shape)?)
            }
        })
    }
}

/// Conversion to the type of the second input.
#[derive(Debug)]
pub(crate) struct CastLike;

impl CastLike {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        node.attributes.only("saturate", 1)?;
        Ok(Self)
    }
}

impl Operator for CastLike {
    fn type_only_inputs(&self) -> &'static [usize] {
        &[1]
    }

    fn output_type(&self) -> OutputType {
        OutputType::AsInput(1)
    }

    /// As that of [`Cast`].
    fn vjp(
        &self,
        _inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        Ok(vec![Some(cotangent)])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Kept
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let to = match inputs.take(1)? {
            Value::Float(_) => data_type::FLOAT,
            Value::Int(_) => data_type::INT64,
        };
        Ok(vec![Cast { to }.cast(x, &inputs.device)?])
    }
}
