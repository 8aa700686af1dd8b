//! The linear system of the removed pixels.
//!
//! A removed pixel is the weighted mean of its neighbours inside the image, 1/6 for the four that
//! share a side and 1/12 for the four at the corners. Times the sum of those weights (1 but at the
//! border), each removed pixel gives a row of a symmetric matrix
//!
//! ```text
//! (sum_j w_ij) x_i - sum_{j removed} w_ij x_j = sum_{j kept} w_ij v_j
//! ```

use super::grid_matrix::GridMatrix;

/// The weight of a neighbour that shares a side.
const SIDE: f64 = 1.0 / 6.0;
/// The weight of one at a corner.
const CORNER: f64 = 1.0 / 12.0;

/// The left side: rows and columns of kept pixels are 0. `removed` is [h, w] = `shape`.
pub(super) fn weights(removed: &[bool], shape: [usize; 2]) -> GridMatrix {
    let [height, width] = shape;
    let mut matrix = GridMatrix::zeros(shape);
    let stride = matrix.stride();
    let is = |y: usize, x: usize| y < height && x < width && removed[y * width + x];
    for (y, line) in removed.chunks_exact(width).enumerate() {
        let rows = 1 + usize::from(y > 0) + usize::from(y + 1 < height);
        for (x, _) in line.iter().enumerate().filter(|(_, removed)| **removed) {
            let columns = 1 + usize::from(x > 0) + usize::from(x + 1 < width);
            let sides = (rows + columns - 2) as f64;
            let corners = ((rows - 1) * (columns - 1)) as f64;
            let at = (y + 1) * stride + x + 1;
            matrix.centre[at] = sides * SIDE + corners * CORNER;
            let entry = |other: bool, weight: f64| if other { -weight } else { 0.0 };
            matrix.east[at] = entry(is(y, x + 1), SIDE);
            matrix.south[at] = entry(is(y + 1, x), SIDE);
            matrix.south_east[at] = entry(is(y + 1, x + 1), CORNER);
            matrix.south_west[at] = entry(x > 0 && is(y + 1, x - 1), CORNER);
        }
    }
    matrix
}

/// The right side, framed: what the kept pixels of `plane` [h, w] give, each less `level`.
pub(super) fn from_kept(
    plane: &[f32],
    removed: &[bool],
    [height, width]: [usize; 2],
    level: f64,
) -> Vec<f64> {
    let stride = width + 2;
    let mut kept = vec![0.0; (height + 2) * stride];
    for (y, (values, line)) in plane.chunks_exact(width).zip(removed.chunks_exact(width)).enumerate() {
        let row = &mut kept[(y + 1) * stride + 1..][..width];
        for ((out, &value), &removed) in row.iter_mut().zip(values).zip(line) {
            *out = if removed { 0.0 } else { f64::from(value) - level };
        }
    }
    let mut out = vec![0.0; kept.len()];
    for (y, line) in removed.chunks_exact(width).enumerate() {
        let at = (y + 1) * stride;
        let near = |row: usize| kept[row..][..stride].windows(3);
        let rows = near(at - stride).zip(near(at)).zip(near(at + stride));
        let found = out[at + 1..][..width].iter_mut().zip(line);
        for ((out, &removed), ((above, own), below)) in found.zip(rows) {
            let sides = above[1] + own[0] + own[2] + below[1];
            let corners = above[0] + above[2] + below[0] + below[2];
            *out = if removed { SIDE * sides + CORNER * corners } else { 0.0 };
        }
    }
    out
}
