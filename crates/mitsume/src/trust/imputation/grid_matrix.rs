//! A symmetric matrix over the pixels of a grid, each coupled with its eight neighbours.

/// One entry per pixel and direction, [h + 2, w + 2], with a border of zeros, so that border pixels
/// need no special case. Of each pair of neighbours the upper (or left) one holds the entry.
#[derive(Clone, Debug)]
pub(super) struct GridMatrix {
    pub shape: [usize; 2],
    pub centre: Vec<f32>,
    pub east: Vec<f32>,
    pub south_west: Vec<f32>,
    pub south: Vec<f32>,
    pub south_east: Vec<f32>,
}

impl GridMatrix {
    pub fn zeros(shape: [usize; 2]) -> Self {
        let zeros = vec![0.0; padded_len(shape)];
        Self {
            shape,
            centre: zeros.clone(),
            east: zeros.clone(),
            south_west: zeros.clone(),
            south: zeros.clone(),
            south_east: zeros,
        }
    }

    /// Values of a padded row.
    pub fn stride(&self) -> usize {
        self.shape[1] + 2
    }

    /// `out = right - A x`, all with a border of zeros.
    pub fn residual(&self, right: &[f32], x: &[f32], out: &mut [f32]) {
        let (stride, width) = (self.stride(), self.shape[1]);
        for y in 1..=self.shape[0] {
            let at = y * stride + 1;
            let (above, below) = (at - stride, at + stride);
            let cut = |values, begin| row(values, begin, width);
            let (out, right) = (&mut out[at..][..width], cut(right, at));
            let (centre, x0) = (cut(&self.centre, at), cut(x, at));
            let (east, x_east) = (cut(&self.east, at), cut(x, at + 1));
            let (west, x_west) = (cut(&self.east, at - 1), cut(x, at - 1));
            for i in 0..width {
                out[i] = right[i] - (centre[i] * x0[i] + east[i] * x_east[i] + west[i] * x_west[i]);
            }
            let (sw, x_sw) = (cut(&self.south_west, at), cut(x, below - 1));
            let (s, x_s) = (cut(&self.south, at), cut(x, below));
            let (se, x_se) = (cut(&self.south_east, at), cut(x, below + 1));
            for i in 0..width {
                out[i] -= sw[i] * x_sw[i] + s[i] * x_s[i] + se[i] * x_se[i];
            }
            let (ne, x_ne) = (cut(&self.south_west, above + 1), cut(x, above + 1));
            let (n, x_n) = (cut(&self.south, above), cut(x, above));
            let (nw, x_nw) = (cut(&self.south_east, above - 1), cut(x, above - 1));
            for i in 0..width {
                out[i] -= ne[i] * x_ne[i] + n[i] * x_n[i] + nw[i] * x_nw[i];
            }
        }
    }

    /// Scale of the residual in a Jacobi step: 1 / a_ii, but at most 1.9 / sum_j |a_ij|, which
    /// keeps the step stable (by Gershgorin); 0 for pixels that are not unknowns.
    pub fn damped_inverse(&self) -> Vec<f32> {
        let stride = self.stride();
        let mut inverse = vec![0.0; self.centre.len()];
        let unknown = |(at, _): &(usize, &mut f32)| self.centre[*at] > 0.0;
        // The border has no unknowns, so all neighbours are inside.
        for (at, inverse) in inverse.iter_mut().enumerate().filter(unknown) {
            let above = at - stride;
            let entries = [
                self.centre[at],
                self.east[at],
                self.east[at - 1],
                self.south_west[at],
                self.south[at],
                self.south_east[at],
                self.south_west[above + 1],
                self.south[above],
                self.south_east[above - 1],
            ];
            let row: f32 = entries.iter().map(|entry| entry.abs()).sum();
            *inverse = (1.0 / self.centre[at]).min(1.9 / row);
        }
        inverse
    }
}

#[cfg(test)]
impl GridMatrix {
    /// `out = A x`, both with a border of zeros.
    pub fn product(&self, x: &[f32], out: &mut [f32]) {
        self.residual(&vec![0.0; x.len()], x, out);
        out.iter_mut().for_each(|out| *out = -*out);
    }
}

/// Number of values with the border.
pub(super) fn padded_len([height, width]: [usize; 2]) -> usize {
    (height + 2) * (width + 2)
}

fn row(values: &[f32], begin: usize, width: usize) -> &[f32] {
    &values[begin..][..width]
}
