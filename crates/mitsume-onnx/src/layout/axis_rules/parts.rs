//! Axis rules of concatenation, slices, gathers and padding.

use super::super::axes::{Axes, Axis, AxisKind, Factor, Role, axis, is_spatial};
use super::{NodeAxes, merged};
use crate::ints::axis as one_axis;

pub(super) fn concatenated(node: &NodeAxes, on: usize, shape: &[usize]) -> Option<Axes> {
    let mut out = Axes::unknown(shape);
    let mut along: Vec<(Role, usize)> = Vec::new();
    for (i, axes) in node.inputs.iter().enumerate() {
        let side = node.shapes.get(i).copied().flatten()?[on];
        let Some(axes) = axes.filter(|_| !node.is_constant(i)) else {
            along.push((Role::Single, side));
            continue;
        };
        for (to, axis) in axes.0.iter().enumerate().filter(|(to, _)| *to != on) {
            out.0[to] = merged(&out.0[to], axis);
        }
        along.push((axes.role(on), side));
    }
    out.0[on] = concatenated_axis(&along, shape[on]);
    Some(out)
}

/// The axis that results from concatenating axes with these roles and lengths. Inputs that do not
/// depend on the image are `Single`.
fn concatenated_axis(along: &[(Role, usize)], side: usize) -> Axis {
    let spatial = |role: &Role| {
        matches!(
            role,
            Role::Row | Role::Column | Role::Grid { .. } | Role::Displaced | Role::Mixture
        )
    };
    let pixels: Vec<usize> = (0..along.len()).filter(|&i| spatial(&along[i].0)).collect();
    let other = |i: usize| matches!(along[i].0, Role::Single | Role::Unknown);
    match pixels[..] {
        [] if along.iter().any(|(role, _)| *role == Role::Channel) => {
            vec![Factor::whole(AxisKind::Channel, side)]
        }
        [] => axis(AxisKind::Unknown, side),
        [one] if (0..along.len()).all(|i| i == one || other(i)) => {
            let front: usize = along[..one].iter().map(|(_, side)| side).sum();
            let back = side - front - along[one].1;
            match along[one].0 {
                Role::Grid {
                    prefix_tokens,
                    grid,
                } => {
                    let prefix_tokens = prefix_tokens + front;
                    vec![Factor::whole(
                        AxisKind::Tokens {
                            prefix_tokens,
                            grid,
                        },
                        side,
                    )]
                }
                Role::Row => padded_axis(AxisKind::Row, side, [front, back]),
                Role::Column => padded_axis(AxisKind::Column, side, [front, back]),
                _ => axis(AxisKind::Displaced, side),
            }
        }
        _ => axis(AxisKind::Displaced, side),
    }
}

fn padded_axis(kind: AxisKind, side: usize, padded: [usize; 2]) -> Axis {
    vec![Factor {
        padded,
        ..Factor::whole(kind, side)
    }]
}

/// Output `i` of a split along `axis`; `shape` is that output's.
pub(super) fn part_of_split(node: &NodeAxes, i: usize, axis: i64, shape: &[usize]) -> Option<Axes> {
    let on = one_axis(axis, shape.len()).ok()?;
    let mut sides = node.outputs.iter().map(|shape| shape.map(|s| s[on]));
    let part = AxisSlice {
        start: sides.by_ref().take(i).sum::<Option<usize>>()?,
        count: shape[on],
        step: 1,
    };
    Some(with_sliced_axis(node.input(0)?, on, part))
}

/// `count` positions of an axis from `start` on, `step` apart.
#[derive(Clone, Copy)]
struct AxisSlice {
    start: usize,
    count: usize,
    step: i64,
}

/// `axes` with a slice of axis `on`.
fn with_sliced_axis(axes: &Axes, on: usize, part: AxisSlice) -> Axes {
    let mut out = axes.clone();
    out.0[on] = sliced_axis(axes, on, part);
    out
}

fn sliced_axis(axes: &Axes, on: usize, part: AxisSlice) -> Axis {
    let old = &axes.0[on];
    let whole: usize = old.iter().map(|factor| factor.size).product();
    let AxisSlice { start, count, step } = part;
    if start == 0 && count == whole && step == 1 {
        return old.clone();
    }
    let last = start as i64 + (count as i64 - 1) * step;
    let end_to_end = step > 0 && (start as i64) < step && last + step >= whole as i64;
    let kind = match axes.role(on) {
        Role::Channel => return vec![Factor::whole(AxisKind::Channel, count)],
        Role::Single | Role::Batch | Role::Unknown => return axis(AxisKind::Unknown, count),
        Role::Row => AxisKind::Row,
        Role::Column => AxisKind::Column,
        Role::Grid {
            prefix_tokens,
            grid: [rows, columns],
        } => {
            let own = rows * columns;
            return match step == 1 && start + count >= prefix_tokens + own && start <= prefix_tokens
            {
                true if start == prefix_tokens && count == own => {
                    vec![
                        Factor::whole(AxisKind::Row, rows),
                        Factor::whole(AxisKind::Column, columns),
                    ]
                }
                true => {
                    let prefix_tokens = prefix_tokens - start;
                    let grid = [rows, columns];
                    vec![Factor::whole(
                        AxisKind::Tokens {
                            prefix_tokens,
                            grid,
                        },
                        count,
                    )]
                }
                // Tokens outside the grid, or a part of it.
                false => axis(AxisKind::Displaced, count),
            };
        }
        Role::Displaced | Role::Mixture => return axis(AxisKind::Displaced, count),
    };
    let [before, after] = old[0].padded;
    let end = whole - (start + count).min(whole);
    if step == 1 && start <= before && end <= after {
        return padded_axis(kind, count, [before - start, after - end]);
    }
    if end_to_end && step > 1 {
        return vec![Factor::whole(kind, count)];
    }
    axis(AxisKind::Displaced, count)
}

pub(super) fn sliced(node: &NodeAxes, shape: &[usize]) -> Option<Axes> {
    let mut axes = node.input(0)?.clone();
    let (starts, ends) = (node.ints(1)?, node.ints(2)?);
    let from = node.shapes[0]?;
    let rank = from.len();
    let on: Vec<i64> = match node.ints(3) {
        Some(on) => on.to_vec(),
        None => (0..starts.len() as i64).collect(),
    };
    if ends.len() != starts.len() || on.len() != starts.len() {
        return None;
    }
    for (i, &on) in on.iter().enumerate() {
        let on = one_axis(on, rank).ok()?;
        let step = node
            .ints(4)
            .map_or(Some(1), |steps| steps.get(i).copied())?;
        let side = from[on] as i64;
        let start = if starts[i] < 0 {
            starts[i].saturating_add(side)
        } else {
            starts[i]
        };
        let start = start.clamp(0, side) as usize;
        let part = AxisSlice {
            start,
            count: shape[on],
            step,
        };
        axes = with_sliced_axis(&axes, on, part);
    }
    Some(axes)
}

pub(super) fn gathered(node: &NodeAxes, on: i64, shape: &[usize]) -> Option<Axes> {
    let axes = node.input(0)?;
    let on = one_axis(on, axes.0.len()).ok()?;
    let (before, after) = (&axes.0[..on], &axes.0[on + 1..]);
    let middle = match (node.shapes.get(1).copied().flatten()?, node.ints(1)) {
        ([], _) => Vec::new(),
        ([count], Some(places)) if !places.is_empty() => {
            let step = places.get(1).map_or(1, |second| second - places[0]);
            let even = places.windows(2).all(|pair| pair[1] - pair[0] == step);
            let start = usize::try_from(places[0])
                .ok()
                .filter(|_| even && step != 0);
            let part = start.map(|start| AxisSlice {
                start,
                count: *count,
                step,
            });
            vec![match part {
                Some(part) => sliced_axis(axes, on, part),
                None if axes.role(on) == Role::Channel => {
                    vec![Factor::whole(AxisKind::Channel, *count)]
                }
                None if is_spatial(&axes.0[on]) => axis(AxisKind::Displaced, *count),
                None => axis(AxisKind::Unknown, *count),
            }]
        }
        (&[taps, blocks], Some(places)) => windows_of(axes, on, places, [taps, blocks])
            .unwrap_or_else(|| {
                [taps, blocks]
                    .map(|side| axis(AxisKind::Unknown, side))
                    .to_vec()
            }),
        (places, _) => places
            .iter()
            .map(|&side| axis(AxisKind::Unknown, side))
            .collect(),
    };
    Some(Axes([before, &middle, after].concat())).filter(|axes| axes.0.len() == shape.len())
}

/// Rows or columns gathered as blocks, as PyTorch's `unfold` is exported: positions `tap * dilation + block * stride`
/// give an axis of taps and one of blocks.
fn windows_of(axes: &Axes, on: usize, places: &[i64], sides: [usize; 2]) -> Option<Vec<Axis>> {
    let kind = match axes.role(on) {
        Role::Row => AxisKind::Row,
        Role::Column => AxisKind::Column,
        _ => return None,
    };
    let [taps, blocks] = sides;
    let step = |at: usize| {
        places
            .get(at)
            .and_then(|&place| usize::try_from(place).ok())
    };
    let dilation = if taps > 1 { step(blocks)? } else { 1 };
    let stride = if blocks > 1 { step(1)? } else { 1 };
    let regular = places
        .iter()
        .enumerate()
        .all(|(i, &place)| place == (i / blocks * dilation + i % blocks * stride) as i64);
    let whole: usize = axes.0[on].iter().map(|factor| factor.size).product();
    // Blocks that do not lie side by side from end to end are no map.
    if places.len() != taps * blocks || !regular || blocks * stride != whole {
        return None;
    }
    let factor = |size, stride| {
        vec![Factor {
            stride,
            whole,
            ..Factor::whole(kind, size)
        }]
    };
    Some(vec![factor(taps, dilation), factor(blocks, stride)])
}

pub(super) fn padded(node: &NodeAxes, shape: &[usize]) -> Option<Axes> {
    let axes = node.input(0)?;
    let pads = node.ints(1)?;
    let rank = shape.len();
    let on: Vec<usize> = match node.ints(3) {
        Some(on) => on
            .iter()
            .map(|&on| one_axis(on, rank).ok())
            .collect::<Option<_>>()?,
        None => (0..rank).collect(),
    };
    if pads.len() != 2 * on.len() {
        return None;
    }
    let mut out = axes.clone();
    for (i, &on) in on.iter().enumerate() {
        let amounts = [pads[i], pads[i + pads.len() / 2]];
        if amounts == [0, 0] {
            continue;
        }
        let more = amounts.map(|amount| usize::try_from(amount).ok());
        let old = axes.0[on].first().map_or([0; 2], |factor| factor.padded);
        out.0[on] = match (axes.role(on), more) {
            (Role::Row, [Some(a), Some(b)]) => {
                padded_axis(AxisKind::Row, shape[on], [a + old[0], b + old[1]])
            }
            (Role::Column, [Some(a), Some(b)]) => {
                padded_axis(AxisKind::Column, shape[on], [a + old[0], b + old[1]])
            }
            (Role::Channel, _) => vec![Factor::whole(AxisKind::Channel, shape[on])],
            (Role::Single | Role::Unknown, _) => axis(AxisKind::Unknown, shape[on]),
            _ => axis(AxisKind::Displaced, shape[on]),
        };
    }
    Some(out)
}
