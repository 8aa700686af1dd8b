//! Transpose and DepthToSpace.

use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::ints::{Ints, dimension};
use crate::layout::AxisRule;
use crate::value::{Floats, MemoryOrder, Value};

/// Permutes axes; reverses them if no order is given.
#[derive(Debug)]
pub(crate) struct Transpose {
    order: Option<Vec<i64>>,
}

impl Transpose {
    pub fn parse(node: &mut NodeInfo) -> Self {
        Self {
            order: node.attributes.ints("perm"),
        }
    }
}

impl Operator for Transpose {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Permuted {
            order: self.order.clone(),
        }
    }

    fn vjp(
        &self,
        _inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let order = self.order(cotangent.rank())?;
        Ok(vec![Some(permuted(cotangent, &inverse(&order))?)])
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let order = self.order(x.shape().len())?;
        Ok(vec![match x {
            Value::Float(x) => Value::Float(permuted(x, &order)?),
            Value::Int(x) => Value::Int(permuted_ints(&x, &order)),
        }])
    }
}

impl Transpose {
    /// Whether it transposes a matrix.
    pub fn is_of_matrix(&self) -> bool {
        self.order.as_deref() == Some(&[1, 0])
    }

    /// Whether it swaps the last two of three axes or more and keeps the others.
    pub fn swaps_last_axes(&self) -> bool {
        let Some([kept @ .., a, b]) = self.order.as_deref() else {
            return false;
        };
        let count = kept.len() as i64;
        !kept.is_empty() && kept.iter().copied().eq(0..count) && [*a, *b] == [count + 1, count]
    }

    /// The order of `rank` axes, a permutation.
    fn order(&self, rank: usize) -> Result<Vec<usize>, OperatorError> {
        let order: Vec<usize> = match &self.order {
            Some(order) => order
                .iter()
                .map(|&a| dimension(a))
                .collect::<Result<_, _>>()?,
            None => (0..rank).rev().collect(),
        };
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if sorted != (0..rank).collect::<Vec<_>>() {
            return Err(OperatorError::Invalid(format!(
                "{order:?} is no order of {rank} axes"
            )));
        }
        Ok(order)
    }
}

/// The order that undoes `order`, a permutation.
pub(super) fn inverse(order: &[usize]) -> Vec<usize> {
    let mut back = vec![0; order.len()];
    for (to, &from) in order.iter().enumerate() {
        back[from] = to;
    }
    back
}

/// `x` of two axes or more with the last two swapped.
pub(super) fn with_last_axes_swapped(x: Floats) -> Result<Floats, OperatorError> {
    let mut order: Vec<usize> = (0..x.rank()).collect();
    if let [.., a, b] = &mut order[..] {
        std::mem::swap(a, b);
    }
    permuted(x, &order)
}

/// `x` with its axes in `order`, a permutation.
pub(super) fn permuted(x: Floats, order: &[usize]) -> Result<Floats, OperatorError> {
    let shape: Vec<usize> = order.iter().map(|&axis| x.shape()[axis]).collect();
    // Between [N, C, H, W] and channels last only the label changes.
    if order == [0, 2, 3, 1] && x.order() == MemoryOrder::ChannelsLast {
        return Floats::new(x.into_flat(), shape);
    }
    if order == [0, 3, 1, 2] && x.order() == MemoryOrder::RowMajor {
        return Floats::with_order(x.into_flat(), shape, MemoryOrder::ChannelsLast);
    }
    // A channel shuffle: transposes the [groups, channels] of each pixel.
    if order == [0, 2, 1, 3, 4] && x.order() == MemoryOrder::GroupsLast {
        return Ok(x.shuffled_groups());
    }
    Ok(x.permuted(order))
}

fn permuted_ints(x: &Ints, order: &[usize]) -> Ints {
    let shape: Vec<usize> = order.iter().map(|&axis| x.shape[axis]).collect();
    let stride = |axis: usize| x.shape[axis + 1..].iter().product::<usize>();
    let strides: Vec<usize> = order.iter().map(|&axis| stride(axis)).collect();
    let place = |mut at: usize| {
        let mut from = 0;
        for axis in (0..shape.len()).rev() {
            from += at % shape[axis] * strides[axis];
            at /= shape[axis];
        }
        x.data[from]
    };
    let data = (0..x.data.len()).map(place).collect();
    Ints { data, shape }
}

/// DepthToSpace: blocks of channels become blocks of pixels.
#[derive(Debug)]
pub(crate) struct DepthToSpace {
    block: usize,
    columns_first: bool,
}

impl DepthToSpace {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let mode = node.attributes.text("mode")?;
        Ok(Self {
            block: dimension(node.attributes.int("blocksize", 0))?,
            columns_first: match mode.as_str() {
                "" | "DCR" => false,
                "CRD" => true,
                other => {
                    return Err(OperatorError::Unsupported(format!(
                        "mode {other} is not known"
                    )));
                }
            },
        })
    }
}

impl Operator for DepthToSpace {
    /// Blocks of pixels become blocks of channels.
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let shape = inputs.float(0)?.shape().to_vec();
        let [n, depth, h, w] = cotangent.image_shape()?;
        let b = self.block;
        let sides = vec![n, depth, h / b, b, w / b, b];
        let order = match self.columns_first {
            true => [0, 1, 3, 5, 2, 4],
            false => [0, 3, 5, 1, 2, 4],
        };
        let dx = permuted(cotangent.into_row_major().reshaped(sides)?, &order)?;
        Ok(vec![Some(dx.reshaped(shape)?)])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Windowed
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let [n, c, h, w] = x.image_shape()?;
        let b = self.block;
        if b == 0 || b > 64 || !c.is_multiple_of(b * b) {
            return Err(OperatorError::Invalid(format!(
                "{c} channels to squares of {b}"
            )));
        }
        let depth = c / (b * b);
        let (sides, order) = if self.columns_first {
            (vec![n, depth, b, b, h, w], [0, 1, 4, 2, 5, 3])
        } else {
            (vec![n, b, b, depth, h, w], [0, 3, 4, 1, 5, 2])
        };
        let result =
            permuted(x.reshaped(sides)?, &order)?.reshaped(vec![n, depth, h * b, w * b])?;
        Ok(vec![Value::Float(result)])
    }
}
