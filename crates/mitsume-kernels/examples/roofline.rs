//! The rate of every kernel at the sizes of the levels, on one thread, beside the register tile's peak:
//! `cargo run --release --features bench --example roofline -- [IMAGES]`.
//!
//! Best of several runs. A Winograd convolution needs a quarter of the direct multiplications, so its rate can pass the peak.

use mitsume_kernels::Workspace;
use mitsume_kernels::bench::{CONVOLUTIONS, Case, convolution, first_layer, pointwise, skip};
use std::time::Instant;

fn print(mut case: Case) {
    (case.run)();
    let mut best = f64::MAX;
    for _ in 0..7 {
        let start = Instant::now();
        (case.run)();
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!(
        "| {} | {:.2} | {:.0} | {:.1} |",
        case.name,
        best * 1e3,
        case.flop / best * 1e-9,
        case.bytes / best * 1e-9
    );
}

fn main() {
    let images = std::env::args()
        .nth(1)
        .and_then(|a| a.parse().ok())
        .unwrap_or(4);
    let workspace = Workspace::default();
    let threads = rayon::current_num_threads();
    println!(
        "{images} images, {threads} threads, {}\n",
        workspace.isa().name()
    );
    println!("| kernel | ms | direct GFLOP/s | GB/s |\n| --- | --- | --- | --- |");
    CONVOLUTIONS.into_iter().for_each(|s| {
        convolution(&workspace, images, s)
            .into_iter()
            .for_each(print)
    });
    for outputs in [16, 32, 64] {
        first_layer(&workspace, images, outputs)
            .into_iter()
            .for_each(print);
    }
    for (side, channels) in [(112, 64), (56, 128), (28, 256), (112, 128)] {
        pointwise(&workspace, images, side, channels)
            .into_iter()
            .for_each(print);
    }
    for shape in [[112, 32, 64], [56, 128, 256], [28, 256, 512]] {
        skip(&workspace, images, shape).into_iter().for_each(print);
    }
}
