//! Element-wise operators of two tensors, broadcast to one shape.

use burn::tensor::{Device, Tensor};

use super::{Inputs, Operator, OperatorError, OutputType};
use crate::ints::Ints;
use crate::layout::AxisRule;
use crate::limits;
use crate::shape::{broadcast, collapsed_axes, outer_axis_inner, with_leading_ones};
use crate::value::{Floats, MemoryOrder, Value};

/// A function of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryFunction {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Min,
    Max,
    Mod,
    Equal,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    And,
    Or,
}

impl BinaryFunction {
    fn apply_ints(self, a: i64, b: i64) -> Result<i64, OperatorError> {
        let nonzero = || (b != 0).then_some(b).ok_or("division by zero");
        Ok(match self {
            Self::Add => a.wrapping_add(b),
            Self::Sub => a.wrapping_sub(b),
            Self::Mul => a.wrapping_mul(b),
            Self::Div => a.wrapping_div(nonzero()?),
            // The result has the sign of the divisor, as in Python.
            Self::Mod => a.wrapping_rem(nonzero()?).wrapping_add(b).wrapping_rem(b),
            Self::Pow => a.wrapping_pow(u32::try_from(b).map_err(|_| "a negative power")?),
            Self::Min => a.min(b),
            Self::Max => a.max(b),
            Self::Equal => (a == b).into(),
            Self::Greater => (a > b).into(),
            Self::Less => (a < b).into(),
            Self::GreaterOrEqual => (a >= b).into(),
            Self::LessOrEqual => (a <= b).into(),
            Self::And => (a != 0 && b != 0).into(),
            Self::Or => (a != 0 || b != 0).into(),
        })
    }

    /// Whether the result is true or false.
    pub fn is_comparison(self) -> bool {
        use BinaryFunction::{And, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Or};
        matches!(
            self,
            Equal | Greater | Less | GreaterOrEqual | LessOrEqual | And | Or
        )
    }

    fn apply_floats<const D: usize>(
        self,
        a: Tensor<D>,
        b: Tensor<D>,
    ) -> Result<Tensor<D>, OperatorError> {
        Ok(match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::Pow => a.powf(b),
            Self::Min => a.min_pair(b),
            Self::Max => a.max_pair(b),
            _ => return Err(OperatorError::IntegersExpected),
        })
    }
}

/// An element-wise operator of two tensors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binary(pub BinaryFunction);

impl Operator for Binary {
    fn run(&self, inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let device = inputs.device.clone();
        let [a, b]: [Value; 2] = inputs
            .all()?
            .try_into()
            .map_err(|_| OperatorError::Invalid("two inputs expected".to_owned()))?;
        let result = match (a, b) {
            (Value::Int(a), Value::Int(b)) => Value::Int(self.ints(&a, &b)?),
            (Value::Float(a), Value::Float(b)) if self.0.is_comparison() => {
                Value::Int(self.compared(a, b)?)
            }
            // The result would be integers.
            (Value::Int(_), Value::Float(_)) if self.0 == BinaryFunction::Pow => {
                return Err(OperatorError::Unsupported(
                    "a power of integers by float32 is not supported".into(),
                ));
            }
            (a, b) => {
                let (a, b) = (float(a, &device)?, float(b, &device)?);
                Value::Float(self.floats(a, b)?)
            }
        };
        Ok(vec![result])
    }

    fn vjp(&self, inputs: Inputs, cotangent: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        let device = inputs.device.clone();
        let [a, b]: [Value; 2] = inputs
            .all()?
            .try_into()
            .map_err(|_| OperatorError::Invalid("two inputs expected".to_owned()))?;
        let (a, b) = (float(a, &device)?, float(b, &device)?);
        let apply = |function, a, b| Binary(function).floats(a, b);
        let (g, a_shape, b_shape) = (cotangent, a.shape().to_vec(), b.shape().to_vec());
        let negative = |x: Floats| x.map(Tensor::neg);
        let (da, db) = match self.0 {
            BinaryFunction::Add => (g.clone(), Some(g)),
            BinaryFunction::Sub => (g.clone(), Some(negative(g))),
            BinaryFunction::Mul => (
                apply(BinaryFunction::Mul, g.clone(), b)?,
                Some(apply(BinaryFunction::Mul, g, a)?),
            ),
            BinaryFunction::Div => {
                let quotient = apply(BinaryFunction::Div, g.clone(), b.clone())?;
                let value = apply(BinaryFunction::Div, a, b)?;
                let db = apply(BinaryFunction::Mul, quotient.clone(), value)?;
                (quotient, Some(negative(db)))
            }
            BinaryFunction::Pow if b_shape.iter().product::<usize>() == 1 => {
                let exponent = b.into_flat().into_scalar::<f32>();
                let slope = a.map(|a| power(a, exponent - 1.0).mul_scalar(exponent));
                (apply(BinaryFunction::Mul, g, slope)?, None)
            }
            BinaryFunction::Min | BinaryFunction::Max => {
                // Of equal values the first is taken.
                let comparison = match self.0 {
                    BinaryFunction::Min => BinaryFunction::LessOrEqual,
                    _ => BinaryFunction::GreaterOrEqual,
                };
                let first = Binary(comparison).compared(a, b)?;
                let first = float(Value::Int(first), &device)?;
                let second = first.clone().map(|x| x.neg().add_scalar(1.0));
                (
                    apply(BinaryFunction::Mul, g.clone(), first)?,
                    Some(apply(BinaryFunction::Mul, g, second)?),
                )
            }
            other => {
                return Err(OperatorError::Unsupported(format!(
                    "a gradient through the gradient of {other:?} is not supported"
                )));
            }
        };
        let db = db.map(|db| summed_to(db, &b_shape)).transpose()?;
        Ok(vec![Some(summed_to(da, &a_shape)?), db])
    }

    fn output_shape(
        &self,
        inputs: &[Option<&[usize]>],
    ) -> Option<Result<Vec<usize>, OperatorError>> {
        // Comparisons give truth values.
        let ([Some(a), Some(b)], false) = (inputs, self.0.is_comparison()) else {
            return None;
        };
        matches!(
            self.0,
            BinaryFunction::Add
                | BinaryFunction::Sub
                | BinaryFunction::Mul
                | BinaryFunction::Div
                | BinaryFunction::Pow
                | BinaryFunction::Min
                | BinaryFunction::Max
        )
        .then(|| broadcast(a, b))
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    fn output_type(&self) -> OutputType {
        match self.0.is_comparison() {
            true => OutputType::Int,
            false => OutputType::FloatIfAnyInput,
        }
    }

    fn is_linear(&self) -> bool {
        self.0 == BinaryFunction::Add
    }
}

/// Integers as floats.
fn float(value: Value, device: &Device) -> Result<Floats, OperatorError> {
    match value {
        Value::Float(floats) => Ok(floats),
        Value::Int(ints) => {
            let values = ints.data.iter().map(|&v| v as f32).collect();
            Floats::from_values(values, ints.shape, device)
        }
    }
}

/// `x` broadcast to `shape`.
pub(super) fn broadcast_to(x: Floats, shape: &[usize]) -> Result<Floats, OperatorError> {
    let count = limits::elements(shape)?;
    let zeros = Tensor::<1>::zeros([count], &x.device());
    Binary(BinaryFunction::Add).floats(x, Floats::new(zeros, shape.to_vec())?)
}

/// The sum of `x` over the axes along which a tensor of `shape` is broadcast to it.
pub(super) fn summed_to(x: Floats, shape: &[usize]) -> Result<Floats, OperatorError> {
    if x.shape() == shape {
        return Ok(x);
    }
    let mut sides = x.shape().to_vec();
    let target = with_leading_ones(shape, sides.len());
    let mut x = x.into_row_major();
    for axis in 0..sides.len() {
        if target[axis] != sides[axis] {
            let [outer, side, inner] = outer_axis_inner(&sides, axis);
            let sum = x.into_tensor([outer, side, inner]).sum_dim(1);
            sides[axis] = 1;
            x = Floats::from_tensor(sum).reshaped(sides.clone())?;
        }
    }
    x.reshaped(shape.to_vec())
}

impl Binary {
    fn ints(self, a: &Ints, b: &Ints) -> Result<Ints, OperatorError> {
        let shape = broadcast(&a.shape, &b.shape)?;
        let data = broadcast_ints(a, &shape)?
            .into_iter()
            .zip(broadcast_ints(b, &shape)?)
            .map(|(a, b)| self.0.apply_ints(a, b))
            .collect::<Result<_, _>>()?;
        Ints::new(data, shape)
    }

    /// Comparisons run on the host. Their results are constant almost everywhere.
    fn compared(self, a: Floats, b: Floats) -> Result<Ints, OperatorError> {
        let shape = broadcast(a.shape(), b.shape())?;
        let on_host = |x: Floats| {
            let shape = x.shape().to_vec();
            let ranks = x
                .without_gradient()
                .into_host()?
                .into_iter()
                .map(total_order_key)
                .collect();
            Ints::new(ranks, shape)
        };
        let (a, b) = (on_host(a)?, on_host(b)?);
        let (a, b) = (broadcast_ints(&a, &shape)?, broadcast_ints(&b, &shape)?);
        let compared = a.into_iter().zip(b).map(|(a, b)| self.0.apply_ints(a, b));
        Ints::new(compared.collect::<Result<_, _>>()?, shape)
    }

    pub fn floats(self, a: Floats, b: Floats) -> Result<Floats, OperatorError> {
        if self.0 == BinaryFunction::Pow && b.shape().iter().product::<usize>() == 1 {
            // The derivative of a power with a tensor as exponent is undefined for negative bases.
            let exponent = b.into_flat().into_scalar::<f32>();
            let shape = broadcast(a.shape(), &[])?;
            return a.map(|a| power(a, exponent)).reshaped_as(shape);
        }
        let out = broadcast(a.shape(), b.shape())?;
        limits::elements(&out)?;
        let last = out.len() == 4
            && [&a, &b]
                .iter()
                .any(|x| x.order() == MemoryOrder::ChannelsLast && x.shape() == out);
        let order = if last {
            MemoryOrder::ChannelsLast
        } else {
            MemoryOrder::RowMajor
        };
        let (a, a_shape) = in_memory_order(a, order)?;
        let (b, b_shape) = in_memory_order(b, order)?;
        let in_memory = shape_in_memory(&out, order);
        let axes = collapsed_axes(&a_shape, &b_shape, &in_memory);
        let result = match axes.len() {
            0 => self.apply_collapsed::<1>(a, b, &axes),
            1 => self.apply_collapsed::<1>(a, b, &axes),
            2 => self.apply_collapsed::<2>(a, b, &axes),
            3 => self.apply_collapsed::<3>(a, b, &axes),
            4 => self.apply_collapsed::<4>(a, b, &axes),
            _ => self.apply_collapsed::<8>(a, b, &axes),
        }?;
        Floats::with_order(result, out, order)
    }

    fn apply_collapsed<const D: usize>(
        self,
        a: Tensor<1>,
        b: Tensor<1>,
        axes: &[[usize; 3]],
    ) -> Result<Tensor<1>, OperatorError> {
        let sides = |i: usize| {
            let mut sides = [1; D];
            for (side, axis) in sides.iter_mut().zip(axes) {
                *side = axis[i];
            }
            sides
        };
        let result = self
            .0
            .apply_floats(a.reshape(sides(0)), b.reshape(sides(1)))?;
        let count: usize = sides(2).iter().product();
        Ok(result.reshape([count]))
    }
}

/// An i64 that orders like the f32 (NaN above all others).
fn total_order_key(x: f32) -> i64 {
    let bits = i64::from((x + 0.0).to_bits() as i32);
    if bits < 0 {
        i64::from(i32::MIN) - bits
    } else {
        bits
    }
}

fn power(x: Tensor<1>, exponent: f32) -> Tensor<1> {
    match exponent {
        0.5 => x.sqrt(),
        1.0 => x,
        2.0 => x.clone() * x,
        exponent => x.powf_scalar(exponent),
    }
}

/// The shape in the order of the axes in memory.
fn shape_in_memory(shape: &[usize], order: MemoryOrder) -> Vec<usize> {
    match order {
        MemoryOrder::RowMajor | MemoryOrder::GroupsLast => shape.to_vec(),
        MemoryOrder::ChannelsLast => {
            let s = with_leading_ones(shape, 4);
            vec![s[0], s[2], s[3], s[1]]
        }
    }
}

/// Values in `order`, and their shape in the order of the axes in memory.
fn in_memory_order(
    x: Floats,
    order: MemoryOrder,
) -> Result<(Tensor<1>, Vec<usize>), OperatorError> {
    let shape = shape_in_memory(x.shape(), order);
    let data = match order {
        MemoryOrder::RowMajor | MemoryOrder::GroupsLast => x.into_row_major().into_flat(),
        MemoryOrder::ChannelsLast => {
            let four = with_leading_ones(x.shape(), 4);
            x.reshaped_as(four)?.into_channels_last().into_flat()
        }
    };
    Ok((data, shape))
}

/// The values of `ints` broadcast to `shape`.
pub(super) fn broadcast_ints(ints: &Ints, shape: &[usize]) -> Result<Vec<i64>, OperatorError> {
    let count = limits::elements(shape)?;
    let from = with_leading_ones(&ints.shape, shape.len());
    let mut strides = vec![0; shape.len()];
    let mut stride = 1;
    for axis in (0..shape.len()).rev() {
        strides[axis] = if from[axis] == 1 { 0 } else { stride };
        stride *= from[axis];
    }
    let place = |mut at: usize| {
        let mut index = 0;
        for axis in (0..shape.len()).rev() {
            index += at % shape[axis] * strides[axis];
            at /= shape[axis];
        }
        ints.data[index]
    };
    Ok((0..count).map(place).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn floats(values: &[f32], shape: &[usize]) -> Floats {
        Floats::from_values(values.to_vec(), shape.to_vec(), &Device::flex()).unwrap()
    }

    fn values(x: Floats) -> Vec<f32> {
        let count = x.shape().iter().product::<usize>();
        x.into_tensor([count]).into_data().try_into_vec().unwrap()
    }

    #[test]
    fn broadcasting_does_not_depend_on_memory_order() {
        let a: Vec<f32> = (0..24).map(|v| v as f32).collect();
        let a = floats(&a, &[2, 3, 2, 2]);
        let per_channel = floats(&[100.0, 200.0, 300.0], &[3, 1, 1]);
        let per_image = floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3, 1, 1]);
        let row = floats(&[0.5, 0.25], &[2]);
        for b in [per_channel, per_image, row, a.clone()] {
            let plain = Binary(BinaryFunction::Add).floats(a.clone(), b.clone());
            let last =
                Binary(BinaryFunction::Add).floats(a.clone().into_channels_last(), b.clone());
            let turned =
                Binary(BinaryFunction::Add).floats(b.clone(), a.clone().into_channels_last());
            let expected: Vec<f32> = {
                let [n, c, h, w] = [2, 3, 2, 2];
                let (shape, b) = (with_leading_ones(b.shape(), 4), values(b));
                let at = |i: usize| {
                    let place = [i / (c * h * w), i / (h * w) % c, i / w % h, i % w];
                    let mut index = 0;
                    for (place, side) in place.iter().zip(&shape) {
                        index = index * side + place % side;
                    }
                    i as f32 + b[index]
                };
                (0..n * c * h * w).map(at).collect()
            };
            for result in [plain, last, turned] {
                assert_eq!(values(result.unwrap()), expected);
            }
        }
    }

    #[test]
    fn total_order_keys_order_like_the_floats() {
        let numbers = [
            f32::NEG_INFINITY,
            -2.5,
            -1e-40,
            0.0,
            1e-40,
            1.0,
            f32::INFINITY,
        ];
        for pair in numbers.windows(2) {
            assert!(
                total_order_key(pair[0]) < total_order_key(pair[1]),
                "{pair:?}"
            );
        }
        assert_eq!(total_order_key(0.0), total_order_key(-0.0));
    }

    #[test]
    fn integers_divide_towards_zero_and_zero_is_refused() {
        let int = |v: i64| Ints::new(vec![v], vec![]).unwrap();
        let result = |kind, a, b| Binary(kind).ints(&int(a), &int(b)).map(|v| v.data[0]);
        assert_eq!(result(BinaryFunction::Div, -7, 2), Ok(-3));
        assert_eq!(result(BinaryFunction::Mod, -7, 3), Ok(2));
        assert_eq!(result(BinaryFunction::Mod, 7, -3), Ok(-2));
        assert_eq!(result(BinaryFunction::Div, i64::MIN, -1), Ok(i64::MIN));
        assert!(
            result(BinaryFunction::Div, 1, 0).is_err()
                && result(BinaryFunction::Mod, 1, 0).is_err()
        );
    }
}
