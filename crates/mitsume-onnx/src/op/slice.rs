//! Concat, Split and Slice.

use burn::tensor::Tensor;
use mitsume_kernels::burn_extension::training::concat_train;

use super::selection::vjp_of_selection;
use super::{Inputs, NodeInfo, Operator, OperatorError, differentiates_on_kernels, on_kernels};
use crate::ints::{Ints, axis, dimension};
use crate::layout::AxisRule;
use crate::limits;
use crate::shape::outer_axis_inner;
use crate::value::{Floats, MemoryOrder, Value, index_tensor};

/// Concatenates tensors along an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Concat {
    pub axis: i64,
}

impl Concat {
    pub fn parse(node: &mut NodeInfo) -> Self {
        Self {
            axis: node.attributes.int("axis", 0),
        }
    }
}

impl Operator for Concat {
    /// The parts of the cotangent.
    fn vjp(&self, inputs: Inputs, cotangent: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        let axis = axis(self.axis, cotangent.rank())?;
        let mut start = 0;
        let parts = inputs.all()?.into_iter().map(|input| {
            let count = input.shape()[axis];
            let whole = Value::Float(cotangent.clone());
            let part = slice_axis(whole, axis, start, count, 1)?.float()?;
            start += count;
            Ok(Some(part))
        });
        parts.collect()
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Concatenated { axis: self.axis }
    }

    fn run(&self, inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let values = inputs.all()?;
        let first = values.first().ok_or("no inputs")?.shape().to_vec();
        let axis = axis(self.axis, first.len())?;
        let mut shape = first.clone();
        shape[axis] = 0;
        for value in &values {
            let other = value.shape();
            let fits = other.len() == first.len()
                && (0..first.len()).all(|i| i == axis || other[i] == first[i]);
            if !fits {
                return Err(OperatorError::Invalid(format!(
                    "shapes {first:?} and {other:?} do not go together"
                )));
            }
            shape[axis] = shape[axis].saturating_add(other[axis]);
        }
        limits::elements(&shape)?;
        if values.iter().all(|v| matches!(v, Value::Int(_))) {
            let parts = values.into_iter().map(Value::int);
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            return Ok(vec![Value::Int(concatenated_ints(&parts, axis, shape)?)]);
        }
        let parts = values.into_iter().map(Value::float);
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(vec![Value::Float(concatenated(parts, axis, shape)?)])
    }
}

fn concatenated(
    parts: Vec<Floats>,
    axis: usize,
    shape: Vec<usize>,
) -> Result<Floats, OperatorError> {
    if axis == 1 && parts.iter().all(|p| p.order() == MemoryOrder::ChannelsLast) {
        let has_values = |part: &Floats| part.shape().iter().all(|&side| side > 0);
        if parts
            .iter()
            .all(|part| on_kernels(part) && has_values(part))
        {
            return Ok(Floats::concatenated_channels(parts, shape));
        }
        // Channels last: each pixel's channels are concatenated, without a conversion.
        let [n, h, w] = [shape[0], shape[2], shape[3]];
        let count = limits::elements(&shape)?;
        if differentiates_on_kernels(&parts[0].device()) {
            let mut parts = parts.into_iter().map(|part| {
                let channels = part.shape()[1];
                (part.into_flat(), channels)
            });
            let first = parts.next().ok_or("no inputs")?;
            let both = parts.try_fold(first, |(a, before), (b, more)| {
                let y = concat_train(a, b, [before, more])?;
                Ok::<_, OperatorError>((y, before + more))
            });
            return Floats::with_order(both?.0, shape, MemoryOrder::ChannelsLast);
        }
        let view = |part: Floats| {
            let channels = part.shape()[1];
            part.into_flat().reshape([n * h * w, channels])
        };
        let result = Tensor::cat(parts.into_iter().map(view).collect(), 1);
        return Floats::with_order(result.reshape([count]), shape, MemoryOrder::ChannelsLast);
    }
    let view = |part: Floats| {
        let sides = outer_axis_inner(part.shape(), axis);
        part.into_tensor(sides)
    };
    let result = Tensor::cat(parts.into_iter().map(view).collect(), 1);
    Floats::from_tensor(result).reshaped(shape)
}

fn concatenated_ints(
    parts: &[Ints],
    axis: usize,
    shape: Vec<usize>,
) -> Result<Ints, OperatorError> {
    let mut data = Vec::new();
    for outer in 0..shape[..axis].iter().product() {
        for part in parts {
            let [_, side, inner] = outer_axis_inner(&part.shape, axis);
            data.extend_from_slice(&part.data[outer * side * inner..][..side * inner]);
        }
    }
    Ints::new(data, shape)
}

/// `count` positions of `axis` from `start` on, `step` apart (negative: backwards).
pub(super) fn slice_axis(
    x: Value,
    axis: usize,
    start: usize,
    count: usize,
    step: i64,
) -> Result<Value, OperatorError> {
    let mut shape = x.shape().to_vec();
    if start == 0 && count == shape[axis] && step == 1 {
        return Ok(x);
    }
    let position = |i: usize| (start as i64 + i as i64 * step) as usize;
    let sides = outer_axis_inner(&shape, axis);
    shape[axis] = count;
    match x {
        Value::Int(x) => {
            let [outer, side, inner] = sides;
            let mut data = Vec::with_capacity(limits::elements(&shape)?);
            for o in 0..outer {
                for i in 0..count {
                    data.extend_from_slice(&x.data[(o * side + position(i)) * inner..][..inner]);
                }
            }
            Ok(Value::Int(Ints::new(data, shape)?))
        }
        Value::Float(_) if count == 0 => {
            Err(OperatorError::Invalid("an empty part of a tensor".into()))
        }
        Value::Float(x) if axis == 1 && x.order() == MemoryOrder::ChannelsLast && step == 1 => {
            if on_kernels(&x) {
                return Ok(Value::Float(x.narrowed_channels(start, count)));
            }
            let [n, c, h, w] = [shape[0], x.shape()[1], shape[2], shape[3]];
            let part = x
                .into_flat()
                .reshape([n * h * w, c])
                .narrow(1, start, count);
            let data = part.reshape([n * h * w * count]);
            let result = Floats::with_order(data, shape, MemoryOrder::ChannelsLast)?;
            Ok(Value::Float(result))
        }
        Value::Float(x) => {
            let x = x.into_tensor(sides);
            let part = if step == 1 {
                x.narrow(1, start, count)
            } else {
                let positions = index_tensor((0..count).map(position), &x.device());
                x.select(1, positions)
            };
            Ok(Value::Float(Floats::from_tensor(part).reshaped(shape)?))
        }
    }
}

/// Splits an axis into parts of given or equal sizes.
#[derive(Debug)]
pub(crate) struct Split {
    axis: i64,
    sizes: Option<Vec<i64>>,
    outputs: usize,
}

impl Split {
    pub fn parse(node: &mut NodeInfo) -> Self {
        let outputs = node.outputs as i64;
        Self {
            axis: node.attributes.int("axis", 0),
            sizes: node.attributes.ints("split"),
            outputs: dimension(node.attributes.int("num_outputs", outputs)).unwrap_or(0),
        }
    }
}

impl Operator for Split {
    fn has_several_outputs(&self) -> bool {
        true
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Split { axis: self.axis }
    }

    /// The cotangents one after the other, zeros where an output has none.
    fn vjp_of_outputs(
        &self,
        mut inputs: Inputs,
        cotangents: Vec<Option<Floats>>,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let shape = inputs.float(0)?.shape().to_vec();
        let axis = axis(self.axis, shape.len())?;
        let sizes = self.sizes(inputs.ints(1)?, shape[axis])?;
        let parts = cotangents.into_iter().zip(sizes);
        let parts = parts.map(|(cotangent, size)| match cotangent {
            Some(part) => Ok(part.into_row_major()),
            None => {
                let part = [&shape[..axis], &[size], &shape[axis + 1..]].concat();
                let count = limits::elements(&part)?;
                Floats::new(Tensor::zeros([count], &inputs.device), part)
            }
        });
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(vec![Some(concatenated(parts, axis, shape)?)])
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let axis = axis(self.axis, x.shape().len())?;
        let sizes = self.sizes(inputs.ints(1)?, x.shape()[axis])?;
        let mut start = 0;
        let mut parts = Vec::new();
        for size in sizes {
            parts.push(slice_axis(x.clone(), axis, start, size, 1)?);
            start += size;
        }
        Ok(parts)
    }
}

impl Split {
    /// The sizes of the parts of `whole` values; `given` is the second input.
    fn sizes(&self, given: Option<Vec<i64>>, whole: usize) -> Result<Vec<usize>, OperatorError> {
        let sizes: Vec<usize> = match given.or_else(|| self.sizes.clone()) {
            Some(sizes) => sizes.into_iter().map(dimension).collect::<Result<_, _>>()?,
            None if self.outputs == 0 || self.outputs > whole => {
                return Err(OperatorError::Invalid(format!(
                    "{whole} values in {} parts",
                    self.outputs
                )));
            }
            None => {
                let size = whole.div_ceil(self.outputs);
                let left = |i: usize| whole.saturating_sub(i * size).min(size);
                (0..self.outputs).map(left).collect()
            }
        };
        let total = sizes.iter().try_fold(0usize, |sum, &s| sum.checked_add(s));
        if total != Some(whole) {
            return Err(OperatorError::Invalid(format!(
                "parts of {sizes:?} of {whole} values"
            )));
        }
        Ok(sizes)
    }
}

/// Slices from starts to ends along axes, in steps.
#[derive(Debug)]
pub(crate) struct Slice;

impl Operator for Slice {
    fn vjp(&self, inputs: Inputs, cotangent: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        vjp_of_selection(self, inputs, cotangent)
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Sliced
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let mut x = inputs.take(0)?;
        let starts = inputs.ints(1)?.ok_or("the starts are missing")?;
        let ends = inputs.ints(2)?.ok_or("the ends are missing")?;
        let axes = inputs.ints(3)?;
        let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = inputs.ints(4)?.unwrap_or_else(|| vec![1; starts.len()]);
        if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
            return Err(OperatorError::Invalid(
                "starts, ends, axes and steps are of different lengths".into(),
            ));
        }
        for (i, &on) in axes.iter().enumerate() {
            let on = axis(on, x.shape().len())?;
            let (start, count) = slice_range(x.shape()[on], [starts[i], ends[i], steps[i]])?;
            x = slice_axis(x, on, start, count, steps[i])?;
        }
        Ok(vec![x])
    }
}

/// First position and number of positions of a slice [start, end, step] of `side` values.
fn slice_range(side: usize, [start, end, step]: [i64; 3]) -> Result<(usize, usize), OperatorError> {
    let side = side as i64;
    let from_front = |at: i64| if at < 0 { at.saturating_add(side) } else { at };
    if step == 0 {
        return Err(OperatorError::Invalid("a slice of step 0".into()));
    }
    if side == 0 {
        return Ok((0, 0));
    }
    let (start, end) = if step > 0 {
        (
            from_front(start).clamp(0, side),
            from_front(end).clamp(0, side),
        )
    } else {
        let start = from_front(start).clamp(0, side - 1);
        // -1 stands for the position before the first, which a backward slice can end at.
        let end = from_front(end).clamp(-1, side - 1);
        (start, end)
    };
    let distance = if step > 0 { end - start } else { start - end };
    let count = if distance <= 0 {
        0
    } else {
        (distance as u64).div_ceil(step.unsigned_abs())
    };
    Ok((start.max(0) as usize, count as usize))
}

#[cfg(test)]
mod tests {
    use super::slice_range;

    #[test]
    fn slice_ranges_agree_with_python() {
        // (side, start, end, step) and Python's `range(side)[start:end:step]`: first and length.
        for (side, slice, expected) in [
            (5, [1, 3, 1], (1, 2)),
            (5, [-2, i64::MAX, 1], (3, 2)),
            (5, [0, 5, 2], (0, 3)),
            (5, [3, 1, 1], (3, 0)),
            (5, [-1, i64::MIN, -1], (4, 5)),
            (5, [3, 0, -2], (3, 2)),
            (5, [9, -9, -1], (4, 5)),
        ] {
            assert_eq!(slice_range(side, slice), Ok(expected), "{side} {slice:?}");
        }
        assert!(slice_range(5, [0, 1, 0]).is_err());
    }
}
