//! The meaning of the axes of a value (images, channels, rows, columns), through reshapes.

use super::FeatureLayout;

/// What an axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AxisKind {
    /// Images of a batch.
    Batch,
    /// Channels (features), in any order.
    Channel,
    /// Rows of the image, from the top.
    Row,
    /// Columns of the image, from the left.
    Column,
    /// Tokens: `prefix_tokens` (such as a class token), then the pixels of a grid, row by row.
    Tokens {
        /// Tokens before the grid.
        prefix_tokens: usize,
        /// Rows and columns.
        grid: [usize; 2],
    },
    /// Pixels, but not in the order of the image: shifted, cropped or mixed.
    Displaced,
    /// Unknown.
    Unknown,
}

/// A factor of an axis (einops calls it an elementary axis): an axis of length a * b that was split
/// into [a, b] is two factors, wherever transposes and reshapes put them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Factor {
    pub kind: AxisKind,
    pub size: usize,
    /// Distance of two neighbours, in positions along the axis that was split.
    pub stride: usize,
    /// Length of the axis that was split.
    pub whole: usize,
    /// Padding before and after, part of `whole`.
    pub padded: [usize; 2],
}

impl Factor {
    /// An axis that was not split.
    pub fn whole(kind: AxisKind, size: usize) -> Self {
        Self {
            kind,
            size,
            stride: 1,
            whole: size,
            padded: [0; 2],
        }
    }

    /// Whether it covers the axis from end to end. Where an axis is split into windows, the index
    /// of the window does; the position within a window does not.
    fn spans(self) -> bool {
        self.size * self.stride == self.whole
    }

    fn is_spatial(self) -> bool {
        matches!(
            self.kind,
            AxisKind::Row | AxisKind::Column | AxisKind::Tokens { .. } | AxisKind::Displaced
        )
    }

    /// Splits it into an outer factor of size `outer` and an inner one of `size / outer`.
    fn split(self, outer: usize) -> [Self; 2] {
        let inner = self.size / outer;
        let kind = match self.kind {
            AxisKind::Tokens { .. } => AxisKind::Displaced,
            kind => kind,
        };
        [
            Self {
                kind,
                size: outer,
                stride: self.stride * inner,
                ..self
            },
            Self {
                kind,
                size: inner,
                ..self
            },
        ]
    }

    /// One factor of `self` and `inner`, if they were split from one.
    fn rejoined(self, inner: Self) -> Option<Self> {
        let known = !matches!(self.kind, AxisKind::Unknown | AxisKind::Displaced);
        let one = known
            && self.kind == inner.kind
            && self.whole == inner.whole
            && self.stride == inner.size * inner.stride;
        one.then_some(Self {
            size: self.size * inner.size,
            stride: inner.stride,
            ..self
        })
    }
}

/// The factors of an axis, outermost first. An axis of length 1 has none, or one of size 1.
pub(crate) type Axis = Vec<Factor>;

/// The meaning of an axis as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Batch,
    Channel,
    Row,
    Column,
    /// Tokens: `prefix_tokens`, then pixels row by row.
    Grid {
        prefix_tokens: usize,
        grid: [usize; 2],
    },
    /// Of length 1.
    Single,
    /// Pixels that are not in the order of the image.
    Displaced,
    /// A mixture, such as windows of several images.
    Mixture,
    Unknown,
}

/// The axes of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Axes(pub Vec<Axis>);

impl Axes {
    /// Axes of a value of which only the shape is known.
    pub fn unknown(shape: &[usize]) -> Self {
        Self(
            shape
                .iter()
                .map(|&side| axis(AxisKind::Unknown, side))
                .collect(),
        )
    }

    /// Axes of images [N, C, H, W].
    pub fn image(shape: [usize; 4]) -> Self {
        let kinds = [
            AxisKind::Batch,
            AxisKind::Channel,
            AxisKind::Row,
            AxisKind::Column,
        ];
        let axes = kinds.into_iter().zip(shape);
        Self(
            axes.map(|(kind, side)| vec![Factor::whole(kind, side)])
                .collect(),
        )
    }

    /// The role of axis `i`.
    pub fn role(&self, i: usize) -> Role {
        let channels = self.0.iter().filter(|axis| has_channels(axis)).count();
        let whole = |axis: &Axis| matches!(axis[..], [one] if one.size == one.whole);
        match role(&self.0[i]) {
            // Split features (such as q, k, v): their meaning is unknown.
            Role::Channel if channels > 1 && !whole(&self.0[i]) => Role::Unknown,
            role => role,
        }
    }

    pub fn roles(&self) -> Vec<Role> {
        (0..self.0.len()).map(|i| self.role(i)).collect()
    }

    /// The axes after a reshape in row-major order; unknown where that cannot be inferred.
    pub fn reshaped(&self, shape: &[usize]) -> Self {
        let mut factors = self.0.iter().flatten().rev().copied().collect::<Vec<_>>();
        let mut axes = Vec::with_capacity(shape.len());
        for (i, &side) in shape.iter().enumerate() {
            let Some(axis) = next_axis(&mut factors, side) else {
                axes.extend(Self::unknown(&shape[i..]).0);
                return Self(axes);
            };
            axes.push(axis);
        }
        if let Some(last) = axes.last_mut() {
            // The remaining factors are of length 1.
            last.extend(factors.into_iter().rev());
        }
        Self(axes.into_iter().map(rejoined).collect())
    }

    /// The layout of a value of `shape`, computed for `batch` images.
    pub fn layout(&self, shape: &[usize], batch: usize) -> InferredLayout {
        let roles = self.roles();
        let fits = |layout: &FeatureLayout| layout.fits(&roles, shape, batch);
        let possible: Vec<FeatureLayout> = FeatureLayout::ALL.into_iter().filter(fits).collect();
        let displaced = roles.contains(&Role::Displaced);
        match possible[..] {
            [] => InferredLayout::NoMap,
            _ if displaced => InferredLayout::Displaced(possible),
            [layout] => InferredLayout::Layout(layout),
            _ => InferredLayout::Ambiguous(possible),
        }
    }
}

/// The layout of a value as far as it can be inferred from the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InferredLayout {
    /// The only possible layout.
    Layout(FeatureLayout),
    /// One of several possible layouts.
    Ambiguous(Vec<FeatureLayout>),
    /// Possible layouts, but the pixels are not in the order of the image.
    Displaced(Vec<FeatureLayout>),
    /// No axes of channels and pixels.
    NoMap,
}

/// An axis that was not split.
pub(crate) fn axis(kind: AxisKind, side: usize) -> Axis {
    match side {
        1 => Axis::new(),
        side => vec![Factor::whole(kind, side)],
    }
}

fn has_channels(axis: &Axis) -> bool {
    axis.iter()
        .any(|factor| factor.kind == AxisKind::Channel && factor.size > 1)
}

/// The role of an axis, whatever the other axes are.
pub(crate) fn role(axis: &Axis) -> Role {
    let any = |kind| axis.iter().any(|factor| factor.kind == kind);
    // Positions within a patch of an image are features too.
    let feature = |factor: &Factor| match factor.kind {
        AxisKind::Channel => true,
        AxisKind::Row | AxisKind::Column => !factor.spans() || factor.size == 1,
        _ => false,
    };
    match axis[..] {
        [] => Role::Single,
        _ if any(AxisKind::Unknown) => Role::Unknown,
        _ if any(AxisKind::Displaced) => Role::Displaced,
        [one] if one.spans() => match one.kind {
            AxisKind::Batch => Role::Batch,
            AxisKind::Channel => Role::Channel,
            AxisKind::Row => Role::Row,
            AxisKind::Column => Role::Column,
            AxisKind::Tokens {
                prefix_tokens,
                grid,
            } => Role::Grid {
                prefix_tokens,
                grid,
            },
            AxisKind::Displaced | AxisKind::Unknown => Role::Unknown,
        },
        [row, column] if row.kind == AxisKind::Row && column.kind == AxisKind::Column => {
            if row.spans() && column.spans() {
                let grid = [row.size, column.size];
                Role::Grid {
                    prefix_tokens: 0,
                    grid,
                }
            } else {
                Role::Mixture
            }
        }
        _ if any(AxisKind::Channel) && axis.iter().all(feature) => Role::Channel,
        _ => Role::Mixture,
    }
}

/// Whether an axis has pixels on it.
pub(crate) fn is_spatial(axis: &Axis) -> bool {
    axis.iter().any(|factor| factor.is_spatial())
}

/// Whether an axis has channels on it.
pub(crate) fn is_channel(axis: &Axis) -> bool {
    axis.iter().any(|factor| factor.kind == AxisKind::Channel)
}

/// Whether pixels span an axis from end to end.
pub(crate) fn spans_pixels(axis: &Axis) -> bool {
    axis.iter()
        .any(|factor| factor.is_spatial() && factor.spans() && factor.size > 1)
}

/// Takes factors whose product is `side` from the end of `left`, which is in reverse order.
fn next_axis(left: &mut Vec<Factor>, side: usize) -> Option<Axis> {
    if side == 1 {
        let one = left.pop_if(|factor| factor.size == 1);
        return Some(one.into_iter().collect());
    }
    let (mut axis, mut need) = (Axis::new(), side);
    while need > 1 {
        let factor = left.pop()?;
        if need.is_multiple_of(factor.size.max(1)) && factor.size > 0 {
            need /= factor.size;
            axis.push(factor);
        } else if factor.size.is_multiple_of(need) && factor.size > 0 {
            let [outer, inner] = factor.split(need);
            axis.push(outer);
            left.push(inner);
            need = 1;
        } else {
            return None;
        }
    }
    Some(axis)
}

fn rejoined(axis: Axis) -> Axis {
    let mut joined = Axis::with_capacity(axis.len());
    for factor in axis {
        match joined
            .last()
            .and_then(|last: &Factor| last.rejoined(factor))
        {
            Some(both) => *joined.last_mut().expect("it has a last factor") = both,
            None => joined.push(factor),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permuted(axes: &Axes, order: &[usize]) -> Axes {
        Axes(order.iter().map(|&i| axes.0[i].clone()).collect())
    }

    #[test]
    fn windows_are_no_map_until_they_are_joined_again() {
        let image = permuted(&Axes::image([1, 6, 8, 12]), &[0, 2, 3, 1]);
        let split = image.reshaped(&[1, 2, 4, 3, 4, 6]);
        let windows = permuted(&split, &[0, 1, 3, 2, 4, 5]).reshaped(&[6, 4, 4, 6]);
        assert_eq!(windows.layout(&[6, 4, 4, 6], 1), InferredLayout::NoMap);
        let back = windows.reshaped(&[1, 2, 3, 4, 4, 6]);
        let back = permuted(&back, &[0, 1, 3, 2, 4, 5]).reshaped(&[1, 8, 12, 6]);
        assert_eq!(
            back.layout(&[1, 8, 12, 6], 1),
            InferredLayout::Layout(FeatureLayout::Nhwc)
        );
        // Joined in the wrong order they are no map.
        let wrong = windows
            .reshaped(&[1, 2, 3, 4, 4, 6])
            .reshaped(&[1, 6, 16, 6]);
        assert_eq!(wrong.layout(&[1, 6, 16, 6], 1), InferredLayout::NoMap);
    }

    #[test]
    fn flattened_pixels_are_tokens_whose_grid_is_known() {
        let shape = [2, 6, 8, 12];
        let tokens = Axes::image(shape).reshaped(&[2, 6, 96]);
        let grid = Role::Grid {
            prefix_tokens: 0,
            grid: [8, 12],
        };
        assert_eq!(tokens.roles(), [Role::Batch, Role::Channel, grid]);
        let first = permuted(&tokens, &[2, 0, 1]);
        assert_eq!(
            first.layout(&[96, 2, 6], 2),
            InferredLayout::Layout(FeatureLayout::TokensFirst)
        );
        let image = tokens.reshaped(&[2, 6, 8, 12]);
        assert_eq!(image, Axes::image(shape));
        // Columns before rows are not row by row.
        let turned = permuted(&Axes::image(shape), &[0, 3, 2, 1]).reshaped(&[2, 96, 6]);
        assert_eq!(turned.layout(&[2, 96, 6], 2), InferredLayout::NoMap);
    }

    #[test]
    fn split_features_are_ambiguous() {
        let features = Axes(vec![axis(AxisKind::Batch, 3), axis(AxisKind::Channel, 96)]);
        let apart = features.reshaped(&[3, 4, 6, 4]);
        assert_eq!(
            apart.layout(&[3, 4, 6, 4], 3),
            InferredLayout::Ambiguous(vec![FeatureLayout::Nchw, FeatureLayout::Nhwc])
        );
    }

    #[test]
    fn axes_are_unknown_from_a_shape_that_cuts_through_factors_on() {
        let axes = Axes::image([2, 3, 4, 4]).reshaped(&[2, 4, 12]);
        assert_eq!(axes.roles(), [Role::Batch, Role::Unknown, Role::Unknown]);
    }
}
