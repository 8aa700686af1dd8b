//! Times a training step inside Burn, trunk and head with maps apart:
//! `cargo run --release --features burn --example burn_step -- LEVEL [BATCH [SIZE]]`.

use burn::tensor::{Device, Distribution, Tensor};
use mitsume_kernels::burn_extension::{pool_features, trunk_train};
use mitsume_kernels::head::HeadPooling;
use mitsume_kernels::trunk::TrunkSpec;
use mitsume_levels::Level;
use std::time::Instant;

fn main() {
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse().ok())
        .collect();
    let get = |i: usize, default| arguments.get(i).copied().unwrap_or(default);
    let (level, images, size) = (get(0, 2), get(1, 32), get(2, 224));
    let Some(level) = Level::from_number(level) else {
        eprintln!("the levels are 1 to 5");
        std::process::exit(2);
    };
    let spec = TrunkSpec::level(level, 1);
    let device = Device::flex().autodiff();
    let random = |n: usize| Tensor::<1>::random([n], Distribution::Uniform(-0.1, 0.1), &device);
    let x = Tensor::<4>::random(
        [images, 1, size, size],
        Distribution::Uniform(-1.0, 1.0),
        &device,
    );
    let all = spec.parameters();
    let p: Vec<_> = all
        .iter()
        .map(|p| random(p.shape.iter().product()).require_grad())
        .collect();
    let w = Tensor::<2>::random(
        [spec.feature_channels(), 4],
        Distribution::Uniform(-0.1, 0.1),
        &device,
    )
    .require_grad();
    for _ in 0..4 {
        let start = Instant::now();
        let (features, _) = trunk_train(&spec, x.clone(), p.clone()).expect("the level fits");
        let forward = start.elapsed().as_secs_f64();
        let head = level.head();
        let pooling = HeadPooling::new(head.relu, head.pool).expect("no level has both");
        let [n, c, h, w_] = features.dims();
        let linear_alpha = Tensor::<2>::zeros([n, c], &device) + 1.0 / (h * w_) as f32;
        let pooled =
            pool_features(features, pooling, Some(linear_alpha)).expect("the features fit");
        let features = pooled.pooled;
        let weighted_sum = pooled.weighted_sum.map(|r| r.powi_scalar(2).sum());
        let loss = features.matmul(w.clone()).sum();
        let loss = weighted_sum.map_or(loss.clone(), |r| loss + r);
        let head = start.elapsed().as_secs_f64() - forward;
        let gradients = loss.backward();
        let total = start.elapsed().as_secs_f64();
        drop(gradients);
        println!(
            "level {level}: trunk forward {forward:.3} s, head forward {head:.3} s, backward {:.3} s, step {total:.3} s",
            total - forward - head
        );
    }
}
