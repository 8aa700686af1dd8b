//! Integer tensors on the host (shapes, axes, indices).

use crate::limits;
use crate::op::OperatorError;

/// A tensor of integers, or of truth values as 0 and 1, in row-major order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ints {
    /// The values.
    pub data: Vec<i64>,
    /// The shape; empty for a scalar.
    pub shape: Vec<usize>,
}

impl Ints {
    /// An error unless the number of values is that of the shape.
    pub fn new(data: Vec<i64>, shape: Vec<usize>) -> Result<Self, OperatorError> {
        let expected = limits::elements(&shape)?;
        if data.len() != expected {
            return Err(OperatorError::Invalid(format!(
                "{} integers for a tensor of shape {shape:?}",
                data.len()
            )));
        }
        Ok(Self { data, shape })
    }

    /// A tensor with one axis.
    pub fn vector(data: Vec<i64>) -> Self {
        let shape = vec![data.len()];
        Self { data, shape }
    }

    /// The value of a tensor with one value.
    pub fn scalar(&self) -> Result<i64, OperatorError> {
        match self.data[..] {
            [value] => Ok(value),
            _ => Err(OperatorError::Invalid(format!(
                "one integer expected, {} found",
                self.data.len()
            ))),
        }
    }
}

/// `axis` counted from the front, for a tensor of `rank` axes; negative axes count from the end.
pub fn axis(axis: i64, rank: usize) -> Result<usize, OperatorError> {
    let from_front = if axis < 0 {
        axis.checked_add(rank as i64)
    } else {
        Some(axis)
    };
    from_front
        .and_then(|axis| usize::try_from(axis).ok())
        .filter(|&axis| axis < rank)
        .ok_or_else(|| OperatorError::Invalid(format!("axis {axis} of a tensor of {rank} axes")))
}

/// `axes` counted from the front and sorted; an error if one is given twice.
pub fn axes(axes: &[i64], rank: usize) -> Result<Vec<usize>, OperatorError> {
    let mut all = axes
        .iter()
        .map(|&a| axis(a, rank))
        .collect::<Result<Vec<_>, _>>()?;
    all.sort_unstable();
    if all.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(OperatorError::Invalid(format!("an axis twice in {axes:?}")));
    }
    Ok(all)
}

/// The length of an axis; an error if negative.
pub fn dimension(value: i64) -> Result<usize, OperatorError> {
    usize::try_from(value).map_err(|_| OperatorError::Invalid(format!("a side of {value}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_count_from_either_end() {
        assert_eq!((axis(1, 4), axis(-1, 4)), (Ok(1), Ok(3)));
        assert!(axis(4, 4).is_err() && axis(-5, 4).is_err() && axis(i64::MIN, 4).is_err());
        assert_eq!(axes(&[-1, 0], 3), Ok(vec![0, 2]));
        assert!(axes(&[-1, 2], 3).is_err());
    }
}
