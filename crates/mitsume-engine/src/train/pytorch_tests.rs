//! Ten steps with each option of `[train]`, and learning rates, beside PyTorch
//! (`scripts/reference/training.py`).

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_artifacts::RunConfig;
use mitsume_data::Batch;
use mitsume_nn::{Classifier, Level, StateEntry};
use serde::Deserialize;

use super::architecture::{Architecture, TrainedModel};
use super::checkpoint::TrainState;
use super::cross_entropy::cross_entropy;
use super::schedule::LearningRates;
use super::step::{EpochSettings, StepBatches, StepContext, step};
use super::{prepare, schedule};
use crate::Result;

const SIZE: usize = 32;
const CLASSES: usize = 4;

#[derive(Deserialize)]
struct Reference {
    labels: Vec<usize>,
    trajectories: Vec<Trajectory>,
    averages: Vec<Average>,
    schedules: Vec<Rates>,
}

#[derive(Deserialize)]
struct Trajectory {
    name: String,
    settings: Vec<String>,
    losses: Vec<f64>,
}

/// Losses in evaluation after each step.
#[derive(Deserialize)]
struct Average {
    settings: Vec<String>,
    losses: Vec<f64>,
    statistics_copied: Vec<f64>,
    not_averaged: Vec<f64>,
}

#[derive(Deserialize)]
struct Rates {
    name: String,
    settings: Vec<String>,
    rates: Vec<f64>,
    /// Of the last linear layer.
    head_rates: Vec<f64>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("reference/training.json")).unwrap()
}

fn config(settings: &[String]) -> RunConfig {
    let text = format!(
        "[data]\ntrain = \"a\"\nvalid = \"b\"\nimage_size = {SIZE}\n\
         [model]\nname = \"level2\"\ndropout = 0.0\n"
    );
    let sets: Vec<String> = settings.iter().map(|set| format!("train.{set}")).collect();
    RunConfig::from_toml_with(&text, Path::new("run.toml"), &sets).unwrap()
}

/// The first `n` values of a stream, each in [0, 1).
fn hash01(n: usize, stream: u32) -> impl Iterator<Item = f64> {
    (0..n as u32).map(move |i| {
        let start = stream.wrapping_add(1).wrapping_mul(2246822519);
        let mut h = i.wrapping_mul(2654435761).wrapping_add(start);
        h ^= h >> 15;
        h = h.wrapping_mul(2246822519);
        h ^= h >> 13;
        h = h.wrapping_mul(3266489917);
        h ^= h >> 16;
        f64::from(h) / 2f64.powi(32)
    })
}

fn fill<const D: usize>(
    param: &mut burn::module::Param<Tensor<D>>,
    stream: usize,
    [low, high]: [f64; 2],
) {
    let shape = param.dims();
    let values = hash01(shape.iter().product(), stream as u32);
    let values: Vec<f32> = values
        .map(|unit| (low + (high - low) * unit) as f32)
        .collect();
    let data = TensorData::new(values, shape);
    *param = param
        .clone()
        .map(|old| Tensor::from_data(data, &old.device()).set_require_grad(old.is_require_grad()));
}

/// The weights of the reference, in the order of the state dict.
fn set_weights(model: &mut Classifier) {
    let entries = model.state_dict_mut(Level::Two).into_iter();
    for (stream, (name, entry)) in entries.enumerate() {
        match entry {
            StateEntry::Vector(_) if name.contains("running") => {}
            StateEntry::Vector(param) if name.ends_with("bias") => fill(param, stream, [-0.1, 0.1]),
            StateEntry::Vector(param) => fill(param, stream, [0.8, 1.2]),
            StateEntry::Matrix(param) => {
                let bound = 4.0 / (param.dims()[1] as f64).sqrt();
                fill(param, stream, [-bound, bound]);
            }
            StateEntry::Filters(param) => {
                let [_, input, kernel, _] = param.dims();
                let bound = (6.0 / (input * kernel * kernel) as f64).sqrt();
                fill(param, stream, [-bound, bound]);
            }
            StateEntry::Counter(_) => {}
        }
    }
}

/// The images of a step, in batches of at most `size`.
fn batches(labels: &[usize], step: u32, size: usize) -> Vec<Batch> {
    let values = hash01(labels.len() * SIZE * SIZE, 1000 + step);
    let images: Vec<f32> = values.map(|unit| (2.0 * unit - 1.0) as f32).collect();
    let images = images.chunks(size * SIZE * SIZE);
    let batch = |(labels, images): (&[usize], &[f32])| Batch {
        images: images.to_vec(),
        indices: (0..labels.len()).collect(),
        labels: labels.to_vec(),
        skipped: Vec::new(),
    };
    labels.chunks(size).zip(images).map(batch).collect()
}

/// One step of all these batches.
fn joined(batches: Vec<Batch>) -> StepBatches<impl Iterator<Item = Result<Batch>>> {
    StepBatches {
        labels: batches
            .iter()
            .flat_map(|batch| batch.labels.clone())
            .collect(),
        batches: batches.into_iter().map(Ok),
    }
}

fn start(config: &RunConfig, labels: &[usize]) -> (Architecture, TrainState, StepContext) {
    let device = Device::flex();
    let architecture = Architecture::open(config, CLASSES, &device).unwrap();
    let device = device.autodiff();
    let state = prepare::initial_state(config, &architecture, CLASSES, &device);
    let mut state = state.unwrap();
    let TrainedModel::Level(model) = &mut state.model else {
        panic!("a level");
    };
    set_weights(model);
    let classes: Vec<String> = (0..CLASSES).map(|class| class.to_string()).collect();
    let labels = labels.iter().copied();
    let context = StepContext {
        image: [1, SIZE, SIZE],
        settings: config.consistency.settings(),
        cross_entropy: cross_entropy(&config.train.cross_entropy, labels, &classes).unwrap(),
        clip_norm: config.train.optimizer.clip_norm,
        weight_average: config.train.weight_average,
        seed: 0,
        device,
    };
    (architecture, state, context)
}

fn first_rates(config: &RunConfig) -> LearningRates {
    LearningRates {
        base: config.train.learning_rate,
        head: config.train.head_learning_rate,
    }
}

#[test]
fn ten_steps_with_each_option_have_the_losses_of_pytorch() {
    let reference = reference();
    for trajectory in &reference.trajectories {
        let config = config(&trajectory.settings);
        let (architecture, mut state, context) = start(&config, &reference.labels);
        let epoch = EpochSettings {
            learning_rates: first_rates(&config),
            lambda: 0.0,
        };
        for (number, theirs) in trajectory.losses.iter().enumerate() {
            let size = config.train.batch_size;
            let group = joined(batches(&reference.labels, number as u32, size));
            let ours = step(&mut state, &architecture, &context, group, epoch)
                .unwrap()
                .loss;
            // Float32 here, float64 there.
            assert!(
                (ours - theirs).abs() <= 1e-4,
                "{}, step {number}: {ours}, PyTorch {theirs}",
                trajectory.name
            );
        }
    }
}

/// Of logits [N, K].
fn mean_cross_entropy(logits: Tensor<2>, labels: &[usize]) -> f64 {
    let logits: Vec<f32> = logits.into_data().try_into_vec().unwrap();
    let loss = |(row, label): (&[f32], &usize)| {
        let sum: f64 = row.iter().map(|logit| f64::from(*logit).exp()).sum();
        sum.ln() - f64::from(row[*label])
    };
    let losses = logits.chunks(CLASSES).zip(labels).map(loss);
    losses.sum::<f64>() / labels.len() as f64
}

#[test]
fn the_moving_average_of_the_weights_has_the_losses_of_pytorch() {
    let reference = reference();
    let labels = &reference.labels;
    for average in &reference.averages {
        let config = config(&average.settings);
        let (architecture, mut state, context) = start(&config, labels);
        let epoch = EpochSettings {
            learning_rates: first_rates(&config),
            lambda: 0.0,
        };
        let first = batches(labels, 0, labels.len()).remove(0).images;
        let images = TensorData::new(first, [labels.len(), 1, SIZE, SIZE]);
        for (number, theirs) in average.losses.iter().enumerate() {
            let group = joined(batches(labels, number as u32, config.train.batch_size));
            step(&mut state, &architecture, &context, group, epoch).unwrap();
            let network = architecture.network(state.evaluated()).unwrap();
            let images = Tensor::from_data(images.clone(), &Device::flex());
            let logits = network.logits(images).unwrap();
            let ours = mean_cross_entropy(logits, labels);
            // Float32 here, float64 there.
            assert!(
                (ours - theirs).abs() <= 1e-4,
                "{:?}, step {number}: {ours}, PyTorch {theirs}",
                average.settings
            );
        }
        // After the first step the average is the model; then the test would find another one.
        let last = average.losses.len() - 1;
        for other in [&average.statistics_copied, &average.not_averaged] {
            assert!((average.losses[0] - other[0]).abs() <= 1e-12);
            assert!((average.losses[last] - other[last]).abs() > 1e-3);
        }
    }
}

/// The parameters of the level, one after another; their number of values is the same each time.
fn parameters(state: &mut TrainState) -> Vec<f64> {
    let TrainedModel::Level(model) = &mut state.model else {
        panic!("a level");
    };
    let mut all = Vec::new();
    for (name, entry) in model.state_dict_mut(Level::Two) {
        let data = match entry {
            StateEntry::Vector(_) if name.contains("running") => continue,
            StateEntry::Vector(param) => param.val().into_data(),
            StateEntry::Matrix(param) => param.val().into_data(),
            StateEntry::Filters(param) => param.val().into_data(),
            StateEntry::Counter(_) => continue,
        };
        all.extend(
            data.try_into_vec::<f32>()
                .unwrap()
                .into_iter()
                .map(f64::from),
        );
    }
    all
}

/// SGD without momentum moves by the gradient, which of a mean is the mean of the gradients.
#[test]
fn batches_of_one_step_count_by_their_images_in_the_consistency_loss_too() {
    let sets = ["optimizer=sgd", "momentum=0", "learning_rate=0.005"];
    let sets = sets.map(String::from);
    let mut config = config(&sets);
    config.consistency.reference = mitsume::Reference::Batch;
    let labels = reference().labels;
    let epoch = EpochSettings {
        learning_rates: first_rates(&config),
        lambda: 5.0,
    };
    let change = |batches: Vec<Batch>| {
        let (architecture, mut state, context) = start(&config, &labels);
        let before = parameters(&mut state);
        let result = step(&mut state, &architecture, &context, joined(batches), epoch).unwrap();
        let after = parameters(&mut state).into_iter().zip(before);
        let moved: Vec<f64> = after.map(|(after, before)| after - before).collect();
        (result, moved)
    };
    let [large, small]: [Batch; 2] = batches(&labels, 0, 12).try_into().unwrap();
    let (of_large, by_large) = change(vec![large.clone()]);
    let (of_small, by_small) = change(vec![small.clone()]);
    let (of_both, by_both) = change(vec![large, small]);
    assert!(of_large.cam_loss.unwrap() > 0.0);
    let mean = |large: f64, small: f64| 0.75 * large + 0.25 * small;
    for (both, expected) in [
        (of_both.loss, mean(of_large.loss, of_small.loss)),
        (
            of_both.cam_loss.unwrap(),
            mean(of_large.cam_loss.unwrap(), of_small.cam_loss.unwrap()),
        ),
    ] {
        assert!((both - expected).abs() <= 1e-6, "{both} {expected}");
    }
    let largest = by_large.iter().fold(0f64, |most, by| most.max(by.abs()));
    for ((large, small), both) in by_large.iter().zip(&by_small).zip(&by_both) {
        // Parameters of about 1 are rounded to 6e-8.
        assert!((both - mean(*large, *small)).abs() <= 2e-7 + 1e-4 * largest);
    }
    assert!(largest > 1e-3, "{largest}");
}

#[test]
fn learning_rates_are_those_of_pytorch() {
    for case in reference().schedules {
        let config = config(&case.settings);
        let state = start(&config, &[0, 1, 2, 3]).1;
        let pairs = case.rates.iter().zip(&case.head_rates).enumerate();
        for (done, (base, head)) in pairs {
            let epoch = done as u64 + 1;
            let plateau = &state.progress.plateau;
            let ours = schedule::learning_rates(&config.train, plateau, epoch);
            let ours = [ours.base, ours.head.unwrap()];
            // The same in f64, added up in another order.
            assert!(
                ours.iter()
                    .zip([base, head])
                    .all(|(a, b)| (a - b).abs() <= 1e-12),
                "{} {:?}, epoch {epoch}: {ours:?}, PyTorch {base}, {head}",
                case.name,
                case.settings
            );
        }
    }
}

#[test]
fn the_reference_tells_the_options_apart() {
    let reference = reference();
    for (i, one) in reference.trajectories.iter().enumerate() {
        for other in &reference.trajectories[..i] {
            let differences = one.losses.iter().zip(&other.losses);
            let largest = differences.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            // AdamW's default weight decay moves next to nothing in ten steps.
            let expected = (&*one.name, &*other.name) != ("adamw", "adam");
            assert_eq!(largest > 1e-3, expected, "{} {}", one.name, other.name);
        }
    }
}
