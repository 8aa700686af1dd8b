//! Single kernels at the sizes the levels use them, for benchmarks.

mod convolution;
mod first_layer;
mod head;
mod level;
mod peaks;
mod pointwise;
mod skip;

pub use convolution::{CONVOLUTIONS, convolution};
pub use first_layer::first_layer;
pub use head::head;
pub use level::level;
pub use peaks::{Peaks, peaks};
pub use pointwise::{Pointwise, pointwise};
pub use skip::skip;

use crate::grid::Grid;

/// One kernel with its data.
pub struct Case {
    /// What it does and at which size.
    pub name: String,
    /// Multiplications and additions of the direct computation; 0 for memory-bound passes.
    pub flop: f64,
    /// Those of its matrix products, fewer in the Winograd domain; without the transforms.
    pub product_flop: f64,
    /// Bytes it must read and write at least.
    pub bytes: f64,
    /// Runs it once.
    pub run: Run,
}

/// What a case runs.
type Run = Box<dyn FnMut() + Send>;

/// Square images or maps.
fn square(images: usize, side: usize) -> Grid {
    Grid {
        images,
        height: side,
        width: side,
    }
}

/// Any values between -1 and 1 that are not all the same.
fn values(n: usize, seed: usize) -> Vec<f32> {
    (0..n)
        .map(|i| ((i * 37 + seed * 101) % 1009) as f32 / 504.5 - 1.0)
        .collect()
}
