//! Times a training step of a level's trunk:
//! `cargo run --release --example step -- LEVEL [BATCH [SIZE [REPEATS]]]`.
//!
//! Prints the best and median time of the forward and backward pass. Threads: RAYON_NUM_THREADS.
//! `--processor-time` counts processor time instead.

#[path = "../tests/values/mod.rs"]
mod values;

use mitsume_kernels::Workspace;
use mitsume_kernels::trunk::{
    Batch, ForwardPass, TrunkSpec, backward, forward_eval, forward_train,
};
use mitsume_levels::Level;
use std::time::Instant;
use values::values;

/// Processor time of all threads so far, in seconds: what counts when the machine is shared (Linux
/// only, else 0).
fn processor_seconds() -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return 0.0;
    };
    let text = |t: std::fs::DirEntry| std::fs::read_to_string(t.path().join("schedstat")).ok();
    let first = |s: String| s.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    tasks
        .flatten()
        .filter_map(text)
        .filter_map(first)
        .sum::<f64>()
        * 1e-9
}

fn main() {
    let begin = Instant::now();
    let by_processor = std::env::args().any(|a| a == "--processor-time");
    let clock = || {
        if by_processor {
            processor_seconds()
        } else {
            begin.elapsed().as_secs_f64()
        }
    };
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse().ok())
        .collect();
    let get = |i: usize, default| arguments.get(i).copied().unwrap_or(default);
    let (level, images, size, repeats) = (get(0, 2), get(1, 32), get(2, 224), get(3, 5));
    let Some(level) = Level::from_number(level) else {
        eprintln!("the levels are 1 to 5");
        std::process::exit(2);
    };
    let spec = TrunkSpec::level(level, 1);
    let data = values(images * size * size, 1);
    let parameters: Vec<Vec<f32>> = (spec.parameters().iter().enumerate())
        .map(|(i, p)| {
            let fan: usize = p.shape[1..].iter().product();
            let bound = 1.0 / (fan.max(1) as f32).sqrt();
            values(p.shape.iter().product(), 2 + i as u32)
                .iter()
                .map(|v| v * bound)
                .collect()
        })
        .collect();
    let p: Vec<&[f32]> = parameters.iter().map(Vec::as_slice).collect();
    let batch = Batch {
        data: &data,
        images,
        height: size,
        width: size,
    };
    let norms: Vec<Vec<f32>> = spec.norms().iter().map(|c| vec![1.0; *c]).collect();
    let running: Vec<_> = norms.iter().map(|n| (n.as_slice(), n.as_slice())).collect();
    let workspace = Workspace::default();
    let (mut forward, mut back, mut evaluate) = (Vec::new(), Vec::new(), Vec::new());
    let mut direction = Vec::new();
    for _ in 0..repeats + 1 {
        let start = clock();
        let out = forward_train(&workspace, &spec, batch, &p).expect("the level fits");
        forward.push(clock() - start);
        if direction.is_empty() {
            direction = values(out.features.len(), 99);
        }
        let start = clock();
        let pass = ForwardPass {
            batch,
            parameters: &p,
            features: &out.features,
            saved: out.saved,
        };
        backward(&workspace, &spec, pass, &direction).expect("the level fits");
        back.push(clock() - start);
        drop(out.features);
        let start = clock();
        forward_eval(&workspace, &spec, batch, &p, &running).expect("the level fits");
        evaluate.push(clock() - start);
    }
    let report = |name: &str, times: &mut [f64]| {
        times.sort_by(f64::total_cmp);
        println!(
            "level {level} {name}: best {:.3} s, median {:.3} s",
            times[0],
            times[times.len() / 2]
        );
        times[0]
    };
    let total = report("forward", &mut forward) + report("backward", &mut back);
    report("evaluation", &mut evaluate);
    println!(
        "level {level} step: {total:.3} s on {}",
        workspace.isa().name()
    );
    println!("workspace: {} MB", workspace.idle_bytes() >> 20);
}
