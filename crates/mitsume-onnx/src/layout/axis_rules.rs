//! Axis rules of operators: output axes from input axes.

mod parts;

use super::axes::{
    Axes, Axis, AxisKind, Factor, Role, axis, is_channel, is_spatial, role, spans_pixels,
};
use crate::ints::{axes as all_axes, axis as one_axis};
use parts::{concatenated, gathered, padded, part_of_split, sliced};

/// How an operator moves axes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AxisRule {
    /// Element-wise, with inputs broadcast to the shape of the output.
    Pointwise,
    /// The first input's axes.
    Kept,
    /// The first input's axes, normalised over all from `axis` on.
    Normalised { axis: i64 },
    /// The first input's axes, [N, C, ...]; each channel is computed by itself.
    PerChannel,
    /// Sliding windows over [N, C, h, w].
    Windowed,
    /// [N, C, ...] to [N, C, 1, ...].
    GlobalPool,
    /// The same values in another shape.
    Reshaped,
    /// The axes in another order; reversed if `order` is none.
    Permuted { order: Option<Vec<i64>> },
    /// A reduction over axes that are given here or as the second input.
    Reduced {
        axes: Option<Vec<i64>>,
        keep: bool,
        nothing_if_empty: bool,
    },
    /// Matrix products over the last two axes of two inputs.
    Product,
    /// The product of two matrices, each transposed or not.
    MatrixProduct { transposed: [bool; 2] },
    /// Attention of heads: the first input's axes but the last, which is the third input's.
    Attention,
    /// Inputs concatenated along an axis.
    Concatenated { axis: i64 },
    /// An axis split into parts, one for each output.
    Split { axis: i64 },
    /// Slices; starts, ends, axes and steps are inputs.
    Sliced,
    /// Positions of an axis; the indices are the second input.
    Gathered { axis: i64 },
    /// Padding; the amounts are the second input, the axes the fourth.
    Padded,
    /// Repeats along every axis; the numbers are the second input.
    Tiled,
    /// Axes that do not follow from the inputs.
    Unrelated,
}

/// A node with the axes and shapes of its inputs.
pub(crate) struct NodeAxes<'a> {
    /// Axes of its inputs; none for values that do not depend on the image.
    pub inputs: Vec<Option<&'a Axes>>,
    /// Shapes of its inputs.
    pub shapes: Vec<Option<&'a [usize]>>,
    /// Inputs that do not depend on the image.
    pub constant: Vec<bool>,
    /// Values of integer inputs, if known.
    pub ints: Vec<Option<&'a [i64]>>,
    /// Shapes of its outputs.
    pub outputs: Vec<Option<&'a [usize]>>,
}

impl NodeAxes<'_> {
    pub fn input(&self, i: usize) -> Option<&Axes> {
        self.inputs.get(i).copied().flatten()
    }

    pub fn ints(&self, i: usize) -> Option<&[i64]> {
        self.ints.get(i).copied().flatten()
    }

    pub fn is_constant(&self, i: usize) -> bool {
        self.constant.get(i).copied().unwrap_or(false)
    }

    /// Inputs that depend on the image.
    fn computed(&self) -> impl Iterator<Item = (usize, &Axes)> {
        let inputs = self.inputs.iter().enumerate();
        inputs.filter_map(|(i, axes)| Some((i, (*axes)?)).filter(|_| !self.is_constant(i)))
    }
}

impl AxisRule {
    /// The axes of each output.
    pub fn forward(&self, node: &NodeAxes) -> Vec<Axes> {
        let shapes = node.outputs.iter().map(|shape| shape.unwrap_or(&[]));
        let each = shapes.enumerate().map(|(i, shape)| {
            let axes = self.output(node, i, shape);
            axes.filter(|axes| axes.0.len() == shape.len())
                .unwrap_or_else(|| Axes::unknown(shape))
        });
        each.collect()
    }

    fn output(&self, node: &NodeAxes, i: usize, shape: &[usize]) -> Option<Axes> {
        match self {
            Self::Pointwise => Some(pointwise(node, shape)),
            Self::Kept | Self::Normalised { .. } => node.input(0).cloned(),
            Self::PerChannel => per_channel(node.input(0)?, shape),
            Self::Windowed => windowed(node.input(0)?, node.shapes[0]?, shape),
            Self::GlobalPool => Some(Axes(
                [&node.input(0)?.0[..2], &vec![Axis::new(); shape.len() - 2]].concat(),
            )),
            Self::Reshaped => Some(node.input(0)?.reshaped(shape)),
            Self::Permuted { order } => permuted(node.input(0)?, order.as_deref()),
            Self::Reduced { keep, .. } => {
                let axes = node.input(0)?;
                let over = self.reduced(axes.0.len(), node.ints(1))?;
                Some(without_reduced(axes, &over, *keep))
            }
            Self::Product => product(node, shape),
            Self::MatrixProduct { transposed } => {
                let rows = node.input(0)?.0.get(usize::from(transposed[0]))?.clone();
                let contracted = node.input(0)?.0.get(usize::from(!transposed[0]))?;
                Some(Axes(vec![rows, contraction(contracted, shape[1])]))
            }
            Self::Attention => {
                let (q, v) = (node.input(0)?, node.input(2)?);
                Some(Axes(
                    [&q.0[..q.0.len() - 1], &[v.0.last()?.clone()]].concat(),
                ))
            }
            Self::Concatenated { axis } => {
                concatenated(node, one_axis(*axis, shape.len()).ok()?, shape)
            }
            Self::Split { axis } => part_of_split(node, i, *axis, shape),
            Self::Sliced => sliced(node, shape),
            Self::Gathered { axis } => gathered(node, *axis, shape),
            Self::Padded => padded(node, shape),
            Self::Tiled => Some(tiled(node.input(0)?, node.shapes[0]?, shape)),
            Self::Unrelated => None,
        }
    }

    /// The axes that a reduction of `rank` axes is over; `given` is its second input.
    pub fn reduced(&self, rank: usize, given: Option<&[i64]>) -> Option<Vec<usize>> {
        let Self::Reduced {
            axes,
            nothing_if_empty,
            ..
        } = self
        else {
            return None;
        };
        match given.or(axes.as_deref()) {
            Some(given) if !given.is_empty() => all_axes(given, rank).ok(),
            _ if *nothing_if_empty => Some(Vec::new()),
            _ => Some((0..rank).collect()),
        }
    }
}

/// The order of a transpose of `rank` axes; reversed if none is given.
pub(super) fn permutation(order: Option<&[i64]>, rank: usize) -> Vec<usize> {
    match order {
        Some(order) => order
            .iter()
            .map(|&i| usize::try_from(i).unwrap_or(rank))
            .collect(),
        None => (0..rank).rev().collect(),
    }
}

fn permuted(axes: &Axes, order: Option<&[i64]>) -> Option<Axes> {
    let order = permutation(order, axes.0.len()).into_iter();
    let permuted = order.map(|from| axes.0.get(from).cloned());
    Some(Axes(permuted.collect::<Option<_>>()?))
}

/// `axes` after a reduction over those of `over`, which stay with length 1 if `keep`.
fn without_reduced(axes: &Axes, over: &[usize], keep: bool) -> Axes {
    let reduced = |(i, axis): (usize, &Axis)| match (over.contains(&i), keep) {
        (false, _) => Some(axis.clone()),
        (true, true) => Some(Axis::new()),
        (true, false) => None,
    };
    Axes(axes.0.iter().enumerate().filter_map(reduced).collect())
}

/// `axes` of lengths `from`, repeated to those of `shape`.
fn tiled(axes: &Axes, from: &[usize], shape: &[usize]) -> Axes {
    let sides = axes.0.iter().zip(from.iter().zip(shape));
    let repeated = sides.map(|(old, (from, to))| match from == to {
        true => old.clone(),
        false if is_spatial(old) => axis(AxisKind::Displaced, *to),
        false => axis(AxisKind::Unknown, *to),
    });
    Axes(repeated.collect())
}

/// Merges two axes of broadcast inputs; known pixel axes take precedence.
fn merged(a: &Axis, b: &Axis) -> Axis {
    let rank = |axis: &Axis| match role(axis) {
        Role::Unknown => 0,
        Role::Single => 1,
        Role::Displaced => 2,
        Role::Mixture => 3,
        _ => 4,
    };
    if rank(b) > rank(a) {
        b.clone()
    } else {
        a.clone()
    }
}

fn pointwise(node: &NodeAxes, shape: &[usize]) -> Axes {
    let mut out = Axes::unknown(shape);
    for (i, axes) in node.computed() {
        let rank = axes.0.len();
        let Some(sides) = node.shapes[i].filter(|_| rank <= shape.len()) else {
            continue;
        };
        for (from, axis) in axes.0.iter().enumerate() {
            let to = from + shape.len() - rank;
            if sides[from] == shape[to] {
                out.0[to] = merged(&out.0[to], axis);
            }
        }
    }
    out
}

fn per_channel(axes: &Axes, shape: &[usize]) -> Option<Axes> {
    let mut out = axes.clone();
    if axes.role(1) == Role::Unknown {
        out.0[1] = axis(AxisKind::Channel, shape[1]);
    }
    pixels_if_unknown(&mut out, axes, shape);
    Some(out)
}

/// Takes axes 2 and 3 of [N, C, h, w] for rows and columns where `input` has unknown ones.
fn pixels_if_unknown(out: &mut Axes, input: &Axes, shape: &[usize]) {
    if shape.len() != 4 {
        return;
    }
    for (i, kind) in [(2, AxisKind::Row), (3, AxisKind::Column)] {
        if input.role(i) == Role::Unknown {
            out.0[i] = vec![Factor::whole(kind, shape[i])];
        }
    }
}

fn windowed(axes: &Axes, from: &[usize], shape: &[usize]) -> Option<Axes> {
    let mut out = Axes::unknown(shape);
    out.0[0] = axes.0.first()?.clone();
    out.0[1] = vec![Factor::whole(AxisKind::Channel, shape[1])];
    for i in 2..shape.len() {
        out.0[i] = match axes.role(i) {
            Role::Row => vec![Factor::whole(AxisKind::Row, shape[i])],
            Role::Column => vec![Factor::whole(AxisKind::Column, shape[i])],
            Role::Unknown => Axis::new(),
            _ if from[i] == shape[i] => axes.0[i].clone(),
            _ => axis(AxisKind::Displaced, shape[i]),
        };
    }
    pixels_if_unknown(&mut out, axes, shape);
    Some(out)
}

/// An axis of length `side`, each position computed from the whole axis `contracted`.
fn contraction(contracted: &Axis, side: usize) -> Axis {
    match spans_pixels(contracted) && !is_channel(contracted) {
        true => axis(AxisKind::Displaced, side),
        false => vec![Factor::whole(AxisKind::Channel, side)],
    }
}

fn product(node: &NodeAxes, shape: &[usize]) -> Option<Axes> {
    let rank = shape.len();
    let computed = |i: usize| {
        let axes = node.input(i).filter(|_| !node.is_constant(i))?;
        (axes.0.len() >= 2).then_some(axes)
    };
    let (rows, columns) = (rank.checked_sub(2)?, rank - 1);
    let mut out = Axes::unknown(shape);
    for (i, axes) in [0, 1].into_iter().filter_map(|i| Some((i, computed(i)?))) {
        let own = axes.0.len() - 2;
        for (from, axis) in axes.0[..own].iter().enumerate() {
            let to = from + rows - own;
            if node.shapes[i]?[from] == shape[to] {
                out.0[to] = merged(&out.0[to], axis);
            }
        }
    }
    match (computed(0), computed(1)) {
        (Some(a), Some(b)) => {
            out.0[rows] = a.0[a.0.len() - 2].clone();
            out.0[columns] = b.0.last()?.clone();
        }
        (Some(a), None) => {
            out.0[rows] = a.0[a.0.len() - 2].clone();
            out.0[columns] = contraction(a.0.last()?, shape[columns]);
        }
        (None, Some(b)) => {
            out.0[rows] = contraction(&b.0[b.0.len() - 2], shape[rows]);
            out.0[columns] = b.0.last()?.clone();
        }
        (None, None) => return None,
    }
    Some(out)
}
