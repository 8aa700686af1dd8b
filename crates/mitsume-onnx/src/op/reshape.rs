//! Reshape, Flatten, Squeeze, Unsqueeze and Shape: views without copies.

use super::{Inputs, NodeInfo, Operator, OperatorError, OutputType};
use crate::ints::{Ints, axes, axis, dimension};
use crate::layout::AxisRule;
use crate::limits;
use crate::value::{Floats, Value};

fn reshaped(x: Value, shape: Vec<usize>) -> Result<Vec<Value>, OperatorError> {
    Ok(vec![match x {
        Value::Float(x) => Value::Float(x.reshaped_as(shape)?),
        Value::Int(x) => Value::Int(Ints::new(x.data, shape)?),
    }])
}

/// A cotangent in the shape of the first input.
fn reshaped_back(
    mut inputs: Inputs,
    cotangent: Floats,
) -> Result<Vec<Option<Floats>>, OperatorError> {
    let shape = inputs.take(0)?.shape().to_vec();
    Ok(vec![Some(cotangent.into_row_major().reshaped(shape)?)])
}

/// Reshapes to the shape in its second input.
#[derive(Debug)]
pub(crate) struct Reshape {
    zero_is_zero: bool,
}

impl Reshape {
    pub fn parse(node: &mut NodeInfo) -> Self {
        Self {
            zero_is_zero: node.attributes.int("allowzero", 0) != 0,
        }
    }
}

impl Operator for Reshape {
    fn is_linear(&self) -> bool {
        true
    }

    fn vjp(&self, inputs: Inputs, cotangent: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        reshaped_back(inputs, cotangent)
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Reshaped
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let wanted = inputs.ints(1)?.ok_or("the shape is missing")?;
        let mut shape = Vec::with_capacity(wanted.len());
        let mut open = None;
        for (i, &wanted_side) in wanted.iter().enumerate() {
            shape.push(match wanted_side {
                -1 if open.is_none() => {
                    open = Some(i);
                    1
                }
                0 if !self.zero_is_zero => *x.shape().get(i).ok_or("0 beyond the input's axes")?,
                given => dimension(given)?,
            });
        }
        if let Some(open) = open {
            let known = limits::elements(&shape)?;
            if known == 0 || !x.count().is_multiple_of(known) {
                return Err(OperatorError::Invalid(format!(
                    "{:?} cannot become {wanted:?}",
                    x.shape()
                )));
            }
            shape[open] = x.count() / known;
        }
        reshaped(x, shape)
    }
}

/// Flattens to a matrix.
#[derive(Debug)]
pub(crate) struct Flatten {
    axis: i64,
}

impl Flatten {
    pub fn parse(node: &mut NodeInfo) -> Self {
        Self {
            axis: node.attributes.int("axis", 1),
        }
    }
}

impl Operator for Flatten {
    fn is_linear(&self) -> bool {
        true
    }

    fn vjp(&self, inputs: Inputs, cotangent: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        reshaped_back(inputs, cotangent)
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Reshaped
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let shape = x.shape();
        let at = match self.axis {
            end if end == shape.len() as i64 => shape.len(),
            within => axis(within, shape.len())?,
        };
        let shape = vec![shape[..at].iter().product(), shape[at..].iter().product()];
        reshaped(x, shape)
    }
}

/// Removes axes of length 1.
#[derive(Debug)]
pub(crate) struct Squeeze {
    axes: Option<Vec<i64>>,
}

impl Squeeze {
    pub fn parse(node: &mut NodeInfo) -> Self {
        Self {
            axes: node.attributes.ints("axes"),
        }
    }
}

impl Operator for Squeeze {
    fn is_linear(&self) -> bool {
        true
    }

    fn vjp(&self, inputs: Inputs, cotangent: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        reshaped_back(inputs, cotangent)
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Reshaped
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let given = inputs.ints(1)?.or_else(|| self.axes.clone());
        let shape = x.shape();
        let out = match given {
            Some(given) => axes(&given, shape.len())?,
            None => (0..shape.len()).filter(|&i| shape[i] == 1).collect(),
        };
        if out.iter().any(|&axis| shape[axis] != 1) {
            return Err(OperatorError::Invalid(format!(
                "axes {out:?} of {shape:?} are not all of one value"
            )));
        }
        let kept = (0..shape.len()).filter(|i| !out.contains(i));
        let shape = kept.map(|i| shape[i]).collect();
        reshaped(x, shape)
    }
}

/// Inserts axes of length 1.
#[derive(Debug)]
pub(crate) struct Unsqueeze {
    axes: Option<Vec<i64>>,
}

impl Unsqueeze {
    pub fn parse(node: &mut NodeInfo) -> Self {
        Self {
            axes: node.attributes.ints("axes"),
        }
    }
}

impl Operator for Unsqueeze {
    fn vjp(&self, inputs: Inputs, cotangent: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        reshaped_back(inputs, cotangent)
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Reshaped
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let given = inputs.ints(1)?.or_else(|| self.axes.clone());
        let given = given.ok_or("the axes are missing")?;
        let rank = x.shape().len() + given.len();
        let new = axes(&given, rank.min(limits::MAX_RANK))?;
        let mut old = x.shape().iter();
        let shape = (0..rank).map(|axis| match new.contains(&axis) {
            true => Ok(1),
            false => old.next().copied().ok_or("more axes than sides"),
        });
        let shape = shape.collect::<Result<_, _>>()?;
        reshaped(x, shape)
    }
}

/// The shape of its input, from axis `start` to `end`.
#[derive(Debug)]
pub(crate) struct Shape {
    start: i64,
    end: i64,
}

impl Shape {
    pub fn parse(node: &mut NodeInfo) -> Self {
        Self {
            start: node.attributes.int("start", 0),
            end: node.attributes.int("end", i64::MAX),
        }
    }
}

impl Operator for Shape {
    fn output_type(&self) -> OutputType {
        OutputType::Int
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Unrelated
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let rank = x.shape().len() as i64;
        let from_front = |at: i64| {
            let at = if at < 0 { at.saturating_add(rank) } else { at };
            at.clamp(0, rank) as usize
        };
        let (start, end) = (from_front(self.start), from_front(self.end));
        let sides = x.shape().get(start..end).unwrap_or(&[]);
        let sides = sides.iter().map(|&side| side as i64).collect();
        Ok(vec![Value::Int(Ints::vector(sides))])
    }
}
