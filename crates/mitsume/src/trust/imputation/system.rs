//! The linear system of the removed pixels.
//!
//! A removed pixel is the weighted mean of its neighbours inside the image, 1/6 for the four that
//! share a side and 1/12 for the four at the corners. Times twelve times the sum of those weights
//! (12; at the image's sides 8, at its corners 5), each removed pixel gives a row of a symmetric
//! matrix of whole numbers:
//!
//! ```text
//! (sum_j w_ij) x_i - sum_{j removed} w_ij x_j = sum_{j kept} w_ij v_j        w 2 or 1
//! ```

use num_traits::Float;

use super::grid_matrix::{GridMatrix, padded_len};

/// The matrix. Except for the centre its weights are the product of (1 2 1) down and (1 2 1)
/// across, so that a product takes two short sums.
pub(super) struct System {
    shape: [usize; 2],
    /// `sum_j w_ij`, with a border of zeros; 0 for kept pixels.
    centre: Vec<f32>,
}

impl System {
    /// The system of the pixels in `removed`, [h, w] = `shape`.
    pub fn new(removed: &[bool], shape: [usize; 2]) -> Self {
        let [height, width] = shape;
        let inside = |i: usize, side: usize| usize::from(i > 0) + usize::from(i + 1 < side);
        let mut centre = vec![0.0; padded_len(shape)];
        for (y, line) in removed.chunks_exact(width).enumerate() {
            let rows = inside(y, height);
            let out = &mut centre[(y + 1) * (width + 2) + 1..][..width];
            for (x, (out, &removed)) in out.iter_mut().zip(line).enumerate() {
                let columns = inside(x, width);
                let sum = 2 * (rows + columns) + rows * columns;
                *out = if removed { sum as f32 } else { 0.0 };
            }
        }
        Self { shape, centre }
    }

    /// `[h, w]`.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// `out = A x`, both with a border of zeros; `x` must be 0 where nothing is unknown. `line` is
    /// of [`System::lines`].
    pub fn product<T: Float + From<f32>>(&self, x: &[T], out: &mut [T], line: &mut [T]) {
        self.rows(x, line, |at, product| {
            out[at..][..product.len()].copy_from_slice(product)
        });
    }

    /// `out = right - A x`, under the same conditions.
    pub fn residual(&self, right: &[f32], x: &[f32], out: &mut [f32], line: &mut [f32]) {
        self.rows(x, line, |at, product| {
            let (out, right) = (&mut out[at..][..product.len()], &right[at..]);
            for ((out, right), product) in out.iter_mut().zip(right).zip(product) {
                *out = right - product;
            }
        });
    }

    /// Calls `put` with the offset and values of each row of `A x`.
    fn rows<T: Float + From<f32>>(
        &self,
        x: &[T],
        line: &mut [T],
        mut put: impl FnMut(usize, &[T]),
    ) {
        let [height, width] = self.shape;
        let stride = width + 2;
        let (line, product) = line.split_at_mut(stride);
        let product = &mut product[..width];
        let four: T = 4.0.into();
        for y in 1..=height {
            let row = |y: usize| &x[y * stride..][..stride];
            let (above, own, below) = (row(y - 1), row(y), row(y + 1));
            for i in 0..stride {
                line[i] = (above[i] + below[i]) + (own[i] + own[i]);
            }
            let (at, cut) = (y * stride + 1, |begin: usize| &line[begin..][..width]);
            let (west, middle, east) = (cut(0), cut(1), cut(2));
            let (centre, own) = (&self.centre[at..][..width], &own[1..][..width]);
            for i in 0..width {
                let near = (west[i] + east[i]) + (middle[i] + middle[i]) - four * own[i];
                let value = <T as From<f32>>::from(centre[i]) * own[i] - near;
                product[i] = if centre[i] == 0.0 { T::zero() } else { value };
            }
            put(at, product);
        }
    }

    /// A buffer for two padded rows.
    pub fn lines<T: Float>(&self) -> Vec<T> {
        vec![T::zero(); 2 * (self.shape[1] + 2)]
    }

    /// The matrix with all entries stored.
    pub fn matrix(&self) -> GridMatrix {
        let [height, width] = self.shape;
        let mut matrix = GridMatrix::zeros(self.shape);
        let stride = matrix.stride();
        matrix.centre.copy_from_slice(&self.centre);
        for y in 1..=height {
            let row = |begin: usize| &self.centre[begin..][..width];
            let at = y * stride + 1;
            let own = row(at);
            let couple = |out: &mut [f32], other: &[f32], weight: f32| {
                for ((out, own), other) in out[at..][..width].iter_mut().zip(own).zip(other) {
                    let both = *own != 0.0 && *other != 0.0;
                    *out = if both { -weight } else { 0.0 };
                }
            };
            couple(&mut matrix.east, row(at + 1), 2.0);
            couple(&mut matrix.south_west, row(at + stride - 1), 1.0);
            couple(&mut matrix.south, row(at + stride), 2.0);
            couple(&mut matrix.south_east, row(at + stride + 1), 1.0);
        }
        matrix
    }

    /// The right side for `kept`, the values of the pixels that stay and 0 elsewhere, both with a
    /// border of zeros.
    pub fn right_hand_side(&self, kept: &[f64], out: &mut [f64]) {
        let [height, width] = self.shape;
        let stride = width + 2;
        for y in 0..height {
            let near = |row: usize| kept[row * stride..][..stride].windows(3);
            let rows = near(y).zip(near(y + 1)).zip(near(y + 2));
            let at = (y + 1) * stride + 1;
            let found = out[at..][..width].iter_mut().zip(&self.centre[at..]);
            for ((out, centre), ((above, own), below)) in found.zip(rows) {
                let sides = above[1] + own[0] + own[2] + below[1];
                let corners = above[0] + above[2] + below[0] + below[2];
                *out = if *centre == 0.0 {
                    0.0
                } else {
                    2.0 * sides + corners
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_product_is_that_of_all_entries() {
        for shape in [[1, 1], [1, 6], [5, 1], [2, 2], [6, 7]] {
            let removed: Vec<bool> = (0..shape[0] * shape[1]).map(|i| i * 7 % 5 > 1).collect();
            let system = System::new(&removed, shape);
            let mut x = vec![0.0_f32; padded_len(shape)];
            for (i, x) in x.iter_mut().enumerate() {
                // Whole numbers, so both are exact.
                *x = if system.centre[i] == 0.0 {
                    0.0
                } else {
                    (i * 5 % 11) as f32
                };
            }
            let (mut short, mut long) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            system.product(&x, &mut short, &mut system.lines());
            system.matrix().product(&x, &mut long);
            assert_eq!(short, long, "{shape:?}");
        }
    }
}
