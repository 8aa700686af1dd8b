//! An activation function in training.

use crate::activation::{Activation, Elementwise, for_activation};
use crate::error::{Error, check_length};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// Values in a task.
const VALUES_PER_TASK: usize = 1 << 15;

/// `activation(x)`.
pub fn activate(workspace: &Workspace, activation: Activation, x: &[f32]) -> Buffer {
    let mut y = workspace.take(x.len());
    y.par_chunks_mut(VALUES_PER_TASK)
        .zip(x.par_chunks(VALUES_PER_TASK))
        .for_each(|(y, x)| workspace.isa().run(Forward { activation, x, y }));
    y
}

/// The gradient of x from that of `activation(x)`, `dy`.
///
/// # Errors
/// If `dy` is not as long as `x`.
pub fn activation_gradient(
    workspace: &Workspace,
    activation: Activation,
    x: &[f32],
    dy: &[f32],
) -> Result<Buffer, Error> {
    check_length("gradient of the result", x.len(), dy.len())?;
    let mut dx = workspace.take(x.len());
    dx.par_chunks_mut(VALUES_PER_TASK)
        .zip(x.par_chunks(VALUES_PER_TASK))
        .zip(dy.par_chunks(VALUES_PER_TASK))
        .for_each(|((dx, x), dy)| {
            workspace.isa().run(Gradient {
                activation,
                x,
                dy,
                dx,
            });
        });
    Ok(dx)
}

struct Forward<'a> {
    activation: Activation,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { activation, x, y } = self;
        for_activation!(activation, f => {
            for (x, y) in x.chunks(S::LANES).zip(y.chunks_mut(S::LANES)) {
                simd.store_partial(y, f.apply(simd, simd.load_partial(x)));
            }
        });
    }
}

struct Gradient<'a> {
    activation: Activation,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Kernel for Gradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self {
            activation,
            x,
            dy,
            dx,
        } = self;
        for_activation!(activation, f => {
            let values = x.chunks(S::LANES).zip(dy.chunks(S::LANES));
            for ((x, dy), dx) in values.zip(dx.chunks_mut(S::LANES)) {
                let slope = f.derivative(simd, simd.load_partial(x));
                simd.store_partial(dx, simd.mul(slope, simd.load_partial(dy)));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Isa;

    #[test]
    fn a_gradient_is_the_derivative_times_that_of_the_result() {
        let n = VALUES_PER_TASK + 21;
        let x: Vec<f32> = (0..n).map(|i| (i as f32 * 0.37).sin() * 4.0).collect();
        let dy: Vec<f32> = (0..n).map(|i| (i as f32 * 0.11).cos()).collect();
        let workspace = Workspace::default();
        let y = activate(&workspace, Activation::Relu, &x);
        let dx = activation_gradient(&workspace, Activation::Relu, &x, &dy).unwrap();
        for i in 0..n {
            assert_eq!(y[i], x[i].max(0.0));
            assert_eq!(dx[i], if x[i] > 0.0 { dy[i] } else { 0.0 });
        }
        assert!(activation_gradient(&workspace, Activation::Relu, &x, &dy[1..]).is_err());
        // The same for every instruction set, but for rounding.
        let expected = activation_gradient(&workspace, Activation::Silu, &x, &dy).unwrap();
        for isa in Isa::available() {
            let workspace = Workspace::new(isa);
            let found = activation_gradient(&workspace, Activation::Silu, &x, &dy).unwrap();
            let pairs = found.iter().zip(expected.iter());
            assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-6));
        }
    }
}
