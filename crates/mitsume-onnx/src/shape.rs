//! Shapes of operations' results.

use crate::op::OperatorError;

/// The shape two tensors are broadcast to (ONNX, which is NumPy's rule): sides are compared from the
/// last one on, and 1 stands for any.
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

/// `shape` with sides of 1 in front, `rank` in all.
pub fn padded(shape: &[usize], rank: usize) -> Vec<usize> {
    let mut padded = vec![1; rank.saturating_sub(shape.len())];
    padded.extend_from_slice(shape);
    padded
}

/// Collapses axes that are contiguous in all three shapes.
pub fn collapsed_axes(a: &[usize], b: &[usize], out: &[usize]) -> Vec<[usize; 3]> {
    let (a, b) = (padded(a, out.len()), padded(b, out.len()));
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

/// Values before, on and after an axis: a tensor as [outer, side, inner].
pub fn outer_axis_inner(shape: &[usize], axis: usize) -> [usize; 3] {
    [
        shape[..axis].iter().product(),
        shape[axis],
        shape[axis + 1..].iter().product(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stands_for_any_side() {
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
