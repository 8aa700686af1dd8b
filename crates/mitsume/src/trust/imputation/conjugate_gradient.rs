//! Conjugate gradients, preconditioned by a multigrid V-cycle.

use super::grid_matrix::padded_len;
use super::multigrid::{Multigrid, MultigridBuffers};
use crate::trust::TrustError;

/// About ten iterations are usual.
const MAX_ITERATIONS: usize = 200;

/// Largest estimated error of any value at the end, for values scaled to [-1, 1]. The estimate is
/// then subtracted; the remaining error is well below a millionth of the range.
const TOLERANCE: f32 = 3e-6;

/// Solver with reusable vectors, all with a border of zeros.
pub(super) struct ConjugateGradient<'a> {
    system: &'a Multigrid,
    buffers: MultigridBuffers,
    line: Vec<f64>,
    /// The right-hand side at first, then the residual.
    pub residual: Vec<f64>,
    /// The solution.
    pub x: Vec<f64>,
    direction: Vec<f64>,
    product: Vec<f64>,
}

impl<'a> ConjugateGradient<'a> {
    pub fn new(system: &'a Multigrid) -> Self {
        let zeros = vec![0.0; padded_len(system.system().shape())];
        Self {
            system,
            buffers: system.buffers(),
            line: system.system().lines(),
            residual: zeros.clone(),
            x: zeros.clone(),
            direction: zeros.clone(),
            product: zeros,
        }
    }

    /// `x = A^-1 residual`.
    ///
    /// The stopping criterion is the estimated error, which is the V-cycle applied to the residual,
    /// an approximation of `A^-1` times it. The residual itself is no criterion: over a large
    /// removed region a small one hides a large error.
    ///
    /// # Errors
    /// No convergence in [`MAX_ITERATIONS`] iterations.
    pub fn solve(&mut self) -> Result<(), TrustError> {
        self.x.fill(0.0);
        self.direction.fill(0.0);
        let mut before = 0.0;
        for _ in 0..MAX_ITERATIONS {
            let error = self.system.v_cycle(&self.residual, &mut self.buffers);
            if largest(error) <= TOLERANCE {
                add(&mut self.x, 1.0, error);
                return Ok(());
            }
            let now = dot(&self.residual, error);
            let keep = if before > 0.0 { now / before } else { 0.0 };
            before = now;
            for (direction, error) in self.direction.iter_mut().zip(error) {
                *direction = f64::from(*error) + keep * *direction;
            }
            let system = self.system.system();
            system.product(&self.direction, &mut self.product, &mut self.line);
            let length = now / dot(&self.product, &self.direction);
            add(&mut self.x, length, &self.direction);
            add(&mut self.residual, -length, &self.product);
        }
        Err(TrustError::NotConverged {
            steps: MAX_ITERATIONS,
        })
    }
}

/// `to += scale * from`.
fn add<T: Copy + Into<f64>>(to: &mut [f64], scale: f64, from: &[T]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to += scale * from.into();
    }
}

/// The largest absolute value; NaN if there is one.
fn largest(values: &[f32]) -> f32 {
    let larger = |most: f32, value: &f32| {
        if value.abs() <= most {
            most
        } else {
            value.abs()
        }
    };
    let mut most = [0.0_f32; 8];
    let eights = values.chunks_exact(8);
    let rest = eights.remainder().iter().fold(0.0, larger);
    for values in eights {
        for (most, value) in most.iter_mut().zip(values) {
            *most = larger(*most, value);
        }
    }
    most.iter().fold(rest, larger)
}

/// The dot product by four interleaved sums, in a fixed order.
fn dot<T: Copy + Into<f64>>(a: &[f64], b: &[T]) -> f64 {
    let mut sums = [0.0; 4];
    let (a, b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest = a.remainder().iter().zip(b.remainder());
    let rest: f64 = rest.map(|(&a, &b)| a * b.into()).sum();
    for (a, b) in a.zip(b) {
        for i in 0..4 {
            sums[i] += a[i] * b[i].into();
        }
    }
    sums.iter().sum::<f64>() + rest
}
