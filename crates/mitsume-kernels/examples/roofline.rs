//! Speed of every pass of a level's training step beside the peak of the machine: `cargo run
//! --release -p mitsume-kernels --features bench --example roofline -- [LEVEL]... [--images N]
//! [--bfloat16]`.
//!
//! Best of several runs. A pass cannot be faster than its matrix products at the register tile's
//! peak, nor than the bytes it must move at the speed of a copy; the slower of the two bounds it.
//! With `--bfloat16` convolutions after the first multiply values of bfloat16, and so does the tile.
//! Threads: RAYON_NUM_THREADS.

use mitsume_kernels::bench::{Case, Peaks, level, peaks};
use mitsume_kernels::{Precision, Workspace};
use mitsume_levels::Level;
use std::time::Instant;

/// Sums over the passes of a step.
#[derive(Default)]
struct Total {
    seconds: f64,
    bound: f64,
    flop: f64,
    product_flop: f64,
    bytes: f64,
}

fn seconds(case: &mut Case) -> f64 {
    (case.run)();
    (0..5).fold(f64::MAX, |best, _| {
        let start = Instant::now();
        (case.run)();
        best.min(start.elapsed().as_secs_f64())
    })
}

fn print(mut case: Case, times: usize, peaks: Peaks, total: &mut Total) {
    let seconds = seconds(&mut case);
    let products = case.product_flop / peaks.gflops * 1e-9;
    let memory = case.bytes / peaks.copy_bandwidth * 1e-9;
    let bound = products.max(memory);
    println!(
        "| {}{} | {:.1} | {:.0} | {:.0} | {:.1} | {} | {:.0} % |",
        case.name,
        if times > 1 {
            format!(", {times} times")
        } else {
            String::new()
        },
        seconds * 1e3 * times as f64,
        case.flop / seconds * 1e-9,
        case.product_flop / seconds * 1e-9,
        case.bytes / seconds * 1e-9,
        if products > memory {
            "products"
        } else {
            "memory"
        },
        100.0 * bound / seconds
    );
    let times = times as f64;
    total.seconds += times * seconds;
    total.bound += times * bound;
    total.flop += times * case.flop;
    total.product_flop += times * case.product_flop;
    total.bytes += times * case.bytes;
}

fn main() {
    let is_flag = |a: &String| a == "--bfloat16";
    let (flags, arguments): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(is_flag);
    let precision = match flags.is_empty() {
        true => Precision::Float32,
        false => Precision::Bfloat16,
    };
    let images = arguments.iter().position(|a| a == "--images");
    let numbers = |range: &[String]| range.iter().filter_map(|a| a.parse().ok()).collect();
    let mut levels: Vec<usize> = numbers(&arguments[..images.unwrap_or(arguments.len())]);
    if levels.is_empty() {
        levels = (1..=5).collect();
    }
    let images = images.and_then(|at| arguments.get(at + 1)?.parse().ok());
    let images = images.unwrap_or(32);
    let workspace = Workspace::default().with_precision(precision);
    let peaks = peaks(&workspace);
    println!(
        "{images} images, {} threads, {}, {precision}: register tile {:.0} GFLOP/s, copy {:.1} GB/s",
        rayon::current_num_threads(),
        workspace.isa().name(),
        peaks.gflops,
        peaks.copy_bandwidth
    );
    for number in levels {
        let Some(spec) = Level::from_number(number) else {
            eprintln!("the levels are 1 to 5");
            std::process::exit(2);
        };
        println!("\n### Level {number}\n");
        println!(
            "| pass | ms | direct GFLOP/s | product GFLOP/s | GB/s | bound by | of the bound |"
        );
        println!("| --- | --- | --- | --- | --- | --- | --- |");
        let mut total = Total::default();
        level(&workspace, spec, images, |case, times| {
            print(case, times, peaks, &mut total);
        });
        println!(
            "| all | {:.0} | {:.0} | {:.0} | {:.1} | | {:.0} % |",
            total.seconds * 1e3,
            total.flop / total.seconds * 1e-9,
            total.product_flop / total.seconds * 1e-9,
            total.bytes / total.seconds * 1e-9,
            100.0 * total.bound / total.seconds
        );
    }
}
