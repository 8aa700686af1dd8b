//! Conjugate gradients, each residual first brought near the error by a multigrid pass.

use super::multigrid::{Multigrid, Room};
use crate::trust::TrustError;

/// Far more than a system ever took; about ten are usual.
const MOST_STEPS: usize = 200;

/// `A^-1 right`, framed, up to an estimated error of `tolerance` in any pixel.
///
/// The estimate is the multigrid pass over the residual: near `A^-1` of it, which is the error. The
/// residual itself would not do: over a large removed region a small one hides a large error.
///
/// # Errors
/// No solution in [`MOST_STEPS`] steps, which only values beyond any scale can cause.
pub(super) fn solve(
    system: &Multigrid,
    right: Vec<f64>,
    tolerance: f64,
    room: &mut Room,
) -> Result<Vec<f64>, TrustError> {
    let mut residual = right;
    let mut x = vec![0.0; residual.len()];
    let mut direction = x.clone();
    let mut product = x.clone();
    let mut before = 0.0;
    for _ in 0..MOST_STEPS {
        let error = system.pass(&residual, room);
        if error.iter().all(|error| error.abs() <= tolerance) {
            x.iter_mut().zip(error).for_each(|(x, error)| *x += error);
            return Ok(x);
        }
        let now = dot(&residual, error);
        let keep = if before > 0.0 { now / before } else { 0.0 };
        before = now;
        for (direction, error) in direction.iter_mut().zip(error) {
            *direction = error + keep * *direction;
        }
        system.finest().product(&direction, &mut product);
        let length = now / dot(&direction, &product);
        for (x, direction) in x.iter_mut().zip(&direction) {
            *x += length * direction;
        }
        for (residual, product) in residual.iter_mut().zip(&product) {
            *residual -= length * product;
        }
    }
    Err(TrustError::Unsolved { steps: MOST_STEPS })
}

/// Four sums side by side, always the same four.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a, b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = (a.remainder().iter().zip(b.remainder())).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for i in 0..4 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f64>() + rest
}
