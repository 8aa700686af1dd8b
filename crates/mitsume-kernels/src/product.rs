//! The register tile of every matrix product here.
//!
//! Rows are broadcast values, columns are two vectors. The Winograd products are many and small
//! with operands laid out for them, so a general product (packing both operands again) would not
//! pay; the 1x1 convolutions use the same tile.

use crate::simd::Simd;

/// A read-only matrix: element (i, j) is `data[i * row + j * column]`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub data: &'a [f32],
    pub row: usize,
    pub column: usize,
}

/// Rows of two vectors, `half` apart, the rows `row` apart.
#[derive(Clone, Copy)]
pub(crate) struct Panel<'a> {
    pub data: &'a [f32],
    pub row: usize,
    pub half: usize,
}

/// `c (+)= a * b` with `a` [rows, depth], `b` [depth, 2 * LANES], `c` rows `c_row` apart.
#[inline(always)]
pub(crate) fn product<S: Simd>(
    simd: S,
    shape: (usize, usize),
    a: Matrix,
    b: Panel,
    c: (&mut [f32], usize),
    accumulate: bool,
) {
    product_of_width::<S, 2>(simd, shape, a, b, c, accumulate);
}

/// [`product`] with the first `W` of the panel's vectors.
#[inline(always)]
pub(crate) fn product_of_width<S: Simd, const W: usize>(
    simd: S,
    (rows, depth): (usize, usize),
    a: Matrix,
    b: Panel,
    (c, c_row): (&mut [f32], usize),
    accumulate: bool,
) {
    if rows == 0 {
        return;
    }
    assert!(c.len() >= (rows - 1) * c_row + W * S::LANES);
    if depth > 0 {
        assert!(a.data.len() > (rows - 1) * a.row + (depth - 1) * a.column);
        assert!(b.data.len() >= (depth - 1) * b.row + (W - 1) * b.half + S::LANES);
    }
    let mut done = 0;
    while done < rows {
        let n = (rows - done).min(S::TILE_ROWS);
        // SAFETY: rows done..done + n of `a` and `c` and all rows of `b` are inside their slices,
        // as asserted above.
        unsafe {
            let at = (a.data.as_ptr().add(done * a.row), a.row, a.column);
            let ct = (c.as_mut_ptr().add(done * c_row), c_row);
            let bt = (b.data.as_ptr(), b.row, b.half);
            match n {
                1 => tile::<S, 1, W>(simd, depth, at, bt, ct, accumulate),
                2 => tile::<S, 2, W>(simd, depth, at, bt, ct, accumulate),
                3 => tile::<S, 3, W>(simd, depth, at, bt, ct, accumulate),
                4 => tile::<S, 4, W>(simd, depth, at, bt, ct, accumulate),
                5 => tile::<S, 5, W>(simd, depth, at, bt, ct, accumulate),
                6 => tile::<S, 6, W>(simd, depth, at, bt, ct, accumulate),
                7 => tile::<S, 7, W>(simd, depth, at, bt, ct, accumulate),
                8 => tile::<S, 8, W>(simd, depth, at, bt, ct, accumulate),
                9 => tile::<S, 9, W>(simd, depth, at, bt, ct, accumulate),
                10 => tile::<S, 10, W>(simd, depth, at, bt, ct, accumulate),
                11 => tile::<S, 11, W>(simd, depth, at, bt, ct, accumulate),
                _ => tile::<S, 12, W>(simd, depth, at, bt, ct, accumulate),
            }
        }
        done += n;
    }
}

/// One register tile of `R` rows and `W` vectors.
///
/// # Safety
/// With `a = (pointer, row, column)`, `b = (pointer, row, half)` and `c = (pointer, row)`: element (i, j) of `a`
/// must be readable for i < R, j < depth; `W` vectors, `half` apart, at every row of `b` below `depth`, readable;
/// and `W * LANES` values at every row of `c` below R readable and writable.
#[inline(always)]
unsafe fn tile<S: Simd, const R: usize, const W: usize>(
    simd: S,
    depth: usize,
    a: (*const f32, usize, usize),
    b: (*const f32, usize, usize),
    c: (*mut f32, usize),
    accumulate: bool,
) {
    if R > S::TILE_ROWS {
        return; // Never reached; keeps tiles that would not fit the registers out of the binary.
    }
    // SAFETY: all accesses are the ones the caller answers for.
    unsafe {
        let mut sums = [[simd.zero(); W]; R];
        if accumulate {
            for (i, sums) in sums.iter_mut().enumerate() {
                for (half, sum) in sums.iter_mut().enumerate() {
                    *sum = simd.load_ptr(c.0.add(i * c.1 + half * S::LANES));
                }
            }
        }
        let (mut pa, mut pb) = (a.0, b.0);
        for _ in 0..depth {
            let mut row = [simd.zero(); W];
            for (half, row) in row.iter_mut().enumerate() {
                *row = simd.load_ptr(pb.add(half * b.2));
            }
            for (i, sums) in sums.iter_mut().enumerate() {
                let x = simd.splat(*pa.add(i * a.1));
                for (sum, row) in sums.iter_mut().zip(row) {
                    *sum = simd.fma(x, row, *sum);
                }
            }
            pa = pa.wrapping_add(a.2);
            pb = pb.wrapping_add(b.1);
        }
        for (i, sums) in sums.iter().enumerate() {
            for (half, sum) in sums.iter().enumerate() {
                simd.store_ptr(c.0.add(i * c.1 + half * S::LANES), *sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{Isa, Kernel};

    struct Run<'a> {
        rows: usize,
        depth: usize,
        a: Matrix<'a>,
        b: Panel<'a>,
        c: &'a mut [f32],
        accumulate: bool,
    }
    impl Kernel for Run<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            product(
                simd,
                (self.rows, self.depth),
                self.a,
                self.b,
                (self.c, 2 * S::LANES),
                self.accumulate,
            );
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
                        row: depth,
                        column: 1,
                    };
                    let panel = Panel {
                        data: &b,
                        row: width,
                        half: width / 2,
                    };
                    isa.run(Run {
                        rows,
                        depth,
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
