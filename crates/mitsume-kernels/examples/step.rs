//! Times a training step of a level's trunk:
//! `cargo run --release --example step -- LEVEL [BATCH [SIZE [REPEATS]]]`.
//!
//! Prints the best and median time of the forward and backward pass. Threads: RAYON_NUM_THREADS.
//! `--processor-time` counts processor time instead.

#[path = "../tests/values/mod.rs"]
mod values;

use mitsume_kernels::Workspace;
use mitsume_kernels::trunk::{
    Batch, ForwardPass, Parameter, TrunkSpec, backward, forward_eval, forward_train,
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

/// A clock in seconds: wall-clock time, or processor time with `--processor-time`.
fn clock() -> impl Fn() -> f64 {
    let begin = Instant::now();
    let by_processor = std::env::args().any(|a| a == "--processor-time");
    move || match by_processor {
        true => processor_seconds(),
        false => begin.elapsed().as_secs_f64(),
    }
}

/// Random values in the range of PyTorch's initialisation.
fn random_parameters(spec: &TrunkSpec) -> Vec<Vec<f32>> {
    let parameters = spec.parameters();
    let parameter = |(i, p): (usize, &Parameter)| -> Vec<f32> {
        let fan: usize = p.shape[1..].iter().product();
        let bound = 1.0 / (fan.max(1) as f32).sqrt();
        let values = values(p.shape.iter().product(), 2 + i as u32);
        values.iter().map(|v| v * bound).collect()
    };
    parameters.iter().enumerate().map(parameter).collect()
}

/// Seconds of each repeat; the first one, which warms up, is among them.
#[derive(Default)]
struct Times {
    forward: Vec<f64>,
    backward: Vec<f64>,
    evaluation: Vec<f64>,
}

fn measure(workspace: &Workspace, spec: &TrunkSpec, batch: Batch, repeats: usize) -> Times {
    let clock = clock();
    let parameters = random_parameters(spec);
    let p: Vec<&[f32]> = parameters.iter().map(Vec::as_slice).collect();
    let norms: Vec<Vec<f32>> = spec.norms().iter().map(|c| vec![1.0; *c]).collect();
    let running: Vec<_> = norms.iter().map(|n| (n.as_slice(), n.as_slice())).collect();
    let mut times = Times::default();
    let mut direction = Vec::new();
    for _ in 0..repeats + 1 {
        let start = clock();
        let out = forward_train(workspace, spec, batch, &p).expect("the level fits");
        times.forward.push(clock() - start);
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
        backward(workspace, spec, pass, &direction).expect("the level fits");
        times.backward.push(clock() - start);
        drop(out.features);
        let start = clock();
        forward_eval(workspace, spec, batch, &p, &running).expect("the level fits");
        times.evaluation.push(clock() - start);
    }
    times
}

fn main() {
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
    let data = values(images * size * size, 1);
    let batch = Batch {
        data: &data,
        images,
        height: size,
        width: size,
    };
    let workspace = Workspace::default();
    let mut times = measure(&workspace, &TrunkSpec::level(level, 1), batch, repeats);
    let report = |name: &str, times: &mut [f64]| {
        times.sort_by(f64::total_cmp);
        println!(
            "level {level} {name}: best {:.3} s, median {:.3} s",
            times[0],
            times[times.len() / 2]
        );
        times[0]
    };
    let total = report("forward", &mut times.forward) + report("backward", &mut times.backward);
    report("evaluation", &mut times.evaluation);
    println!(
        "level {level} step: {total:.3} s on {}",
        workspace.isa().name()
    );
    println!("workspace: {} MB", workspace.idle_bytes() >> 20);
}
