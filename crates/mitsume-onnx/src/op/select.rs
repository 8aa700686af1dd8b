//! Cast, Where and Not.

use burn::tensor::{Device, Tensor};

use super::binary::broadcast_ints;
use super::{Inputs, NodeInfo, Operator, OperatorError, OutputType};
use crate::ints::Ints;
use crate::layout::AxisRule;
use crate::limits;
use crate::proto::data_type;
use crate::shape::{broadcast, padded};
use crate::value::{Floats, Value};

/// To another type: float32 stands for all floating types, integers for all others.
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

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        Ok(vec![self.of(x, &inputs.device)?])
    }
}

impl Cast {
    fn is_to_int(&self) -> bool {
        [data_type::INT64, data_type::INT32, data_type::BOOL].contains(&self.to)
    }

    fn of(&self, x: Value, device: &Device) -> Result<Value, OperatorError> {
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
                let values = x.into_host()?;
                let cast = |v: f32| match self.to {
                    data_type::BOOL => (v != 0.0).into(),
                    _ => v as i64,
                };
                Value::Int(Ints::new(values.into_iter().map(cast).collect(), shape)?)
            }
        })
    }
}

/// To the type of the second input.
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

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Kept
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let to = match inputs.take(1)? {
            Value::Float(_) => data_type::FLOAT,
            Value::Int(_) => data_type::INT64,
        };
        Ok(vec![Cast { to }.of(x, &inputs.device)?])
    }
}

/// The second input where the first is true, else the third.
#[derive(Debug)]
pub(crate) struct Where;

impl Operator for Where {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let condition = inputs.take(0)?.int()?;
        let (a, b) = (inputs.take(1)?, inputs.take(2)?);
        let shape = broadcast(&broadcast(a.shape(), b.shape())?, &condition.shape)?;
        let truth = broadcast_ints(&condition, &shape)?;
        let value = match (a, b) {
            (Value::Int(a), Value::Int(b)) => {
                let (a, b) = (broadcast_ints(&a, &shape)?, broadcast_ints(&b, &shape)?);
                let chosen = truth.iter().zip(a.into_iter().zip(b));
                let data = chosen.map(|(&t, (a, b))| if t != 0 { a } else { b });
                Value::Int(Ints::new(data.collect(), shape)?)
            }
            (a, b) => Value::Float(chosen(truth, a.float()?, b.float()?, shape)?),
        };
        Ok(vec![value])
    }
}

/// A mask, because infinity or NaN times 0 would be NaN.
fn chosen(
    truth: Vec<i64>,
    a: Floats,
    b: Floats,
    shape: Vec<usize>,
) -> Result<Floats, OperatorError> {
    const D: usize = limits::RANK;
    let sides = |shape: &[usize]| -> [usize; D] {
        let padded = padded(shape, D);
        std::array::from_fn(|axis| padded[axis])
    };
    let to = sides(&shape);
    let device = a.device();
    let (a_sides, b_sides) = (sides(a.shape()), sides(b.shape()));
    let (a, b) = (a.view(a_sides).expand(to), b.view(b_sides).expand(to));
    let count = limits::elements(&shape)?;
    let truth = truth.into_iter().map(|t| t != 0).collect::<Vec<bool>>();
    let truth = burn::tensor::TensorData::new(truth, [count]);
    let truth = Tensor::<1, burn::tensor::Bool>::from_data(truth, &device).reshape(to);
    Floats::from_tensor(b.mask_where(truth, a)).reshaped(shape)
}

/// True where false.
#[derive(Debug)]
pub(crate) struct Not;

impl Operator for Not {
    fn output_type(&self) -> OutputType {
        OutputType::Int
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?.int()?;
        Ok(vec![Value::Int(Ints {
            data: x.data.into_iter().map(|v| (v == 0).into()).collect(),
            shape: x.shape,
        })])
    }
}
