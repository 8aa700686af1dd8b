//! Gather and ScatterND.

use burn::tensor::{IndexingUpdateOp, Tensor};

use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::ints::{Ints, axis};
use crate::layout::AxisRule;
use crate::limits;
use crate::shape::outer_axis_inner;
use crate::value::{Floats, Value, index_tensor};

/// Selects positions of an axis by indices.
#[derive(Debug)]
pub(crate) struct Gather {
    axis: i64,
}

impl Gather {
    pub fn parse(node: &mut NodeInfo) -> Self {
        Self {
            axis: node.attributes.int("axis", 0),
        }
    }
}

impl Operator for Gather {
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let x = inputs.float(0)?;
        let indices = inputs.take(1)?.int()?;
        let shape = x.shape().to_vec();
        let axis = axis(self.axis, shape.len())?;
        let [outer, side, inner] = outer_axis_inner(&shape, axis);
        let positions = indices.data.iter();
        let positions = positions.map(|&index| index_from_front(index, side));
        let positions: Vec<usize> = positions.collect::<Result<_, _>>()?;
        let count = positions.len();
        let g = cotangent.into_tensor([outer, count, inner]);
        let device = g.device();
        let positions = index_tensor(positions, &device);
        let zeros = Tensor::<3>::zeros([outer, side, inner], &device);
        let dx = zeros.select_assign(1, positions, g, IndexingUpdateOp::Add);
        Ok(vec![Some(Floats::from_tensor(dx).reshaped(shape)?)])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Gathered { axis: self.axis }
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let indices = inputs.take(1)?.int()?;
        let axis = axis(self.axis, x.shape().len())?;
        let [outer, side, inner] = outer_axis_inner(x.shape(), axis);
        let positions = indices
            .data
            .iter()
            .map(|&index| index_from_front(index, side));
        let positions: Vec<usize> = positions.collect::<Result<_, _>>()?;
        let before = &x.shape()[..axis];
        let shape = [before, &indices.shape, &x.shape()[axis + 1..]].concat();
        let count = limits::elements(&shape)?;
        let value = match x {
            Value::Int(x) => {
                let mut data = Vec::with_capacity(count);
                for o in 0..outer {
                    for &position in &positions {
                        data.extend_from_slice(&x.data[(o * side + position) * inner..][..inner]);
                    }
                }
                Value::Int(Ints::new(data, shape)?)
            }
            Value::Float(x) => {
                limits::float_elements(&shape)?;
                let x = x.into_tensor([outer, side, inner]);
                let result = if let &[position] = &positions[..] {
                    x.narrow(1, position, 1)
                } else {
                    let positions = index_tensor(positions, &x.device());
                    x.select(1, positions)
                };
                Value::Float(Floats::from_tensor(result).reshaped(shape)?)
            }
        };
        Ok(vec![value])
    }
}

/// An index counted from the front, of `side` values.
pub(super) fn index_from_front(index: i64, side: usize) -> Result<usize, OperatorError> {
    let from_front = if index < 0 {
        index + side as i64
    } else {
        index
    };
    usize::try_from(from_front)
        .ok()
        .filter(|&position| position < side)
        .ok_or_else(|| OperatorError::Invalid(format!("index {index} of {side} values")))
}

/// A copy with some values replaced, computed on the host: models use it for attention masks, which
/// do not depend on the image.
#[derive(Debug)]
pub(crate) struct ScatterNd;

impl ScatterNd {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        match node.attributes.text("reduction")?.as_str() {
            "" | "none" => Ok(Self),
            other => Err(OperatorError::Unsupported(format!(
                "reduction {other} is not supported"
            ))),
        }
    }
}

impl Operator for ScatterNd {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Kept
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let device = inputs.device.clone();
        let x = inputs.take(0)?;
        let indices = inputs.take(1)?.int()?;
        let updates = inputs.take(2)?;
        let shape = x.shape().to_vec();
        let depth = *indices.shape.last().ok_or("indices of no axes")?;
        if depth == 0 || depth > shape.len() {
            return Err(OperatorError::Invalid(format!(
                "indices of {depth} axes for {} axes",
                shape.len()
            )));
        }
        let inner: usize = shape[depth..].iter().product();
        let starts = indices.data.chunks_exact(depth).map(|index| {
            let mut at = 0;
            for (&index, &side) in index.iter().zip(&shape) {
                at = at * side + index_from_front(index, side)?;
            }
            Ok(at * inner)
        });
        let starts: Vec<usize> = starts.collect::<Result<_, OperatorError>>()?;
        if updates.count() != starts.len() * inner {
            return Err(OperatorError::Invalid(format!(
                "{} values for {} places of {inner}",
                updates.count(),
                starts.len()
            )));
        }
        let value = match (x, updates) {
            (Value::Int(mut x), Value::Int(updates)) => {
                replace(&mut x.data, &starts, &updates.data, inner);
                Value::Int(x)
            }
            (Value::Float(x), Value::Float(updates)) => {
                let mut data = x.into_host()?;
                replace(&mut data, &starts, &updates.into_host()?, inner);
                Value::Float(Floats::from_values(data, shape, &device)?)
            }
            _ => {
                return Err(OperatorError::Invalid(
                    "values and updates of different types".into(),
                ));
            }
        };
        Ok(vec![value])
    }
}

fn replace<T: Copy>(data: &mut [T], starts: &[usize], updates: &[T], inner: usize) {
    for (i, &start) in starts.iter().enumerate() {
        data[start..start + inner].copy_from_slice(&updates[i * inner..][..inner]);
    }
}
