//! Expand, Tile, ConstantOfShape and Range.

use burn::tensor::Tensor;

use super::binary::broadcast_ints;
use super::selection::vjp_of_selection;
use super::{Inputs, NodeInfo, Operator, OperatorError, OutputType};
use crate::constant::Constant;
use crate::ints::{Ints, dimension};
use crate::layout::AxisRule;
use crate::limits;
use crate::shape::{broadcast, outer_axis_inner};
use crate::value::{Floats, Value};

fn shape_of(sides: &[i64]) -> Result<Vec<usize>, OperatorError> {
    let shape = sides
        .iter()
        .map(|&s| dimension(s))
        .collect::<Result<Vec<_>, _>>()?;
    limits::elements(&shape)?;
    Ok(shape)
}

/// Broadcasts to a shape.
#[derive(Debug)]
pub(crate) struct Expand;

impl Operator for Expand {
    fn vjp(&self, inputs: Inputs, cotangent: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        vjp_of_selection(self, inputs, cotangent)
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let shape = inputs.ints(1)?.ok_or("the shape is missing")?;
        let shape = broadcast(x.shape(), &shape_of(&shape)?)?;
        limits::elements(&shape)?;
        let value = match x {
            Value::Int(x) => Value::Int(Ints::new(broadcast_ints(&x, &shape)?, shape)?),
            Value::Float(x) => {
                let shape_of_rank = crate::shape::with_leading_ones(x.shape(), shape.len());
                let mut x = x.reshaped(shape_of_rank)?;
                for (axis, &side) in shape.iter().enumerate() {
                    if x.shape()[axis] != side {
                        x = repeated(x, axis, side)?;
                    }
                }
                Value::Float(x)
            }
        };
        Ok(vec![value])
    }
}

/// `x` repeated `times` times along `axis`.
fn repeated(x: Floats, axis: usize, times: usize) -> Result<Floats, OperatorError> {
    let [outer, side, inner] = outer_axis_inner(x.shape(), axis);
    let mut shape = x.shape().to_vec();
    shape[axis] = side.saturating_mul(times);
    if limits::elements(&shape)? == 0 {
        return Err(OperatorError::Invalid("an empty tensor".into()));
    }
    let x = x.into_tensor([outer, 1, side * inner]).repeat_dim(1, times);
    Floats::from_tensor(x).reshaped(shape)
}

/// Repeats along every axis.
#[derive(Debug)]
pub(crate) struct Tile;

impl Operator for Tile {
    /// The sum over the repeats.
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let shape = inputs.float(0)?.shape().to_vec();
        let mut g = cotangent.into_row_major();
        for (axis, side) in shape.into_iter().enumerate() {
            let [outer, tiled, inner] = outer_axis_inner(g.shape(), axis);
            let mut to = g.shape().to_vec();
            to[axis] = side;
            let repeats = g.into_tensor([outer, tiled / side, side * inner]);
            g = Floats::from_tensor(repeats.sum_dim(1)).reshaped(to)?;
        }
        Ok(vec![Some(g)])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Tiled
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let mut x = inputs.float(0)?;
        let times = shape_of(&inputs.ints(1)?.ok_or("the repeats are missing")?)?;
        if times.len() != x.rank() {
            return Err(OperatorError::Invalid(format!(
                "{} repeats for {} axes",
                times.len(),
                x.rank()
            )));
        }
        for (axis, times) in times.into_iter().enumerate() {
            if times != 1 {
                x = repeated(x, axis, times)?;
            }
        }
        Ok(vec![Value::Float(x)])
    }
}

/// A tensor filled with one value.
#[derive(Debug)]
pub(crate) struct ConstantOfShape {
    value: Constant,
}

impl ConstantOfShape {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let value = node.attributes.tensor("value")?;
        let value = value.unwrap_or(Constant::Float(vec![0.0], vec![1]));
        let count = match &value {
            Constant::Float(data, _) => data.len(),
            Constant::Int(ints) => ints.data.len(),
        };
        if count != 1 {
            return Err(OperatorError::Invalid(format!(
                "one value expected, {count} found"
            )));
        }
        Ok(Self { value })
    }
}

impl Operator for ConstantOfShape {
    fn output_type(&self) -> OutputType {
        match self.value {
            Constant::Float(..) => OutputType::Float,
            Constant::Int(_) => OutputType::Int,
        }
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Unrelated
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let shape = shape_of(&inputs.ints(0)?.ok_or("the shape is missing")?)?;
        let count = limits::elements(&shape)?;
        let value = match &self.value {
            Constant::Int(ints) => Value::Int(Ints::new(vec![ints.data[0]; count], shape)?),
            Constant::Float(..) if count == 0 => {
                return Err(OperatorError::Invalid("an empty tensor".into()));
            }
            Constant::Float(data, _) => {
                let full = Tensor::<1>::full([count], data[0], &inputs.device);
                Value::Float(Floats::new(full, shape)?)
            }
        };
        Ok(vec![value])
    }
}

/// Integers from start to limit (exclusive) in steps.
#[derive(Debug)]
pub(crate) struct Range;

impl Operator for Range {
    fn output_type(&self) -> OutputType {
        OutputType::Int
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Unrelated
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let mut scalar = |i| inputs.take(i)?.int()?.scalar();
        let (start, limit, step) = (scalar(0)?, scalar(1)?, scalar(2)?);
        if step == 0 {
            return Err(OperatorError::Invalid("a range of step 0".into()));
        }
        let distance = (i128::from(limit) - i128::from(start)) * i128::from(step.signum());
        let count = (distance.max(0) as u128).div_ceil(step.unsigned_abs().into());
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        limits::elements(&[count])?;
        let values = (0..count as i64).map(|i| start + i * step).collect();
        Ok(vec![Value::Int(Ints::vector(values))])
    }
}
