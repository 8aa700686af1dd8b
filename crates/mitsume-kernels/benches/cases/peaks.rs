//! Peak arithmetic rate and memory bandwidth of the machine (the roofline).

use std::marker::PhantomData;
use std::time::Instant;

use rayon::prelude::*;

use crate::element::{Element, for_precision};
use crate::gemm::{Matrix, Output, Panel, gemm_of};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::Workspace;

/// Measured rates of all threads together, with the register tile in the workspace's precision.
#[derive(Clone, Copy, Debug)]
pub struct Peaks {
    /// The register tile on operands in the first-level cache, 1e9 operations per second.
    pub gflops: f64,
    /// Reading one array and writing another, both far larger than the caches, 1e9 bytes per
    /// second.
    pub copy_bandwidth: f64,
}

/// Rows and depth, in slots, of the timed product: few enough for the first-level cache.
const ROWS: usize = 48;
const DEPTH: usize = 64;
const PRODUCTS: usize = 20_000;
/// Values copied: 256 MB in, 256 MB out.
const COPIED: usize = 64 << 20;

/// Measures both: best of several runs.
pub fn peaks(workspace: &Workspace) -> Peaks {
    let threads = rayon::current_num_threads();
    let width = 2 * workspace.isa().lanes();
    let products = || {
        (0..threads).into_par_iter().for_each(|_| {
            for_precision!(workspace.precision(), E => {
                workspace.isa().run(Products::<E> { element: PhantomData, width });
            });
        });
    };
    let per_slot = for_precision!(workspace.precision(), E => E::PER_SLOT);
    let flop = 2.0 * per_slot as f64 * (ROWS * DEPTH * width * PRODUCTS * threads) as f64;
    let from = vec![1.0_f32; COPIED];
    let mut to = vec![0.0_f32; COPIED];
    let copy = || {
        let parts = to.par_chunks_mut(1 << 16).zip(from.par_chunks(1 << 16));
        parts.for_each(|(to, from)| to.copy_from_slice(from));
    };
    Peaks {
        gflops: flop / best(products) * 1e-9,
        copy_bandwidth: 8.0 * COPIED as f64 / best(copy) * 1e-9,
    }
}

fn best(mut run: impl FnMut()) -> f64 {
    run();
    (0..7).fold(f64::MAX, |best, _| {
        let start = Instant::now();
        run();
        best.min(start.elapsed().as_secs_f64())
    })
}

struct Products<E> {
    element: PhantomData<E>,
    width: usize,
}

impl<E: Element> Kernel for Products<E> {
    type Output = f32;
    const MULTIPLIES_BF16: bool = E::IS_BFLOAT16;
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let (a, b) = (vec![1e-3; ROWS * DEPTH], vec![1e-3; DEPTH * self.width]);
        let mut c = vec![0.0; ROWS * self.width];
        let a = Matrix {
            data: &a,
            rows: ROWS,
            columns: DEPTH,
            row_stride: DEPTH,
            column_stride: 1,
        };
        let b = Panel {
            data: &b,
            row_stride: self.width,
            vector_stride: self.width / 2,
        };
        for _ in 0..PRODUCTS {
            let c = Output {
                data: &mut c,
                row_stride: self.width,
                accumulate: true,
            };
            gemm_of::<S, E, 2>(simd, a, b, c);
        }
        // Used, so that the compiler does not remove the computation.
        std::hint::black_box(c[0])
    }
}
