//! Transforms of 3x3 filters into the Winograd domain, and of their gradients back.

use super::transform::{INPUT_TILE, POINTS, filter_matrix};
use crate::isa::Isa;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// A convolution's filters transformed and laid out for the register tile:
/// [panel of outputs][point][input channel][output within panel], zero beyond the last output.
pub(crate) struct Filters {
    pub data: Buffer,
    pub inputs: usize,
    pub outputs: usize,
}

/// Number of output and input channels of a convolution's filters.
#[derive(Clone, Copy)]
pub(crate) struct FilterShape {
    pub outputs: usize,
    pub inputs: usize,
}

/// Which convolution the filters are for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The convolution itself.
    Forward,
    /// The transposed convolution, which gives the gradient of the input from that of the output.
    Backward,
}

impl Filters {
    /// Transforms `weights` [outputs, inputs, 3, 3] (PyTorch's layout), each output's multiplied by
    /// its `scale` if given.
    pub(crate) fn new(
        workspace: &Workspace,
        weights: &[f32],
        FilterShape { outputs, inputs }: FilterShape,
        direction: Direction,
        scale: Option<&[f32]>,
    ) -> Self {
        assert_eq!(weights.len(), outputs * inputs * 9);
        let (rows, columns) = match direction {
            Direction::Forward => (inputs, outputs),
            Direction::Backward => (outputs, inputs),
        };
        let width = panel_width(workspace.isa());
        let chunk = POINTS * rows * width;
        let mut data = workspace.take(columns.div_ceil(width) * chunk);
        data.par_chunks_mut(chunk)
            .enumerate()
            .for_each(|(panel, out)| {
                for row in 0..rows {
                    for j in 0..width {
                        let column = panel * width + j;
                        let transformed = if column < columns {
                            let (o, i) = match direction {
                                Direction::Forward => (column, row),
                                Direction::Backward => (row, column),
                            };
                            let mut g: [f32; 9] =
                                std::array::from_fn(|k| weights[(o * inputs + i) * 9 + k]);
                            if direction == Direction::Backward {
                                g.reverse(); // Rotated by 180 degrees.
                            }
                            let by = scale.map_or(1.0, |s| f64::from(s[o]));
                            filter_transform(g.map(|x| f64::from(x) * by))
                        } else {
                            [0.0; POINTS]
                        };
                        for (point, x) in transformed.iter().enumerate() {
                            out[(point * rows + row) * width + j] = *x;
                        }
                    }
                }
            });
        Self {
            data,
            inputs: rows,
            outputs: columns,
        }
    }
}

/// Outputs in one panel: the width of the register tile.
pub(crate) fn panel_width(isa: Isa) -> usize {
    2 * isa.lanes()
}

/// G g G^T
fn filter_transform(g: [f64; 9]) -> [f32; POINTS] {
    let m = filter_matrix();
    let half: [[f64; 3]; INPUT_TILE] = std::array::from_fn(|p| {
        std::array::from_fn(|x| (0..3).map(|y| m[p][y] * g[y * 3 + x]).sum())
    });
    std::array::from_fn(|k| {
        let (p, q) = (k / INPUT_TILE, k % INPUT_TILE);
        (0..3).map(|x| half[p][x] * m[q][x]).sum::<f64>() as f32
    })
}

/// G^T u G
fn filter_gradient_transform(u: [f64; POINTS]) -> [f32; 9] {
    let m = filter_matrix();
    let half: [[f64; INPUT_TILE]; 3] = std::array::from_fn(|y| {
        std::array::from_fn(|q| {
            (0..INPUT_TILE)
                .map(|p| m[p][y] * u[p * INPUT_TILE + q])
                .sum()
        })
    });
    std::array::from_fn(|k| {
        let (y, x) = (k / 3, k % 3);
        (0..INPUT_TILE).map(|q| half[y][q] * m[q][x]).sum::<f64>() as f32
    })
}

/// Gradient of the filters from its Winograd-domain form `domain`, laid out as [`Filters`];
/// `weights` is [outputs, inputs, 3, 3].
pub(crate) fn filter_gradient_from_domain(
    isa: Isa,
    domain: &[f32],
    weights: &mut [f32],
    FilterShape { outputs, inputs }: FilterShape,
) {
    let width = panel_width(isa);
    assert_eq!(
        domain.len(),
        outputs.div_ceil(width) * POINTS * inputs * width
    );
    weights
        .par_chunks_mut(inputs * 9)
        .enumerate()
        .for_each(|(o, out)| {
            let (panel, j) = (o / width, o % width);
            for (i, g) in out.chunks_exact_mut(9).enumerate() {
                let u = std::array::from_fn(|point| {
                    f64::from(domain[((panel * POINTS + point) * inputs + i) * width + j])
                });
                g.copy_from_slice(&filter_gradient_transform(u));
            }
        });
}
