//! Approximate solutions of the system, from its coarser and coarser forms.
//!
//! A Jacobi step settles what varies from pixel to pixel and leaves what is smooth; that is settled
//! on a grid of half the size, where it varies, and so on down to a single pixel (Briggs, Henson and
//! McCormick, "A Multigrid Tutorial", 2000). One pass is a symmetric, positive operation close to
//! the inverse, whatever the size and shape of the removed region.

use super::coarsening::{coarsened, prolong, restrict};
use super::grid_matrix::{GridMatrix, framed};
use super::system::System;

/// The system on every grid, down to one of a single pixel. In `f32`: it is approximate anyway.
pub(super) struct Multigrid {
    system: System,
    inverse: Vec<f32>,
    coarser: Vec<Level>,
}

struct Level {
    matrix: GridMatrix,
    inverse: Vec<f32>,
}

/// The room a pass needs, for reuse.
pub(super) struct Room {
    levels: Vec<Vectors>,
    line: Vec<f32>,
}

struct Vectors {
    right: Vec<f32>,
    x: Vec<f32>,
    left: Vec<f32>,
}

impl Multigrid {
    pub fn new(system: System) -> Self {
        let finest = system.matrix();
        let inverse = finest.damped_inverse();
        let mut coarser: Vec<Level> = Vec::new();
        loop {
            let last = coarser.last().map_or(&finest, |level| &level.matrix);
            if last.shape == [1, 1] {
                break;
            }
            let matrix = coarsened(last);
            let inverse = matrix.damped_inverse();
            coarser.push(Level { matrix, inverse });
        }
        Self {
            system,
            inverse,
            coarser,
        }
    }

    pub fn system(&self) -> &System {
        &self.system
    }

    pub fn room(&self) -> Room {
        let vectors = |shape: [usize; 2]| {
            let zeros = vec![0.0; framed(shape)];
            Vectors {
                right: zeros.clone(),
                x: zeros.clone(),
                left: zeros,
            }
        };
        let coarser = self.coarser.iter().map(|level| level.matrix.shape);
        let shapes = std::iter::once(self.system.shape()).chain(coarser);
        Room {
            levels: shapes.map(vectors).collect(),
            line: self.system.lines(),
        }
    }

    /// About `A^-1 right`, framed.
    pub fn pass<'a>(&self, right: &[f64], room: &'a mut Room) -> &'a [f32] {
        for (to, from) in room.levels[0].right.iter_mut().zip(right) {
            *to = *from as f32;
        }
        self.descend(&mut room.levels, &mut room.line, 0);
        &room.levels[0].x
    }

    fn descend(&self, vectors: &mut [Vectors], line: &mut [f32], depth: usize) {
        let Some((own, coarser)) = vectors.split_first_mut() else {
            return;
        };
        let inverse = self.inverse(depth);
        let Vectors { right, x, left } = own;
        for ((x, right), inverse) in x.iter_mut().zip(&*right).zip(inverse) {
            *x = inverse * right;
        }
        let Some(next) = coarser.first_mut() else {
            return;
        };
        let shape = self.shape(depth);
        self.residual(depth, right, x, left, line);
        restrict(left, shape, &mut next.right, line);
        self.descend(coarser, line, depth + 1);
        prolong(&coarser[0].x, inverse, shape, x, line);
        self.residual(depth, right, x, left, line);
        for ((x, left), inverse) in x.iter_mut().zip(&*left).zip(inverse) {
            *x += inverse * left;
        }
    }

    fn inverse(&self, depth: usize) -> &[f32] {
        match depth.checked_sub(1) {
            None => &self.inverse,
            Some(below) => &self.coarser[below].inverse,
        }
    }

    fn shape(&self, depth: usize) -> [usize; 2] {
        match depth.checked_sub(1) {
            None => self.system.shape(),
            Some(below) => self.coarser[below].matrix.shape,
        }
    }

    fn residual(&self, depth: usize, right: &[f32], x: &[f32], out: &mut [f32], line: &mut [f32]) {
        match depth.checked_sub(1) {
            None => self.system.residual(right, x, out, line),
            Some(below) => self.coarser[below].matrix.residual(right, x, out),
        }
    }
}
