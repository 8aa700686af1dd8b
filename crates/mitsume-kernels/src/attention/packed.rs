//! Matrices whose rows are padded with zeros to whole panels of the matrix product.

use super::{Matrix, Output, Panel};
use crate::gemm::gemm;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use std::marker::PhantomData;

/// Vectors of a panel, the register tile's width.
const PANEL_VECTORS: usize = 2;

/// A matrix [rows, columns]; the columns are padded to whole vectors of `S`.
pub(super) struct Packed<S> {
    data: Buffer,
    pub columns: usize,
    /// Padded columns.
    pub stride: usize,
    set: PhantomData<S>,
}

impl<S: Simd> Packed<S> {
    #[inline(always)]
    pub fn zeros(workspace: &Workspace, rows: usize, columns: usize) -> Self {
        let stride = columns.next_multiple_of(S::LANES);
        Self {
            data: workspace.zeros(rows * stride),
            columns,
            stride,
            set: PhantomData,
        }
    }

    /// `x` [rows, columns] times `factor`.
    #[inline(always)]
    pub fn rows(workspace: &Workspace, x: &[f32], columns: usize, factor: f32) -> Self {
        let mut packed = Self::zeros(workspace, x.len() / columns, columns);
        let rows = x.chunks_exact(columns);
        for (x, to) in rows.zip(packed.data.chunks_exact_mut(packed.stride)) {
            for (x, to) in x.iter().zip(to) {
                *to = x * factor;
            }
        }
        packed
    }

    /// The transpose of `x` [columns of the result, `rows`] times `factor`.
    #[inline(always)]
    pub fn transposed(workspace: &Workspace, x: &[f32], rows: usize, factor: f32) -> Self {
        let mut packed = Self::zeros(workspace, rows, x.len() / rows);
        for (column, x) in x.chunks_exact(rows).enumerate() {
            for (row, x) in x.iter().enumerate() {
                packed.data[row * packed.stride + column] = x * factor;
            }
        }
        packed
    }

    #[inline(always)]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.stride..][..self.columns]
    }

    #[inline(always)]
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.data[row * self.stride..][..self.columns]
    }

    /// The first `rows` rows as left operand.
    #[inline(always)]
    pub fn matrix(&self, rows: usize) -> Matrix<'_> {
        Matrix {
            data: &self.data,
            rows,
            columns: self.columns,
            row_stride: self.stride,
            column_stride: 1,
        }
    }

    /// The transpose of the first `rows` rows as left operand.
    #[inline(always)]
    pub fn transposed_matrix(&self, rows: usize) -> Matrix<'_> {
        Matrix {
            data: &self.data,
            rows: self.columns,
            columns: rows,
            row_stride: 1,
            column_stride: self.stride,
        }
    }

    /// As right operand.
    #[inline(always)]
    pub fn panels(&self) -> Panel<'_> {
        Panel {
            data: &self.data,
            row_stride: self.stride,
            vector_stride: S::LANES,
        }
    }

    /// As result that is replaced.
    #[inline(always)]
    pub fn output(&mut self) -> Output<'_> {
        Output {
            data: &mut self.data,
            row_stride: self.stride,
            accumulate: false,
        }
    }

    /// As result that is added to.
    #[inline(always)]
    pub fn sum(&mut self) -> Output<'_> {
        Output {
            accumulate: true,
            ..self.output()
        }
    }

    /// Writes the first rows times `factor` to `to` [rows, columns].
    #[inline(always)]
    pub fn copy_rows(&self, to: &mut [f32], factor: f32) {
        let rows = self.data.chunks_exact(self.stride);
        for (from, to) in rows.zip(to.chunks_exact_mut(self.columns)) {
            for (from, to) in from.iter().zip(to) {
                *to = from * factor;
            }
        }
    }

    /// Writes the transpose of all rows to `to` [columns, rows].
    #[inline(always)]
    pub fn copy_transposed(&self, to: &mut [f32]) {
        let rows = self.data.len() / self.stride;
        for (column, to) in to.chunks_exact_mut(rows).enumerate() {
            for (row, to) in to.iter_mut().enumerate() {
                *to = self.data[row * self.stride + column];
            }
        }
    }
}

/// `c (+)= a b`, panel by panel; the width is that of `c`'s rows.
#[inline(always)]
pub(super) fn matrix_product<S: Simd>(simd: S, a: Matrix, b: Panel, c: Output) {
    let width = c.row_stride;
    let mut at = 0;
    while at < width {
        let b = Panel {
            data: &b.data[at..],
            ..b
        };
        let c = Output {
            data: &mut c.data[at..],
            ..c
        };
        if width - at >= PANEL_VECTORS * S::LANES {
            gemm::<S, PANEL_VECTORS>(simd, a, b, c);
            at += PANEL_VECTORS * S::LANES;
        } else {
            gemm::<S, 1>(simd, a, b, c);
            at += S::LANES;
        }
    }
}
