//! CumSum.

use burn::tensor::{Tensor, TensorData};

use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::ints::{Ints, axis};
use crate::layout::AxisRule;
use crate::shape::outer_axis_inner;
use crate::value::{Floats, Value};

/// Most positions of an axis of float32 numbers, which are summed by a triangular matrix.
const MAX_SIDE: usize = 4096;

/// Sums of all values before and at each position of an axis.
#[derive(Debug)]
pub(super) struct CumulativeSum {
    /// Without the value at the position itself.
    exclusive: bool,
    /// From the end.
    reverse: bool,
}

impl CumulativeSum {
    pub fn parse(node: &mut NodeInfo) -> Self {
        Self {
            exclusive: node.attributes.int("exclusive", 0) != 0,
            reverse: node.attributes.int("reverse", 0) != 0,
        }
    }

    /// Whether the sum at `to` has the value at `from`.
    fn has(&self, to: usize, from: usize) -> bool {
        (from == to && !self.exclusive) || if self.reverse { from > to } else { from < to }
    }
}

impl Operator for CumulativeSum {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Kept
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let on = inputs.take(1)?.int()?.scalar()?;
        let shape = x.shape().to_vec();
        let [outer, side, inner] = outer_axis_inner(&shape, axis(on, shape.len())?);
        let value = match x {
            Value::Int(mut x) => {
                for line in 0..outer * inner {
                    let at = |i: usize| (line / inner * side + i) * inner + line % inner;
                    let mut sum = 0i64;
                    for step in 0..side {
                        let i = if self.reverse { side - 1 - step } else { step };
                        let own = x.data[at(i)];
                        x.data[at(i)] = if self.exclusive {
                            sum
                        } else {
                            sum.wrapping_add(own)
                        };
                        sum = sum.wrapping_add(own);
                    }
                }
                Value::Int(Ints::new(x.data, shape)?)
            }
            Value::Float(_) if side > MAX_SIDE => {
                return Err(OperatorError::Unsupported(format!(
                    "an axis of {side} values: at most {MAX_SIDE} are summed"
                )));
            }
            Value::Float(x) => {
                let x = x.into_tensor([outer, side, inner]);
                let places = (0..side * side).map(|i| self.has(i / side, i % side));
                let matrix: Vec<f32> = places.map(|has| f32::from(u8::from(has))).collect();
                let matrix = TensorData::new(matrix, [1, side, side]);
                let matrix =
                    Tensor::<3>::from_data(matrix, &x.device()).expand([outer, side, side]);
                Value::Float(Floats::from_tensor(matrix.matmul(x)).reshaped(shape)?)
            }
        };
        Ok(vec![value])
    }
}
