//! Limits of files and tensors. A file of a few bytes can describe a tensor of any size, so every
//! size is checked here before memory is allocated for it.

use crate::op::OperatorError;

/// Largest model or external data file: the limit of protobuf for one message.
pub const MAX_FILE_BYTES: u64 = 2 << 30;
/// Most nodes of a graph; torchvision's largest classifiers have a few thousand.
pub const MAX_NODES: usize = 100_000;
/// Most values in one tensor: 1 GiB of float32.
pub const MAX_ELEMENTS: usize = 1 << 28;
/// Most values alive at a time while a model runs: 8 GiB of float32.
pub const MAX_LIVE_ELEMENTS: usize = 1 << 31;
/// Most axes of a tensor.
pub const MAX_RANK: usize = 8;

/// Number of values of a tensor of `shape`; an error if it is too large.
pub fn elements(shape: &[usize]) -> Result<usize, OperatorError> {
    let too_large =
        || OperatorError::Invalid(format!("a tensor of shape {shape:?} would be too large"));
    if shape.len() > MAX_RANK {
        return Err(OperatorError::Invalid(format!(
            "a tensor of {} axes; at most {MAX_RANK}",
            shape.len()
        )));
    }
    let count = shape
        .iter()
        .try_fold(1usize, |count, &side| count.checked_mul(side))
        .ok_or_else(too_large)?;
    if count > MAX_ELEMENTS {
        return Err(too_large());
    }
    Ok(count)
}

/// As [`elements`], of float32 values: a tensor without any is an error too.
pub fn float_elements(shape: &[usize]) -> Result<usize, OperatorError> {
    match elements(shape)? {
        0 => Err(OperatorError::Invalid(format!(
            "a tensor of shape {shape:?} has no values"
        ))),
        count => Ok(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_overflow_or_exceed_the_limit_are_refused() {
        assert_eq!(elements(&[2, 3]), Ok(6));
        assert_eq!(elements(&[]), Ok(1));
        assert_eq!(elements(&[usize::MAX, 0, 5]), Ok(0));
        for shape in [&[usize::MAX, 2][..], &[MAX_ELEMENTS + 1], &[1; 9]] {
            assert!(elements(shape).is_err(), "{shape:?}");
        }
    }
}
