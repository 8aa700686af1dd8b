//! Pad.

use burn::tensor::Tensor;

use super::selection::vjp_of_selection;
use super::slice::slice_axis;
use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::constant::Constant;
use crate::ints::{Ints, axis};
use crate::layout::AxisRule;
use crate::limits;
use crate::shape::outer_axis_inner;
use crate::value::{Floats, Value, index_tensor};

/// Adds values before and after the first and last ones of axes; a negative number removes some.
#[derive(Debug)]
pub(super) struct Pad {
    border: Border,
}

/// What is added.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Border {
    Constant(f32),
    /// The values mirrored at the first and the last one, which are not repeated.
    Reflect,
    /// The first and the last value.
    Edge,
    /// The values from the other end.
    Wrap,
}

impl Pad {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let border = match node.attributes.text("mode")?.as_str() {
            "" | "constant" => {
                if node.is_given(2) && node.constant(2).is_none() {
                    return Err(OperatorError::Unsupported(
                        "a value that is computed".into(),
                    ));
                }
                let is_large = |v: &Constant| matches!(v, Constant::Int(ints) if ints.data.iter().any(|v| v.abs() > 1 << 24));
                if node.constant(2).is_some_and(is_large) {
                    return Err(OperatorError::Unsupported(
                        "a value of more than 24 bits".into(),
                    ));
                }
                Border::Constant(node.constant_scalar(2).unwrap_or(0.0))
            }
            "reflect" => Border::Reflect,
            "edge" => Border::Edge,
            "wrap" => Border::Wrap,
            other => {
                return Err(OperatorError::Unsupported(format!(
                    "mode {other} is not supported, only constant, reflect, edge and wrap"
                )));
            }
        };
        Ok(Self { border })
    }
}

impl Operator for Pad {
    /// The padding value.
    fn parsed_inputs(&self) -> &'static [usize] {
        &[2]
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Padded
    }

    /// Of constants nothing is added to the input; other borders are values of it.
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let Border::Constant(_) = self.border else {
            return vjp_of_selection(self, inputs, cotangent);
        };
        let pads = inputs.ints(1)?.ok_or("the pads are missing")?;
        let removed = pads.into_iter().map(i64::wrapping_neg).collect();
        inputs.put(0, Value::Float(cotangent));
        inputs.put(1, Value::Int(Ints::vector(removed)));
        let zeros = Self {
            border: Border::Constant(0.0),
        };
        Ok(vec![Some(zeros.run(inputs)?.remove(0).float()?)])
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let mut x = inputs.take(0)?;
        let pads = inputs.ints(1)?.ok_or("the pads are missing")?;
        let rank = x.shape().len();
        let axes = match inputs.ints(3)? {
            Some(axes) => axes,
            None => (0..rank as i64).collect(),
        };
        if pads.len() != 2 * axes.len() {
            return Err(OperatorError::Invalid(format!(
                "{} pads for {} axes",
                pads.len(),
                axes.len()
            )));
        }
        for (i, &on) in axes.iter().enumerate() {
            let on = axis(on, rank)?;
            // Values are removed first, so that they are not what is repeated.
            let amounts = [pads[i], pads[i + axes.len()]];
            x = cut(x, on, amounts)?;
            let [before, after] = amounts.map(|amount| usize::try_from(amount).unwrap_or(0));
            x = self.padded(x, on, before, after)?;
        }
        Ok(vec![x])
    }
}

/// Removes values where an amount is negative.
fn cut(x: Value, axis: usize, amounts: [i64; 2]) -> Result<Value, OperatorError> {
    let [first, last] = amounts.map(|amount| amount.min(0).unsigned_abs() as usize);
    let side = x.shape()[axis];
    let left = side
        .checked_sub(first)
        .and_then(|left| left.checked_sub(last));
    let left = left.ok_or_else(|| {
        OperatorError::Invalid(format!("{first} and {last} of {side} values to be removed"))
    })?;
    slice_axis(x, axis, first, left, 1)
}

impl Pad {
    fn padded(
        &self,
        x: Value,
        axis: usize,
        before: usize,
        after: usize,
    ) -> Result<Value, OperatorError> {
        if before == 0 && after == 0 {
            return Ok(x);
        }
        let sides = outer_axis_inner(x.shape(), axis);
        let mut shape = x.shape().to_vec();
        shape[axis] = before.saturating_add(sides[1]).saturating_add(after);
        limits::elements(&shape)?;
        let places = self.places(before, sides[1], after)?;
        match x {
            Value::Int(x) => padded_ints(&x, sides, &places, self.border, shape).map(Value::Int),
            Value::Float(x) => {
                let x = x.into_tensor(sides);
                let result = match self.border {
                    Border::Constant(value) => {
                        let border =
                            |count| Tensor::full([sides[0], count, sides[2]], value, &x.device());
                        let mut parts = Vec::new();
                        if before > 0 {
                            parts.push(border(before));
                        }
                        parts.push(x.clone());
                        if after > 0 {
                            parts.push(border(after));
                        }
                        Tensor::cat(parts, 1)
                    }
                    _ => {
                        let places = index_tensor(places.into_iter().flatten(), &x.device());
                        x.select(1, places)
                    }
                };
                Ok(Value::Float(Floats::from_tensor(result).reshaped(shape)?))
            }
        }
    }

    /// Of each position of the result, the position of the value there; `None`: the constant.
    fn places(
        &self,
        before: usize,
        side: usize,
        after: usize,
    ) -> Result<Vec<Option<usize>>, OperatorError> {
        if side == 0 && !matches!(self.border, Border::Constant(_)) {
            return Err("an empty axis".into());
        }
        let (before, side, after) = (before as i64, side as i64, after as i64);
        let place = |at: i64| match self.border {
            Border::Constant(_) => usize::try_from(at).ok().filter(|_| at < side),
            Border::Edge => Some(at.clamp(0, side - 1) as usize),
            Border::Wrap => Some(at.rem_euclid(side) as usize),
            Border::Reflect if side == 1 => Some(0),
            Border::Reflect => {
                let at = at.rem_euclid(2 * (side - 1));
                Some(at.min(2 * (side - 1) - at) as usize)
            }
        };
        Ok((-before..side + after).map(place).collect())
    }
}

fn padded_ints(
    x: &Ints,
    [outer, side, inner]: [usize; 3],
    places: &[Option<usize>],
    border: Border,
    shape: Vec<usize>,
) -> Result<Ints, OperatorError> {
    let fill = match border {
        Border::Constant(value) => value as i64,
        _ => 0,
    };
    let mut data = Vec::with_capacity(outer * places.len() * inner);
    for o in 0..outer {
        for place in places {
            match place {
                Some(place) => {
                    data.extend_from_slice(&x.data[(o * side + place) * inner..][..inner]);
                }
                None => data.extend(std::iter::repeat_n(fill, inner)),
            }
        }
    }
    Ints::new(data, shape)
}
