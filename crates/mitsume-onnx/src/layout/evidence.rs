//! Backward inference: axes of a value from the operators that read it.

use super::axes::{Axes, Axis, AxisKind, Factor, Role};
use super::axis_rules::{AxisRule, NodeAxes, permutation};

/// The axes of an input as a reader uses them; `None` where nothing follows from the reader.
pub(super) type Evidence = Vec<Option<Axis>>;

impl AxisRule {
    /// What follows for the axes of input `i` from what is known of the first `output`.
    ///
    /// `forward` are the axes of the input by forward inference.
    pub(super) fn backward(
        &self,
        node: &NodeAxes,
        i: usize,
        forward: &Axes,
        output: &Axes,
    ) -> Evidence {
        let Some(shape) = node.shapes[i] else {
            return vec![None; forward.0.len()];
        };
        let rank = shape.len();
        // Displaced pixels stay displaced, whatever axes the operator expects.
        let whole_axis = |kind, axis: usize| {
            let unknown = forward.role(axis) == Role::Unknown;
            unknown.then(|| vec![Factor::whole(kind, shape[axis])])
        };
        match self {
            Self::Pointwise => pointwise(node, shape, output),
            Self::Kept if i == 0 => all_known(output, rank),
            Self::Normalised { axis: first } if i == 0 && rank >= 1 => {
                let mut evidence = all_known(output, rank);
                if *first == -1 || *first == rank as i64 - 1 {
                    evidence[rank - 1] = whole_axis(AxisKind::Channel, rank - 1);
                }
                evidence
            }
            Self::PerChannel | Self::Windowed | Self::GlobalPool if i == 0 && rank >= 2 => {
                channels_first(rank, output, whole_axis)
            }
            Self::Reshaped if i == 0 => all_known(&output.reshaped(shape), rank),
            Self::Permuted { order } => permuted(order.as_deref(), rank, output),
            Self::Reduced { keep, .. } if i == 0 => {
                let over = self.reduced(rank, node.ints(1)).unwrap_or_default();
                let mut evidence = not_reduced(rank, &over, *keep, output);
                pooled(&mut evidence, &over, *keep, whole_axis);
                evidence
            }
            Self::Product if i < 2 && rank >= 2 && node.is_constant(1 - i) => {
                let mut evidence = product(i, rank, output);
                if i == 0 {
                    evidence[rank - 1] = whole_axis(AxisKind::Channel, rank - 1);
                }
                evidence
            }
            _ => vec![None; rank],
        }
    }
}

/// The known axes of `axes`, of which there are `rank`.
fn all_known(axes: &Axes, rank: usize) -> Evidence {
    (0..rank).map(|axis| known(axes, axis)).collect()
}

/// An input [N, C, ...], of which four axes are [N, C, h, w].
fn channels_first(
    rank: usize,
    output: &Axes,
    whole_axis: impl Fn(AxisKind, usize) -> Option<Axis>,
) -> Evidence {
    let mut evidence = vec![None; rank];
    evidence[0] = known(output, 0);
    evidence[1] = whole_axis(AxisKind::Channel, 1);
    if rank == 4 {
        evidence[2] = whole_axis(AxisKind::Row, 2);
        evidence[3] = whole_axis(AxisKind::Column, 3);
    }
    evidence
}

/// The input of a transpose.
fn permuted(order: Option<&[i64]>, rank: usize, output: &Axes) -> Evidence {
    let mut evidence = vec![None; rank];
    for (to, from) in permutation(order, rank).into_iter().enumerate() {
        if let Some(axis) = evidence.get_mut(from) {
            *axis = known(output, to);
        }
    }
    evidence
}

/// The input of a reduction over the axes of `over`: the other ones; all of them if `keep`.
fn not_reduced(rank: usize, over: &[usize], keep: bool, output: &Axes) -> Evidence {
    let mut evidence = vec![None; rank];
    let kept = (0..rank).filter(|axis| keep || !over.contains(axis));
    for (to, axis) in kept.enumerate() {
        evidence[axis] = known(output, to);
    }
    evidence
}

/// An input of `shape` that is broadcast: the axes along which it is as long as the output.
fn pointwise(node: &NodeAxes, shape: &[usize], output: &Axes) -> Evidence {
    let evidence = |(axis, side): (usize, &usize)| {
        let to = from_last(output, shape.len(), axis)?;
        let is_same = node.outputs[0]?.get(to) == Some(side);
        is_same.then(|| known(output, to))?
    };
    shape.iter().enumerate().map(evidence).collect()
}

/// Input `i` of a matrix product with a constant: all axes but the contracted one.
fn product(i: usize, rank: usize, output: &Axes) -> Evidence {
    let contracted = if i == 0 { rank - 1 } else { rank - 2 };
    let evidence = |axis: usize| match axis == contracted {
        true => None,
        false => known(output, from_last(output, rank, axis)?),
    };
    (0..rank).map(evidence).collect()
}

/// A mean over two adjacent axes, neither of them the batch, is over rows and columns, and the
/// remaining axis holds channels. So does the remaining axis of a mean over tokens.
fn pooled(
    evidence: &mut Evidence,
    over: &[usize],
    keep: bool,
    whole_axis: impl Fn(AxisKind, usize) -> Option<Axis>,
) {
    match (evidence.len(), over) {
        (4, &[row, column]) if row > 0 && column == row + 1 => {
            evidence[row] = whole_axis(AxisKind::Row, row);
            evidence[column] = whole_axis(AxisKind::Column, column);
            let channels = 6 - row - column;
            evidence[channels] = whole_axis(AxisKind::Channel, channels);
        }
        (3, &[1]) if !keep => evidence[2] = whole_axis(AxisKind::Channel, 2),
        _ => {}
    }
}

/// The axis of `output` that is as far from the last one as `axis` of `rank`; `None` if the output
/// has fewer axes.
fn from_last(output: &Axes, rank: usize, axis: usize) -> Option<usize> {
    (axis + output.0.len()).checked_sub(rank)
}

/// Axis `axis`, if it exists and its role is known.
fn known(axes: &Axes, axis: usize) -> Option<Axis> {
    let factors = axes.0.get(axis)?;
    let open = matches!(
        axes.role(axis),
        Role::Unknown | Role::Single | Role::Displaced | Role::Mixture
    );
    (!open).then(|| factors.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A product with a vector has one axis fewer than its input.
    #[test]
    fn an_output_with_fewer_axes_gives_evidence_for_those_it_has() {
        let (forward, output) = (Axes::unknown(&[5, 2, 3]), Axes::unknown(&[5]));
        let (input, vector, result) = ([5, 2, 3], [3], [5]);
        let node = NodeAxes {
            inputs: vec![Some(&forward), None],
            shapes: vec![Some(&input), Some(&vector)],
            constant: vec![false, true],
            ints: vec![None, None],
            outputs: vec![Some(&result)],
        };
        let channels = Some(vec![Factor::whole(AxisKind::Channel, 3)]);
        let evidence = AxisRule::Product.backward(&node, 0, &forward, &output);
        assert_eq!(evidence, [None, None, channels]);
        let evidence = AxisRule::Pointwise.backward(&node, 0, &forward, &output);
        assert_eq!(evidence, [None, None, None]);
        let evidence = AxisRule::Kept.backward(&node, 0, &forward, &output);
        assert_eq!(evidence, [None, None, None]);
    }
}
