//! Approximate solutions of the system, from its coarser and coarser forms.
//!
//! A Jacobi step settles what varies from pixel to pixel and leaves what is smooth; that is settled
//! on a grid of half the size, where it varies, and so on down to a single pixel (Briggs, Henson and
//! McCormick, "A Multigrid Tutorial", 2000). One pass is a symmetric, positive operation close to
//! the inverse, whatever the size and shape of the removed region.

use super::coarsening::{coarsened, halved, prolong, restrict};
use super::grid_matrix::{GridMatrix, framed};

/// The system on every grid, the finest first, the last of one pixel.
pub(super) struct Multigrid {
    levels: Vec<Level>,
}

struct Level {
    matrix: GridMatrix,
    inverse: Vec<f64>,
}

/// The room a pass needs, for reuse.
pub(super) struct Room {
    levels: Vec<Vectors>,
    line: Vec<f64>,
}

struct Vectors {
    right: Vec<f64>,
    x: Vec<f64>,
    product: Vec<f64>,
}

impl Multigrid {
    pub fn new(matrix: GridMatrix) -> Self {
        let mut levels = Vec::new();
        let mut next = Some(matrix);
        while let Some(matrix) = next {
            next = (matrix.shape != [1, 1]).then(|| coarsened(&matrix));
            let inverse = matrix.damped_inverse();
            levels.push(Level { matrix, inverse });
        }
        Self { levels }
    }

    pub fn finest(&self) -> &GridMatrix {
        &self.levels[0].matrix
    }

    pub fn room(&self) -> Room {
        let vectors = |level: &Level| {
            let zeros = vec![0.0; framed(level.matrix.shape)];
            Vectors {
                right: zeros.clone(),
                x: zeros.clone(),
                product: zeros,
            }
        };
        Room {
            levels: self.levels.iter().map(vectors).collect(),
            line: vec![0.0; self.finest().stride()],
        }
    }

    /// About `A^-1 right`, in the room's first level.
    pub fn pass<'a>(&self, right: &[f64], room: &'a mut Room) -> &'a [f64] {
        room.levels[0].right.copy_from_slice(right);
        self.descend(&mut room.levels, &mut room.line, 0);
        &room.levels[0].x
    }

    fn descend(&self, vectors: &mut [Vectors], line: &mut [f64], depth: usize) {
        let (level, Some((own, coarser))) = (&self.levels[depth], vectors.split_first_mut()) else {
            return;
        };
        let Vectors { right, x, product } = own;
        for ((x, right), inverse) in x.iter_mut().zip(&*right).zip(&level.inverse) {
            *x = inverse * right;
        }
        let Some(next) = coarser.first_mut() else {
            return;
        };
        let shape = level.matrix.shape;
        level.matrix.product(x, product);
        for (product, right) in product.iter_mut().zip(&*right) {
            *product = right - *product;
        }
        restrict(product, shape, &mut next.right, line);
        debug_assert_eq!(halved(shape), self.levels[depth + 1].matrix.shape);
        self.descend(coarser, line, depth + 1);
        prolong(&coarser[0].x, &level.inverse, shape, x, line);
        level.matrix.product(x, product);
        let parts = right.iter().zip(&*product).zip(&level.inverse);
        for (x, ((right, product), inverse)) in x.iter_mut().zip(parts) {
            *x += inverse * (right - product);
        }
    }
}
