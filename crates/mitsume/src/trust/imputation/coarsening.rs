//! Coarsening to every second row and column: interpolation P from the coarse grid, its transpose
//! P', and the Galerkin matrix `P' A P`.
//!
//! Coarse row C lies on fine row 2C. A fine row between two coarse ones takes half of each; one
//! beyond the last takes the last. Columns are the same. P' A P is computed one direction after the
//! other.

use super::grid_matrix::GridMatrix;

/// The shape of the next coarser grid.
pub(super) fn coarser_shape([height, width]: [usize; 2]) -> [usize; 2] {
    [height.div_ceil(2), width.div_ceil(2)]
}

/// Weight of coarse line C, of `coarse` lines, in fine line 2C + 1.
fn interpolation_weight(line: usize, coarse: usize) -> f32 {
    if line + 1 < coarse { 0.5 } else { 1.0 }
}

/// `P' A P`.
pub(super) fn galerkin_coarse_matrix(fine: &GridMatrix) -> GridMatrix {
    columns_coarsened(&rows_coarsened(fine))
}

fn rows_coarsened(fine: &GridMatrix) -> GridMatrix {
    let [height, width] = fine.shape;
    let rows = height.div_ceil(2);
    let mut out = GridMatrix::zeros([rows, width]);
    let stride = fine.stride();
    for line in 0..rows {
        let (before, after) = (0.5, interpolation_weight(line, rows));
        // Fine rows 2 line - 1 to 2 line + 1, at the values of their first columns.
        let a = 2 * line * stride + 1;
        let (b, c, to) = (a + stride, a + 2 * stride, (line + 1) * stride + 1);
        let twice = |values: &[f32], i: usize| {
            before * before * values[a + i] + values[b + i] + after * after * values[c + i]
        };
        for i in 0..width {
            out.centre[to + i] = twice(&fine.centre, i)
                + 2.0 * (before * fine.south[a + i] + after * fine.south[b + i]);
            out.east[to + i] = twice(&fine.east, i)
                + before * (fine.south_east[a + i] + fine.south_west[a + i + 1])
                + after * (fine.south_east[b + i] + fine.south_west[b + i + 1]);
        }
        if line + 1 == rows {
            continue;
        }
        for i in 0..width {
            let step = |along: &[f32]| 0.5 * (along[b + i] + along[c + i]);
            out.south[to + i] = step(&fine.south) + 0.25 * fine.centre[c + i];
            out.south_east[to + i] = step(&fine.south_east) + 0.25 * fine.east[c + i];
            out.south_west[to + i] = step(&fine.south_west) + 0.25 * fine.east[c + i - 1];
        }
    }
    out
}

fn columns_coarsened(fine: &GridMatrix) -> GridMatrix {
    let [height, width] = fine.shape;
    let columns = width.div_ceil(2);
    let mut out = GridMatrix::zeros([height, columns]);
    let (stride, to_stride) = (fine.stride(), out.stride());
    for y in 1..=height {
        for column in 0..columns {
            let (before, after) = (0.5, interpolation_weight(column, columns));
            // Fine columns 2 column - 1 to 2 column + 1 of the row.
            let a = y * stride + 2 * column;
            let (b, c, to) = (a + 1, a + 2, y * to_stride + column + 1);
            let twice = |values: &[f32]| {
                before * before * values[a] + values[b] + after * after * values[c]
            };
            out.centre[to] =
                twice(&fine.centre) + 2.0 * (before * fine.east[a] + after * fine.east[b]);
            out.south[to] = twice(&fine.south)
                + before * (fine.south_east[a] + fine.south_west[b])
                + after * (fine.south_east[b] + fine.south_west[c]);
            if column + 1 < columns {
                out.east[to] = 0.5 * (fine.east[b] + fine.east[c]) + 0.25 * fine.centre[c];
                out.south_east[to] =
                    0.5 * (fine.south_east[b] + fine.south_east[c]) + 0.25 * fine.south[c];
            }
            if column > 0 {
                out.south_west[to] =
                    0.5 * (fine.south_west[b] + fine.south_west[a]) + 0.25 * fine.south[a];
            }
        }
    }
    out
}

/// `coarse = P' fine`, both with a border of zeros; `fine` is of `shape`, `line` holds a padded
/// fine row.
pub(super) fn restrict(fine: &[f32], shape: [usize; 2], coarse: &mut [f32], line: &mut [f32]) {
    let [rows, columns] = coarser_shape(shape);
    let (stride, to_stride) = (shape[1] + 2, columns + 2);
    let line = &mut line[..stride];
    for row in 0..rows {
        let after = interpolation_weight(row, rows);
        let a = &fine[2 * row * stride..][..stride];
        let b = &fine[(2 * row + 1) * stride..][..stride];
        let c = &fine[(2 * row + 2) * stride..][..stride];
        for i in 0..stride {
            line[i] = 0.5 * a[i] + b[i] + after * c[i];
        }
        let out = &mut coarse[(row + 1) * to_stride + 1..][..columns];
        let (last, inner) = (columns - 1, line.windows(3).step_by(2));
        for (out, near) in out.iter_mut().zip(inner) {
            *out = 0.5 * near[0] + near[1] + 0.5 * near[2];
        }
        // A fine column beyond the last coarse one belongs to that alone.
        out[last] += 0.5 * line[2 * last + 2];
    }
}

/// `fine += P coarse`, both with a border of zeros, where `unknown` is not 0; `line` holds a padded
/// coarse row.
pub(super) fn prolong(
    coarse: &[f32],
    unknown: &[f32],
    shape: [usize; 2],
    fine: &mut [f32],
    line: &mut [f32],
) {
    let [rows, columns] = coarser_shape(shape);
    let (stride, from_stride) = (shape[1] + 2, columns + 2);
    for y in 0..shape[0] {
        let row = y / 2;
        let upper = &coarse[(row + 1) * from_stride..][..from_stride];
        let between = y % 2 == 1 && row + 1 < rows;
        let lower = &coarse[(row + 1 + usize::from(between)) * from_stride..][..from_stride];
        let line = &mut line[..from_stride];
        for i in 0..from_stride {
            line[i] = 0.5 * (upper[i] + lower[i]);
        }
        line[columns + 1] = line[columns];
        let at = (y + 1) * stride + 1;
        let (out, unknown) = (&mut fine[at..][..shape[1]], &unknown[at..][..shape[1]]);
        let masked = |unknown: f32, value: f32| if unknown == 0.0 { 0.0 } else { value };
        let pairs = out.chunks_exact_mut(2).zip(unknown.chunks_exact(2));
        for ((out, unknown), near) in pairs.zip(line[1..].windows(2)) {
            out[0] += masked(unknown[0], near[0]);
            out[1] += masked(unknown[1], 0.5 * (near[0] + near[1]));
        }
        if shape[1] % 2 == 1 {
            out[shape[1] - 1] += masked(unknown[shape[1] - 1], line[columns]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::system::System;
    use super::*;

    fn columns_of(
        map: impl Fn(&[f32], &mut [f32]),
        from: [usize; 2],
        to: [usize; 2],
    ) -> Vec<Vec<f32>> {
        let place =
            |[_, width]: [usize; 2], i: usize| (i / width + 1) * (width + 2) + i % width + 1;
        let padded_len =
            |shape: [usize; 2]| vec![0.0; super::super::grid_matrix::padded_len(shape)];
        (0..from[0] * from[1])
            .map(|i| {
                let (mut unit, mut out) = (padded_len(from), padded_len(to));
                unit[place(from, i)] = 1.0;
                map(&unit, &mut out);
                (0..to[0] * to[1]).map(|j| out[place(to, j)]).collect()
            })
            .collect()
    }

    /// The product by its definition, for grids of every parity and one row or column. Entries are
    /// about 10, in f32.
    #[test]
    fn the_coarse_matrix_is_the_product_of_the_three() {
        for shape in [
            [1, 1],
            [1, 7],
            [6, 1],
            [2, 2],
            [5, 6],
            [6, 5],
            [7, 9],
            [8, 8],
        ] {
            let removed: Vec<bool> = (0..shape[0] * shape[1]).map(|i| i * 7 % 5 > 0).collect();
            let fine = System::new(&removed, shape).matrix();
            let small = coarser_shape(shape);
            let mut line = vec![0.0; shape[1] + 2];
            let p = columns_of(
                |x, out| prolong(x, &fine.centre, shape, out, &mut vec![0.0; shape[1] + 2]),
                small,
                shape,
            );
            let a = columns_of(|x, out| fine.product(x, out), shape, shape);
            let coarse = galerkin_coarse_matrix(&fine);
            let found = columns_of(|x, out| coarse.product(x, out), small, small);
            for (i, p_i) in p.iter().enumerate() {
                for (j, p_j) in p.iter().enumerate() {
                    let a_p: f32 = (0..p_j.len())
                        .map(|k| p_j[k] * a[k].iter().zip(p_i).map(|(a, p)| a * p).sum::<f32>())
                        .sum();
                    assert!((found[i][j] - a_p).abs() < 1e-5, "{shape:?} {i} {j}");
                }
            }
            // Restriction is the transpose of P, of values that are 0 where nothing is unknown.
            for (i, _) in removed.iter().enumerate().filter(|(_, removed)| **removed) {
                let mut unit = vec![0.0; fine.centre.len()];
                unit[(i / shape[1] + 1) * (shape[1] + 2) + i % shape[1] + 1] = 1.0;
                let mut out = vec![0.0; coarse.centre.len()];
                restrict(&unit, shape, &mut out, &mut line);
                for (j, p_j) in p.iter().enumerate() {
                    let at = (j / small[1] + 1) * (small[1] + 2) + j % small[1] + 1;
                    assert_eq!(out[at], p_j[i], "{shape:?}");
                }
            }
        }
    }
}
