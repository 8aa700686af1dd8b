//! What a model may ask of memory. A file of a few bytes can describe a tensor of any size; every
//! size is checked here before anything is allocated for it.

use crate::op::OperatorError;

/// Largest model file, with its external data each: what protobuf itself allows for one message.
pub const FILE_BYTES: u64 = 2 << 30;
/// Most nodes of a graph. The largest of torchvision's classifiers have a few thousand.
pub const NODES: usize = 100_000;
/// Most values in one tensor: 1 GiB of float32.
pub const ELEMENTS: usize = 1 << 28;
/// Most values alive at a time while a model runs: 8 GiB of float32.
pub const LIVE_ELEMENTS: usize = 1 << 31;
/// Most axes of a tensor.
pub const RANK: usize = 8;

/// Number of values of `shape`, if a tensor may have it.
pub fn elements(shape: &[usize]) -> Result<usize, OperatorError> {
    let too_large =
        || OperatorError::Invalid(format!("a tensor of shape {shape:?} would be too large"));
    if shape.len() > RANK {
        return Err(OperatorError::Invalid(format!(
            "a tensor of {} axes; at most {RANK}",
            shape.len()
        )));
    }
    let count = shape
        .iter()
        .try_fold(1usize, |count, &side| count.checked_mul(side))
        .ok_or_else(too_large)?;
    if count > ELEMENTS {
        return Err(too_large());
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_overflow_or_exceed_the_limit_are_refused() {
        assert_eq!(elements(&[2, 3]), Ok(6));
        assert_eq!(elements(&[]), Ok(1));
        assert_eq!(elements(&[usize::MAX, 0, 5]), Ok(0));
        for shape in [&[usize::MAX, 2][..], &[ELEMENTS + 1], &[1; 9]] {
            assert!(elements(shape).is_err(), "{shape:?}");
        }
    }
}
