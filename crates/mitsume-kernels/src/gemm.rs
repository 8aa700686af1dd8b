//! The matrix product (GEMM) of all convolutions: one register tile, no packing.
//!
//! The Winograd products are many and small, and their operands are already laid out for the tile;
//! a general GEMM would pack both operands a second time, which costs more than it saves. The 1x1
//! convolutions and im2col use the same tile.

use crate::element::{Element, Float32};
use crate::simd::Simd;

/// A read-only matrix of slots ([`Element`]), columns along the depth: slot (i, j) is `data[i * row_stride + j * column_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub data: &'a [f32],
    pub rows: usize,
    pub columns: usize,
    pub row_stride: usize,
    pub column_stride: usize,
}

/// The right operand: rows of `W` vectors of slots, the vectors of a row `vector_stride` apart.
#[derive(Clone, Copy)]
pub(crate) struct Panel<'a> {
    pub data: &'a [f32],
    pub row_stride: usize,
    pub vector_stride: usize,
}

/// The result: rows of `W` adjacent vectors.
pub(crate) struct Output<'a> {
    pub data: &'a mut [f32],
    pub row_stride: usize,
    /// Whether the product is added to what `data` holds; else it replaces it.
    pub accumulate: bool,
}

/// `c (+)= a b` with `a` [rows, depth], `b` [depth, `W` vectors], `c` [rows, `W` vectors], in f32.
#[inline(always)]
pub(crate) fn gemm<S: Simd, const W: usize>(simd: S, a: Matrix, b: Panel, c: Output) {
    gemm_of::<S, Float32, W>(simd, a, b, c);
}

/// [`gemm`] with operands of `E`. The depth is counted in slots, as the columns of `a` are.
#[inline(always)]
pub(crate) fn gemm_of<S: Simd, E: Element, const W: usize>(
    simd: S,
    a: Matrix,
    b: Panel,
    c: Output,
) {
    let (rows, depth) = (a.rows, a.columns);
    if rows == 0 {
        return;
    }
    assert!(c.data.len() >= (rows - 1) * c.row_stride + W * S::LANES);
    if depth > 0 {
        assert!(a.data.len() > (rows - 1) * a.row_stride + (depth - 1) * a.column_stride);
        let last_row = (depth - 1) * b.row_stride;
        assert!(b.data.len() >= last_row + (W - 1) * b.vector_stride + S::LANES);
    }
    let mut done = 0;
    while done < rows {
        let n = (rows - done).min(S::TILE_ROWS);
        // SAFETY: rows done..done + n of `a` and `c` and all rows of `b` are inside their slices,
        // as asserted above.
        unsafe {
            let tile = RegisterTile {
                depth,
                a: a.data.as_ptr().add(done * a.row_stride),
                a_strides: [a.row_stride, a.column_stride],
                b: b.data.as_ptr(),
                b_strides: [b.row_stride, b.vector_stride],
                c: c.data.as_mut_ptr().add(done * c.row_stride),
                c_stride: c.row_stride,
                accumulate: c.accumulate,
            };
            match n {
                1 => tile.run::<S, E, 1, W>(simd),
                2 => tile.run::<S, E, 2, W>(simd),
                3 => tile.run::<S, E, 3, W>(simd),
                4 => tile.run::<S, E, 4, W>(simd),
                5 => tile.run::<S, E, 5, W>(simd),
                6 => tile.run::<S, E, 6, W>(simd),
                7 => tile.run::<S, E, 7, W>(simd),
                8 => tile.run::<S, E, 8, W>(simd),
                9 => tile.run::<S, E, 9, W>(simd),
                10 => tile.run::<S, E, 10, W>(simd),
                11 => tile.run::<S, E, 11, W>(simd),
                _ => tile.run::<S, E, 12, W>(simd),
            }
        }
        done += n;
    }
}

/// The operands of one register tile.
struct RegisterTile {
    depth: usize,
    a: *const f32,
    /// Of rows and columns.
    a_strides: [usize; 2],
    b: *const f32,
    /// Of rows and vectors.
    b_strides: [usize; 2],
    c: *mut f32,
    c_stride: usize,
    accumulate: bool,
}

impl RegisterTile {
    /// One register tile of `R` rows and `W` vectors.
    ///
    /// # Safety
    /// Element (i, j) of `a` must be readable for i < R, j < depth; `W` vectors at every row of `b`
    /// below `depth`, readable; and `W * LANES` values at every row of `c` below R, readable and
    /// writable.
    #[inline(always)]
    unsafe fn run<S: Simd, E: Element, const R: usize, const W: usize>(&self, simd: S) {
        if R > S::TILE_ROWS {
            // Never reached; keeps tiles that would not fit the registers out of the binary.
            return;
        }
        let ([a_row, a_column], [b_row, b_vector]) = (self.a_strides, self.b_strides);
        // SAFETY: all accesses are the ones the caller answers for.
        unsafe {
            let mut sums = [[simd.zero(); W]; R];
            if self.accumulate {
                for (i, sums) in sums.iter_mut().enumerate() {
                    for (vector, sum) in sums.iter_mut().enumerate() {
                        *sum = simd.load_ptr(self.c.add(i * self.c_stride + vector * S::LANES));
                    }
                }
            }
            let (mut a, mut b) = (self.a, self.b);
            for _ in 0..self.depth {
                let mut row = [simd.zero(); W];
                for (vector, row) in row.iter_mut().enumerate() {
                    *row = simd.load_ptr(b.add(vector * b_vector));
                }
                for (i, sums) in sums.iter_mut().enumerate() {
                    let x = simd.splat(*a.add(i * a_row));
                    for (sum, row) in sums.iter_mut().zip(row) {
                        *sum = E::multiply(simd, x, row, *sum);
                    }
                }
                a = a.wrapping_add(a_column);
                b = b.wrapping_add(b_row);
            }
            for (i, sums) in sums.iter().enumerate() {
                for (vector, sum) in sums.iter().enumerate() {
                    simd.store_ptr(self.c.add(i * self.c_stride + vector * S::LANES), *sum);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{Isa, Kernel};

    struct Run<'a> {
        a: Matrix<'a>,
        b: Panel<'a>,
        c: &'a mut [f32],
        accumulate: bool,
    }
    impl Kernel for Run<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            let c = Output {
                data: self.c,
                row_stride: 2 * S::LANES,
                accumulate: self.accumulate,
            };
            gemm::<S, 2>(simd, self.a, self.b, c);
        }
    }

    #[test]
    fn every_row_count_gives_the_sum_of_products() {
        for isa in Isa::available() {
            let width = 2 * isa.lanes();
            for rows in [1, 2, 3, 5, 7, 11, 12, 13, 25, 49] {
                let depth = 9;
                let a: Vec<f32> = (0..rows * depth).map(|i| (i % 7) as f32 - 3.0).collect();
                let b: Vec<f32> = (0..depth * width).map(|i| (i % 5) as f32 - 2.0).collect();
                let mut c = vec![1.0; rows * width];
                for (accumulate, start) in [(false, 0.0), (true, 1.0)] {
                    c.fill(1.0);
                    let matrix = Matrix {
                        data: &a,
                        rows,
                        columns: depth,
                        row_stride: depth,
                        column_stride: 1,
                    };
                    let panel = Panel {
                        data: &b,
                        row_stride: width,
                        vector_stride: width / 2,
                    };
                    isa.run(Run {
                        a: matrix,
                        b: panel,
                        c: &mut c,
                        accumulate,
                    });
                    for i in 0..rows {
                        for j in 0..width {
                            let want: f32 = (0..depth)
                                .map(|k| a[i * depth + k] * b[k * width + j])
                                .sum();
                            // Small integers: exact.
                            assert_eq!(c[i * width + j], want + start, "{} {rows}", isa.name());
                        }
                    }
                }
            }
        }
    }
}
