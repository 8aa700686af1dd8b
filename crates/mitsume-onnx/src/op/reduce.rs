//! Means, sums, extremes, products and norms over axes.

use burn::tensor::{IndexingUpdateOp, Tensor};

use super::binary::broadcast_to;
use super::{Binary, BinaryFunction, Inputs, NodeInfo, Operator, OperatorError};
use crate::ints::{Ints, axes, axis};
use crate::layout::AxisRule;
use crate::shape::outer_axis_inner;
use crate::value::{Floats, MemoryOrder, Value};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reduction {
    Mean,
    Sum,
    Max,
    Min,
    Product,
    /// Sum of absolute values.
    L1,
    /// Euclidean norm.
    L2,
    SumOfSquares,
    /// Logarithm of the sum.
    LogSum,
}

/// ReduceMean, ReduceSum, ...; the axes are an attribute or, in later opsets, an input.
#[derive(Debug)]
pub(crate) struct Reduce {
    reduction: Reduction,
    axes: Option<Vec<i64>>,
    keep: bool,
    nothing_if_empty: bool,
}

impl Reduce {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let reduction = match node.op_type {
            "ReduceMean" => Reduction::Mean,
            "ReduceSum" => Reduction::Sum,
            "ReduceMax" => Reduction::Max,
            "ReduceMin" => Reduction::Min,
            "ReduceL1" => Reduction::L1,
            "ReduceL2" => Reduction::L2,
            "ReduceSumSquare" => Reduction::SumOfSquares,
            "ReduceLogSum" => Reduction::LogSum,
            _ => Reduction::Product,
        };
        let attributes = &mut node.attributes;
        Ok(Self {
            reduction,
            axes: attributes.ints("axes"),
            keep: attributes.int("keepdims", 1) != 0,
            nothing_if_empty: attributes.int("noop_with_empty_axes", 0) != 0,
        })
    }
}

impl Operator for Reduce {
    fn mean_over(&self, rank: usize, given: Option<&[i64]>) -> Option<Vec<usize>> {
        let over = self.axis_rule().reduced(rank, given);
        over.filter(|_| self.reduction == Reduction::Mean)
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Reduced {
            axes: self.axes.clone(),
            keep: self.keep,
            nothing_if_empty: self.nothing_if_empty,
        }
    }

    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let x = inputs.float(0)?;
        let shape = x.shape().to_vec();
        let given = inputs.ints(1)?;
        let Some(over) = self.over(given, shape.len())? else {
            return Ok(vec![Some(cotangent)]);
        };
        let count: usize = over.iter().map(|&axis| shape[axis]).product();
        let mut kept = shape.clone();
        over.iter().for_each(|&axis| kept[axis] = 1);
        let cotangent = cotangent.into_row_major().reshaped(kept)?;
        let times = |a, b| Binary(BinaryFunction::Mul).floats(a, b);
        let dx = match self.reduction {
            Reduction::Mean => {
                let scale = 1.0 / count as f32;
                broadcast_to(cotangent, &shape)?.map(|y| y.mul_scalar(scale))
            }
            Reduction::Sum => broadcast_to(cotangent, &shape)?,
            Reduction::L1 => times(x.map(Tensor::sign), cotangent)?,
            Reduction::SumOfSquares => times(x, cotangent)?.map(|dx| dx.mul_scalar(2.0)),
            Reduction::L2 => {
                let length = self.floats(x.clone(), &over)?;
                let by = length.map(|length| {
                    let positive = length.clone().greater_scalar(0.0).float();
                    let zero = positive.clone().neg().add_scalar(1.0);
                    positive / (length + zero)
                });
                times(x, times(cotangent, by)?)?
            }
            Reduction::Max | Reduction::Min => self.extreme_vjp(x, &over, cotangent)?,
            Reduction::Product | Reduction::LogSum => {
                return Err(OperatorError::Unsupported(format!(
                    "a gradient through the gradient of a reduction by {:?} is not supported",
                    self.reduction
                )));
            }
        };
        Ok(vec![Some(dx)])
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let given = inputs.ints(1)?;
        let rank = x.shape().len();
        let Some(over) = self.over(given, rank)? else {
            if self.is_of_values_themselves() {
                return Ok(vec![x]);
            }
            return Err(OperatorError::Unsupported(format!(
                "a reduction by {:?} over no axis is not supported",
                self.reduction
            )));
        };
        let kept: Vec<usize> = (0..rank)
            .filter(|axis| self.keep || !over.contains(axis))
            .map(|axis| {
                if over.contains(&axis) {
                    1
                } else {
                    x.shape()[axis]
                }
            })
            .collect();
        let value = match x {
            Value::Float(x) => Value::Float(self.floats(x, &over)?.reshaped(kept)?),
            Value::Int(x) => Value::Int(self.ints(x, &over, kept)?),
        };
        Ok(vec![value])
    }
}

impl Reduce {
    /// Whether one value is reduced to itself.
    fn is_of_values_themselves(&self) -> bool {
        use Reduction::{L1, L2, LogSum, SumOfSquares};
        !matches!(self.reduction, L1 | L2 | LogSum | SumOfSquares)
    }

    /// The axes of `rank`, of which the second input may be `given`; `None` if nothing is reduced.
    fn over(
        &self,
        given: Option<Vec<i64>>,
        rank: usize,
    ) -> Result<Option<Vec<usize>>, OperatorError> {
        match given.or_else(|| self.axes.clone()) {
            Some(given) if !given.is_empty() => axes(&given, rank).map(Some),
            _ if self.nothing_if_empty => Ok(None),
            _ => Ok(Some((0..rank).collect())),
        }
    }

    fn floats(&self, x: Floats, over: &[usize]) -> Result<Floats, OperatorError> {
        let x = match self.reduction {
            Reduction::L1 => x.map(Tensor::abs),
            Reduction::L2 | Reduction::SumOfSquares => x.map(|x| x.clone() * x),
            _ => x,
        };
        let reduced = self.reduced_floats(x, over)?;
        Ok(match self.reduction {
            Reduction::L2 => reduced.map(norm),
            Reduction::LogSum => reduced.map(Tensor::log),
            _ => reduced,
        })
    }

    fn reduced_floats(&self, x: Floats, over: &[usize]) -> Result<Floats, OperatorError> {
        let shape = x.shape().to_vec();
        if x.order() == MemoryOrder::ChannelsLast && over == [2, 3] {
            // A global average pool, without converting to row-major order.
            let [n, c, inner] = [shape[0], shape[1], shape[2] * shape[3]];
            let y = self.reduce_axis(x.into_flat().reshape([n, inner, c]), inner)?;
            return Floats::new(y.reshape([n * c]), vec![n, c, 1, 1]);
        }
        let mut shape = shape;
        let mut x = x.into_row_major();
        // Adjacent axes are reduced together.
        for run in over.chunk_by(|a, b| a + 1 == *b) {
            let [outer, _, _] = outer_axis_inner(&shape, run[0]);
            let side: usize = run.iter().map(|&axis| shape[axis]).product();
            let inner = shape[run[run.len() - 1] + 1..].iter().product();
            for &axis in run {
                shape[axis] = 1;
            }
            x = Floats::from_tensor(self.reduce_axis(x.into_tensor([outer, side, inner]), side)?)
                .reshaped(shape.clone())?;
        }
        Ok(x)
    }

    /// The cotangent of an extreme goes to the first value that is it.
    fn extreme_vjp(
        &self,
        x: Floats,
        over: &[usize],
        cotangent: Floats,
    ) -> Result<Floats, OperatorError> {
        if over.windows(2).any(|pair| pair[0] + 1 != pair[1]) {
            return Err(OperatorError::Unsupported(
                "a gradient through the gradient of an extreme over axes that are not adjacent is \
                 not supported"
                    .into(),
            ));
        }
        let shape = x.shape().to_vec();
        let [outer, _, _] = outer_axis_inner(&shape, over[0]);
        let side: usize = over.iter().map(|&axis| shape[axis]).product();
        let inner = shape[over[over.len() - 1] + 1..].iter().product();
        let x = x.into_tensor([outer, side, inner]);
        let g = cotangent.into_tensor([outer, 1, inner]);
        let is_max = self.reduction == Reduction::Max;
        Floats::from_tensor(extreme_vjp(x, g, is_max)).reshaped(shape)
    }

    /// Reduces the middle axis.
    fn reduce_axis(&self, x: Tensor<3>, side: usize) -> Result<Tensor<3>, OperatorError> {
        Ok(match self.reduction {
            Reduction::Mean => x.mean_dim(1),
            Reduction::Sum
            | Reduction::L1
            | Reduction::L2
            | Reduction::SumOfSquares
            | Reduction::LogSum => x.sum_dim(1),
            Reduction::Max => x.max_dim(1),
            Reduction::Min => x.min_dim(1),
            Reduction::Product if side == 1 => x,
            Reduction::Product => {
                return Err(OperatorError::Unsupported(
                    "a product of float32 numbers is not supported".into(),
                ));
            }
        })
    }

    /// Reduces one axis, which is enough for computations with shapes.
    fn ints(&self, x: Ints, over: &[usize], kept: Vec<usize>) -> Result<Ints, OperatorError> {
        let &[over] = over else {
            return Err(OperatorError::Invalid(
                "integers are reduced over one axis only".into(),
            ));
        };
        let [outer, side, inner] = outer_axis_inner(&x.shape, axis(over as i64, x.shape.len())?);
        let mut data = Vec::with_capacity(outer * inner);
        for o in 0..outer {
            for i in 0..inner {
                let mut line = (0..side).map(|s| x.data[(o * side + s) * inner + i]);
                data.push(match self.reduction {
                    Reduction::Sum => line.fold(0, i64::wrapping_add),
                    Reduction::Product => line.fold(1, i64::wrapping_mul),
                    Reduction::Max => line.next().map_or(
                        Err(OperatorError::Invalid("an empty axis".into())),
                        |first| Ok(line.fold(first, i64::max)),
                    )?,
                    Reduction::Min => line.next().map_or(
                        Err(OperatorError::Invalid("an empty axis".into())),
                        |first| Ok(line.fold(first, i64::min)),
                    )?,
                    other => {
                        return Err(OperatorError::Unsupported(format!(
                            "a reduction of integers by {other:?} is not supported"
                        )));
                    }
                });
            }
        }
        Ints::new(data, kept)
    }
}

/// The cotangent of x for that of its largest values (or smallest) along the middle axis, g: at the first
/// of them, else 0.
pub(super) fn extreme_vjp(x: Tensor<3>, g: Tensor<3>, is_max: bool) -> Tensor<3> {
    let zeros = x.zeros_like();
    let at = match is_max {
        true => x.argmax(1),
        false => x.argmin(1),
    };
    zeros.scatter(1, at, g, IndexingUpdateOp::Add)
}

/// The square root of a sum of squares, whose gradient is 0 where it is 0, as PyTorch has it.
pub(super) fn norm<const D: usize>(squares: Tensor<D>) -> Tensor<D> {
    let positive = squares.clone().greater_scalar(0.0).float();
    let zero = positive.clone().neg().add_scalar(1.0);
    (squares + zero).sqrt() * positive
}
