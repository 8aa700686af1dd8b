//! ArgMax, ArgMin and TopK.

use std::cmp::Ordering;

use super::{Inputs, NodeInfo, Operator, OperatorError, OutputType};
use crate::ints::{Ints, axis, dimension};
use crate::layout::AxisRule;
use crate::limits;
use crate::shape::outer_axis_inner;
use crate::value::{Floats, Value, index_tensor};

/// Values on the host, with an order: NaN above all numbers.
enum Ranked {
    Ints(Vec<i64>),
    Floats(Vec<f32>),
}

impl Ranked {
    /// Positions have no gradient.
    fn read(value: Value) -> Result<Self, OperatorError> {
        Ok(match value {
            Value::Int(ints) => Self::Ints(ints.data),
            Value::Float(floats) => Self::Floats(floats.without_gradient().into_host()?),
        })
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        match self {
            Self::Ints(data) => data[a].cmp(&data[b]),
            Self::Floats(data) => {
                let (a, b) = (data[a], data[b]);
                let by_nan = || a.is_nan().cmp(&b.is_nan());
                a.partial_cmp(&b).unwrap_or_else(by_nan)
            }
        }
    }
}

/// Positions of the largest or smallest value along an axis.
#[derive(Debug)]
pub(super) struct ArgMax {
    axis: i64,
    keep: bool,
    smallest: bool,
    /// Of equal values the last one.
    last: bool,
}

impl ArgMax {
    pub fn parse(node: &mut NodeInfo) -> Self {
        Self {
            smallest: node.op_type == "ArgMin",
            axis: node.attributes.int("axis", 0),
            keep: node.attributes.int("keepdims", 1) != 0,
            last: node.attributes.int("select_last_index", 0) != 0,
        }
    }
}

impl Operator for ArgMax {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Reduced {
            axes: Some(vec![self.axis]),
            keep: self.keep,
            nothing_if_empty: false,
        }
    }

    fn output_type(&self) -> OutputType {
        OutputType::Int
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let mut shape = x.shape().to_vec();
        let on = axis(self.axis, shape.len())?;
        let [outer, side, inner] = outer_axis_inner(&shape, on);
        if side == 0 {
            return Err("an empty axis".into());
        }
        let values = Ranked::read(x)?;
        let mut data = Vec::with_capacity(outer * inner);
        for line in 0..outer * inner {
            let at = |i: usize| (line / inner * side + i) * inner + line % inner;
            let mut best = 0;
            for i in 1..side {
                let order = values.compare(at(i), at(best));
                let order = if self.smallest {
                    order.reverse()
                } else {
                    order
                };
                if order == Ordering::Greater || (self.last && order == Ordering::Equal) {
                    best = i;
                }
            }
            data.push(best as i64);
        }
        shape[on] = 1;
        if !self.keep {
            shape.remove(on);
        }
        Ok(vec![Value::Int(Ints::new(data, shape)?)])
    }
}

/// The largest or smallest values along an axis, sorted, and their positions; of equal values the first
/// comes first.
#[derive(Debug)]
pub(super) struct TopK {
    axis: i64,
    smallest: bool,
}

impl TopK {
    pub fn parse(node: &mut NodeInfo) -> Self {
        // Without `sorted` any order is right.
        node.attributes.ignore("sorted");
        Self {
            axis: node.attributes.int("axis", -1),
            smallest: node.attributes.int("largest", 1) == 0,
        }
    }
}

impl Operator for TopK {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Unrelated
    }

    fn has_several_outputs(&self) -> bool {
        true
    }

    fn output_type(&self) -> OutputType {
        OutputType::FirstInputThenInts
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let count = dimension(inputs.take(1)?.int()?.scalar()?)?;
        let mut shape = x.shape().to_vec();
        let on = axis(self.axis, shape.len())?;
        let [outer, side, inner] = outer_axis_inner(&shape, on);
        if count > side || count == 0 {
            return Err(OperatorError::Invalid(format!("{count} of {side} values")));
        }
        shape[on] = count;
        let total = limits::elements(&shape)?;
        let values = Ranked::read(x.clone())?;
        let mut places = vec![0; total];
        let mut positions = vec![0; total];
        for line in 0..outer * inner {
            let at = |i: usize| (line / inner * side + i) * inner + line % inner;
            let mut order: Vec<usize> = (0..side).collect();
            order.sort_by(|&a, &b| {
                let order = values.compare(at(a), at(b));
                if self.smallest {
                    order
                } else {
                    order.reverse()
                }
            });
            for (rank, &i) in order[..count].iter().enumerate() {
                let to = (line / inner * count + rank) * inner + line % inner;
                places[to] = at(i);
                positions[to] = i as i64;
            }
        }
        let best = match x {
            Value::Int(x) => {
                let data = places.iter().map(|&place| x.data[place]);
                Value::Int(Ints::new(data.collect(), shape.clone())?)
            }
            Value::Float(x) => {
                let x = x.into_row_major().into_flat();
                let places = index_tensor(places, &x.device());
                Value::Float(Floats::new(x.select(0, places), shape.clone())?)
            }
        };
        Ok(vec![best, Value::Int(Ints::new(positions, shape)?)])
    }
}
