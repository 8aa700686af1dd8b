//! Broadcasting, and shapes with axes merged.

use crate::op::OperatorError;

/// The shape that two tensors are broadcast to, by NumPy's rule, which ONNX has too: axes are
/// compared from the last one on, and a length of 1 is repeated.
pub fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, OperatorError> {
    let rank = a.len().max(b.len());
    let side = |shape: &[usize], i: usize| match (i + shape.len()).checked_sub(rank) {
        Some(at) => shape[at],
        None => 1,
    };
    (0..rank)
        .map(|i| match (side(a, i), side(b, i)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => Err(OperatorError::Invalid(format!(
                "shapes {a:?} and {b:?} do not go together"
            ))),
        })
        .collect()
}

/// `shape` with leading axes of length 1, `rank` axes in all.
pub fn with_leading_ones(shape: &[usize], rank: usize) -> Vec<usize> {
    let mut padded = vec![1; rank.saturating_sub(shape.len())];
    padded.extend_from_slice(shape);
    padded
}

/// The shapes [a, b, out] of a broadcast operation with as few axes as possible: adjacent axes are
/// merged where each of `a` and `b` is broadcast along both or along neither.
pub fn collapsed_axes(a: &[usize], b: &[usize], out: &[usize]) -> Vec<[usize; 3]> {
    let (a, b) = (
        with_leading_ones(a, out.len()),
        with_leading_ones(b, out.len()),
    );
    let mut axes: Vec<[usize; 3]> = Vec::new();
    for i in 0..out.len() {
        let now = [a[i], b[i], out[i]];
        if now[2] == 1 {
            continue;
        }
        match axes.last_mut() {
            Some(last)
                if (last[0] == last[2]) == (now[0] == now[2])
                    && (last[1] == last[2]) == (now[1] == now[2]) =>
            {
                for (last, now) in last.iter_mut().zip(now) {
                    *last *= now;
                }
            }
            _ => axes.push(now),
        }
    }
    axes
}

/// A tensor's shape as [outer, axis, inner]: the products of the lengths before and after `axis`.
pub fn outer_axis_inner(shape: &[usize], axis: usize) -> [usize; 3] {
    [
        shape[..axis].iter().product(),
        shape[axis],
        shape[axis + 1..].iter().product(),
    ]
}

/// A tensor's shape as rows [outer, inner]: the products of the lengths before `axis` and from it on.
pub fn rows_from(shape: &[usize], axis: usize) -> [usize; 2] {
    let (outer, inner) = shape.split_at(axis);
    [outer, inner].map(|sides| sides.iter().product())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_of_length_1_are_broadcast() {
        assert_eq!(broadcast(&[2, 1, 4], &[3, 1]), Ok(vec![2, 3, 4]));
        assert_eq!(broadcast(&[], &[5]), Ok(vec![5]));
        assert!(broadcast(&[2], &[3]).is_err());
    }

    #[test]
    fn contiguous_axes_are_collapsed() {
        let out = [8, 16, 7, 7];
        assert_eq!(collapsed_axes(&out, &out, &out), [[6272; 3]]);
        assert_eq!(
            collapsed_axes(&out, &[8, 16, 1, 1], &out),
            [[128, 128, 128], [49, 1, 49]]
        );
        assert_eq!(
            collapsed_axes(&out, &[16, 1, 1], &out),
            [[8, 1, 8], [16, 16, 16], [49, 1, 49]]
        );
    }
}
