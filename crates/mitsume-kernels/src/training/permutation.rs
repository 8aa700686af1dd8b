//! Permutation of axes: the transposes of attention and of tokens.

use crate::error::{Error, check_length};
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// Values in a task.
const VALUES_PER_TASK: usize = 1 << 15;
/// Rows that are written together where a row is a column of the input: a cache line of it is then
/// read once.
const ROWS_TOGETHER: usize = 16;

/// An order of axes: axis `i` of the result is axis `order[i]` of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permutation {
    /// Lengths of the result's axes; those that stay side by side are one, and none is 1.
    lengths: Vec<usize>,
    /// Distance in the input between neighbours along each of them.
    strides: Vec<usize>,
    /// Number of values.
    count: usize,
    /// Sides of the result, as given, and the order that undoes this one.
    inverse: (Vec<usize>, Vec<usize>),
}

impl Permutation {
    /// The axes of an input of `shape` in `order`.
    ///
    /// # Errors
    /// If `order` is not a permutation of the axes.
    pub fn new(shape: &[usize], order: &[usize]) -> Result<Self, Error> {
        let rank = shape.len();
        check_length("order of axes", rank, order.len())?;
        let mut undo = vec![rank; rank];
        for (to, &from) in order.iter().enumerate() {
            if from >= rank || undo[from] != rank {
                return Err(Error::Order(order.to_vec()));
            }
            undo[from] = to;
        }
        let stride = |axis: usize| shape[axis + 1..].iter().product::<usize>();
        let mut lengths: Vec<usize> = Vec::new();
        let mut strides: Vec<usize> = Vec::new();
        for &axis in order.iter().filter(|&&axis| shape[axis] != 1) {
            match (lengths.last_mut(), strides.last_mut()) {
                // The axis before goes on where this one ends.
                (Some(length), Some(before)) if *before == shape[axis] * stride(axis) => {
                    *length *= shape[axis];
                    *before = stride(axis);
                }
                _ => {
                    lengths.push(shape[axis]);
                    strides.push(stride(axis));
                }
            }
        }
        Ok(Self {
            lengths,
            strides,
            count: shape.iter().product(),
            inverse: (order.iter().map(|&axis| shape[axis]).collect(), undo),
        })
    }

    /// The permutation that undoes this one.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let (shape, order) = &self.inverse;
        Self::new(shape, order).expect("the inverse of a permutation is one")
    }

    /// Whether the values stay in their order.
    pub fn is_identity(&self) -> bool {
        self.lengths.len() <= 1
    }

    /// Number of values.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The values of `x` in the order of the result.
    ///
    /// # Errors
    /// If `x` has another number of values.
    pub fn apply(&self, workspace: &Workspace, x: &[f32]) -> Result<Buffer, Error> {
        check_length("input", self.count, x.len())?;
        let mut y = workspace.take(x.len());
        if self.is_identity() || x.is_empty() {
            y.copy_from_slice(x);
            return Ok(y);
        }
        let row = *self.lengths.last().expect("there are two axes or more");
        let rows = (VALUES_PER_TASK / row).max(1);
        y.par_chunks_mut(rows * row)
            .enumerate()
            .for_each(|(task, y)| self.copy_rows(x, task * rows, y));
        Ok(y)
    }

    /// Writes the rows from `first` on to `to`.
    fn copy_rows(&self, x: &[f32], first: usize, to: &mut [f32]) {
        let (&row, outer) = self.lengths.split_last().expect("two axes or more");
        let (&stride, outer_strides) = self.strides.split_last().expect("two axes or more");
        let mut at = Position::new(outer, outer_strides, first);
        let mut to = to;
        while !to.is_empty() {
            let left = to.len() / row;
            // Rows whose values lie side by side in the input.
            let together = match outer_strides.last() {
                Some(1) => at.left_in_last_axis().min(ROWS_TOGETHER).min(left),
                _ => 1,
            };
            let (rows, rest) = to.split_at_mut(together * row);
            let from = &x[at.offset..];
            match (stride, together) {
                (1, 1) => rows.copy_from_slice(&from[..row]),
                (_, ROWS_TOGETHER) => copy_columns::<ROWS_TOGETHER>(from, stride, row, rows),
                _ => copy_any_columns(from, stride, row, rows),
            }
            at.advance(together);
            to = rest;
        }
    }
}

/// [`copy_any_columns`] of a known number of rows.
fn copy_columns<const ROWS: usize>(from: &[f32], stride: usize, row: usize, to: &mut [f32]) {
    for column in 0..row {
        let values = &from[column * stride..][..ROWS];
        for (i, &value) in values.iter().enumerate() {
            to[i * row + column] = value;
        }
    }
}

/// Writes rows of length `row` to `to`: value j of row i is at `i + j stride` of `from`.
fn copy_any_columns(from: &[f32], stride: usize, row: usize, to: &mut [f32]) {
    for (i, to) in to.chunks_exact_mut(row).enumerate() {
        for (j, to) in to.iter_mut().enumerate() {
            *to = from[i + j * stride];
        }
    }
}

/// A place among the rows of the result, and where the row begins in the input.
struct Position<'a> {
    lengths: &'a [usize],
    strides: &'a [usize],
    index: Vec<usize>,
    offset: usize,
}

impl<'a> Position<'a> {
    /// Row `row` in the order of the result.
    fn new(lengths: &'a [usize], strides: &'a [usize], row: usize) -> Self {
        let mut index = vec![0; lengths.len()];
        let mut left = row;
        for (index, length) in index.iter_mut().zip(lengths).rev() {
            *index = left % length;
            left /= length;
        }
        let offset = index.iter().zip(strides).map(|(i, stride)| i * stride);
        Self {
            offset: offset.sum(),
            lengths,
            strides,
            index,
        }
    }

    /// Rows from here to the end of the last of these axes.
    fn left_in_last_axis(&self) -> usize {
        match (self.lengths.last(), self.index.last()) {
            (Some(length), Some(index)) => length - index,
            _ => 1,
        }
    }

    /// Goes on by `rows` rows of the last axis, and to the next one at its end.
    fn advance(&mut self, rows: usize) {
        let mut rows = rows;
        for axis in (0..self.index.len()).rev() {
            self.index[axis] += rows;
            self.offset += rows * self.strides[axis];
            if self.index[axis] < self.lengths[axis] {
                return;
            }
            self.offset -= self.index[axis] * self.strides[axis];
            self.index[axis] = 0;
            rows = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition: every value by its place.
    fn by_definition(x: &[f32], shape: &[usize], order: &[usize]) -> Vec<f32> {
        let to: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
        let value = |mut at: usize| {
            let mut place = vec![0; shape.len()];
            for axis in (0..to.len()).rev() {
                place[order[axis]] = at % to[axis];
                at /= to[axis];
            }
            let index = place.iter().zip(shape).fold(0, |at, (i, n)| at * n + i);
            x[index]
        };
        (0..x.len()).map(value).collect()
    }

    fn check(shape: &[usize], order: &[usize]) {
        let workspace = Workspace::default();
        let x: Vec<f32> = (0..shape.iter().product())
            .map(|i: usize| i as f32)
            .collect();
        let permutation = Permutation::new(shape, order).unwrap();
        let y = permutation.apply(&workspace, &x).unwrap();
        assert_eq!(
            y[..],
            by_definition(&x, shape, order),
            "{shape:?} {order:?}"
        );
        let back = permutation.inverse().apply(&workspace, &y).unwrap();
        assert_eq!(back[..], x, "{shape:?} {order:?} undone");
    }

    #[test]
    fn every_order_of_four_axes_is_the_definition_and_is_undone_by_its_inverse() {
        let axes = [0, 1, 2, 3];
        let mut orders = Vec::new();
        for a in axes {
            for b in axes.into_iter().filter(|b| *b != a) {
                for c in axes.into_iter().filter(|c| ![a, b].contains(c)) {
                    let d = axes.into_iter().find(|d| ![a, b, c].contains(d)).unwrap();
                    orders.push([a, b, c, d]);
                }
            }
        }
        assert_eq!(orders.len(), 24);
        for order in orders {
            // The second is more than one task; the others have rows left over and axes of one.
            for shape in [[2, 3, 5, 7], [3, 17, 33, 40], [4, 1, 18, 1], [1, 2, 1, 3]] {
                check(&shape, &order);
            }
        }
    }

    #[test]
    fn transposes_of_a_vision_transformer() {
        check(&[5, 3, 192], &[1, 0, 2]);
        check(&[1, 19, 2, 3, 192], &[3, 1, 2, 0, 4]);
        check(&[2, 192, 7, 7], &[0, 2, 3, 1]);
        check(&[2, 3, 197, 64], &[2, 0, 1, 3]);
        check(&[7], &[0]);
        check(&[], &[]);
        check(&[2, 0, 3], &[2, 1, 0]);
    }

    #[test]
    fn what_is_no_permutation_is_refused() {
        for order in [&[0, 0][..], &[0, 2], &[0], &[0, 1, 2]] {
            assert!(Permutation::new(&[2, 3], order).is_err(), "{order:?}");
        }
        let permutation = Permutation::new(&[2, 3], &[1, 0]).unwrap();
        assert!(permutation.apply(&Workspace::default(), &[0.0; 5]).is_err());
    }
}
