//! A multigrid V-cycle as preconditioner.
//!
//! A Jacobi step reduces the error that varies from pixel to pixel and leaves the smooth error,
//! which is reduced on a grid of half the size, and so on down to a single pixel (Briggs, Henson
//! and McCormick, "A Multigrid Tutorial", 2000). One V-cycle is a symmetric, positive operation
//! close to the inverse, whatever the size and shape of the removed region.

use super::coarsening::{galerkin_coarse_matrix, prolong, restrict};
use super::grid_matrix::{GridMatrix, padded_len};
use super::system::System;

/// The system on every grid, down to a single pixel. In `f32`, because a preconditioner is
/// approximate.
pub(super) struct Multigrid {
    system: System,
    inverse: Vec<f32>,
    coarser: Vec<GridLevel>,
}

struct GridLevel {
    matrix: GridMatrix,
    inverse: Vec<f32>,
}

/// Buffers of a V-cycle.
pub(super) struct MultigridBuffers {
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
        let mut coarser: Vec<GridLevel> = Vec::new();
        loop {
            let last = coarser.last().map_or(&finest, |level| &level.matrix);
            if last.shape == [1, 1] {
                break;
            }
            let matrix = galerkin_coarse_matrix(last);
            let inverse = matrix.damped_inverse();
            coarser.push(GridLevel { matrix, inverse });
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

    pub fn buffers(&self) -> MultigridBuffers {
        let vectors = |shape: [usize; 2]| {
            let zeros = vec![0.0; padded_len(shape)];
            Vectors {
                right: zeros.clone(),
                x: zeros.clone(),
                left: zeros,
            }
        };
        let coarser = self.coarser.iter().map(|level| level.matrix.shape);
        let shapes = std::iter::once(self.system.shape()).chain(coarser);
        MultigridBuffers {
            levels: shapes.map(vectors).collect(),
            line: self.system.lines(),
        }
    }

    /// An approximation of `A^-1 right`, with a border of zeros.
    pub fn v_cycle<'a>(&self, right: &[f64], buffers: &'a mut MultigridBuffers) -> &'a [f32] {
        for (to, from) in buffers.levels[0].right.iter_mut().zip(right) {
            *to = *from as f32;
        }
        self.v_cycle_level(&mut buffers.levels, &mut buffers.line, 0);
        &buffers.levels[0].x
    }

    fn v_cycle_level(&self, vectors: &mut [Vectors], line: &mut [f32], depth: usize) {
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
        self.v_cycle_level(coarser, line, depth + 1);
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
