//! Backward inference: axes of a value from the operators that read it.

use super::axes::{Axes, Axis, AxisKind, Factor, Role};
use super::axis_rules::{AxisRule, NodeAxes, permutation};

/// What a reader tells of the axes of an input; none where it tells nothing.
pub(super) type Evidence = Vec<Option<Axis>>;

impl AxisRule {
    /// Of input `i`, whose axes are `made` as far as its making tells, from what is known of the first `output`.
    pub(super) fn backward(&self, at: &NodeAxes, i: usize, made: &Axes, output: &Axes) -> Evidence {
        let Some(shape) = at.shapes[i] else {
            return vec![None; made.0.len()];
        };
        let rank = shape.len();
        // Displaced pixels stay displaced, whatever axes the operator expects.
        let whole = |kind, on: usize| {
            let unknown = made.role(on) == Role::Unknown;
            unknown.then(|| vec![Factor::whole(kind, shape[on])])
        };
        let mut told: Evidence = vec![None; rank];
        match self {
            Self::Pointwise => {
                for (on, told) in told.iter_mut().enumerate() {
                    let to = from_the_end(output, rank, on);
                    let same = |to: usize| at.outputs[0]?.get(to).map(|side| *side == shape[on]);
                    if to.and_then(same) == Some(true) {
                        *told = to.and_then(|to| known(output, to));
                    }
                }
            }
            Self::Kept if i == 0 => told = (0..rank).map(|on| known(output, on)).collect(),
            Self::Normalised { axis } if i == 0 && rank >= 1 => {
                told = (0..rank).map(|on| known(output, on)).collect();
                if *axis == -1 || *axis == rank as i64 - 1 {
                    told[rank - 1] = whole(AxisKind::Channel, rank - 1);
                }
            }
            Self::PerChannel | Self::Windowed | Self::GlobalPool if i == 0 && rank >= 2 => {
                told[0] = known(output, 0);
                told[1] = whole(AxisKind::Channel, 1);
                if rank == 4 {
                    (told[2], told[3]) = (whole(AxisKind::Row, 2), whole(AxisKind::Column, 3));
                }
            }
            Self::Reshaped if i == 0 => {
                let input = output.reshaped(shape);
                told = (0..rank).map(|on| known(&input, on)).collect();
            }
            Self::Permuted { order } => {
                for (to, from) in permutation(order.as_deref(), rank).into_iter().enumerate() {
                    if from < rank {
                        told[from] = known(output, to);
                    }
                }
            }
            Self::Reduced { keep, .. } if i == 0 => {
                let over = self.reduced(rank, at.ints(1)).unwrap_or_default();
                let kept = (0..rank).filter(|on| *keep || !over.contains(on));
                for (to, on) in kept.enumerate() {
                    told[on] = known(output, to);
                }
                pooled(&mut told, &over, *keep, whole);
            }
            Self::Product if i < 2 && rank >= 2 && at.is_constant(1 - i) => {
                let of = |on: usize| known(output, from_the_end(output, rank, on)?);
                for (on, told) in told.iter_mut().enumerate().take(rank - 2) {
                    *told = of(on);
                }
                let (own, contracted) = if i == 0 {
                    (rank - 2, rank - 1)
                } else {
                    (rank - 1, rank - 2)
                };
                told[own] = of(own);
                if i == 0 {
                    told[contracted] = whole(AxisKind::Channel, contracted);
                }
            }
            _ => {}
        }
        told
    }
}

/// A mean over two axes in the middle or at the end, of which neither is the images', is one over
/// rows and columns, and what is left holds channels; so does what is left of a mean over tokens.
fn pooled(
    told: &mut Evidence,
    over: &[usize],
    keep: bool,
    whole: impl Fn(AxisKind, usize) -> Option<Axis>,
) {
    match (told.len(), over) {
        (4, &[row, column]) if row > 0 && column == row + 1 => {
            told[row] = whole(AxisKind::Row, row);
            told[column] = whole(AxisKind::Column, column);
            let channels = 6 - row - column;
            told[channels] = whole(AxisKind::Channel, channels);
        }
        (3, &[1]) if !keep => told[2] = whole(AxisKind::Channel, 2),
        _ => {}
    }
}

/// The axis of `output` that axis `on` of `rank` is, counted from the last; none where it has too few.
fn from_the_end(output: &Axes, rank: usize, on: usize) -> Option<usize> {
    (on + output.0.len()).checked_sub(rank)
}

/// An axis that there is and that something is known of.
fn known(axes: &Axes, on: usize) -> Option<Axis> {
    let axis = axes.0.get(on)?;
    let open = matches!(
        axes.role(on),
        Role::Unknown | Role::Single | Role::Displaced | Role::Mixture
    );
    (!open).then(|| axis.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A product with a vector has an axis less than its input.
    #[test]
    fn an_output_of_fewer_axes_tells_of_those_that_it_has() {
        let (made, output) = (Axes::unknown(&[5, 2, 3]), Axes::unknown(&[5]));
        let (input, vector, result) = ([5, 2, 3], [3], [5]);
        let at = NodeAxes {
            inputs: vec![Some(&made), None],
            shapes: vec![Some(&input), Some(&vector)],
            constant: vec![false, true],
            ints: vec![None, None],
            outputs: vec![Some(&result)],
        };
        let channels = Some(vec![Factor::whole(AxisKind::Channel, 3)]);
        let told = AxisRule::Product.backward(&at, 0, &made, &output);
        assert_eq!(told, [None, None, channels]);
        let told = AxisRule::Pointwise.backward(&at, 0, &made, &output);
        assert_eq!(told, [None, None, None]);
        let told = AxisRule::Kept.backward(&at, 0, &made, &output);
        assert_eq!(told, [None, None, None]);
    }
}
