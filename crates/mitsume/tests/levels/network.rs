//! The networks and images the fixtures were made with, from the same integer hash.

use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use mitsume::{ClassMeans, DeviationPass};
use mitsume_nn::{Classifier, ClassifierSpec, Level, StateEntry, parse_device};
use serde_json::Value;

/// The device under test: the one `MITSUME_TEST_DEVICE` names as `--device` does, or the CPU.
pub fn device() -> Device {
    let name = std::env::var("MITSUME_TEST_DEVICE");
    parse_device(name.as_deref().unwrap_or("cpu")).unwrap_or_else(|error| panic!("{error}"))
}

/// What two numbers may differ by, given what they may on the CPU: kernels of other devices add in
/// an order of their own and have their own exponential and square root, so 1e-3 there.
pub fn allowed(on_cpu: f64) -> f64 {
    if device() == Device::flex() {
        on_cpu
    } else {
        on_cpu.max(1e-3)
    }
}

/// The first `n` values of a stream, each in [0, 1).
pub fn hash01(n: usize, stream: u32) -> Vec<f64> {
    (0..n as u32)
        .map(|i| {
            let start = stream.wrapping_add(1).wrapping_mul(2246822519);
            let mut h = i.wrapping_mul(2654435761).wrapping_add(start);
            h ^= h >> 15;
            h = h.wrapping_mul(2246822519);
            h ^= h >> 13;
            h = h.wrapping_mul(3266489917);
            h ^= h >> 16;
            f64::from(h) / 2f64.powi(32)
        })
        .collect()
}

/// 24 blobs on noise, [24, 1, 64, 64].
pub fn images(stream: u32, device: &Device) -> Tensor<4> {
    let (n, size) = (24, 64);
    let p = hash01(3 * n, stream);
    let noise = hash01(n * size * size, stream + 1);
    let mut pixels = Vec::with_capacity(noise.len());
    for image in 0..n {
        let [p0, p1, p2] = [p[3 * image], p[3 * image + 1], p[3 * image + 2]];
        let s = 0.06 + 0.2 * p2;
        for row in 0..size {
            for column in 0..size {
                let (r, c) = (row as f64 / size as f64, column as f64 / size as f64);
                let d2 = (r - 0.2 - 0.6 * p0).powi(2) + (c - 0.2 - 0.6 * p1).powi(2);
                let blob = (-d2 / (2.0 * s * s)).exp();
                let noise = noise[(image * size + row) * size + column];
                pixels.push((2.0 * blob - 1.0 + 0.2 * (noise - 0.5)).clamp(-1.0, 1.0) as f32);
            }
        }
    }
    Tensor::from_data(TensorData::new(pixels, [n, 1, size, size]), device)
}

/// One level's numbers.
pub struct Fixture {
    pub level: Level,
    pub json: Value,
}

impl Fixture {
    pub fn load(level: Level) -> Self {
        let path = format!("{}/tests/fixtures/{level}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        Fixture {
            level,
            json: serde_json::from_str(&text).unwrap(),
        }
    }

    /// With the weights of the evaluation cases.
    pub fn model(&self, device: &Device) -> Classifier {
        self.with_last_bias(&self.json["last_bias_eval"], device)
    }

    /// With the weights of the training cases.
    pub fn training_model(&self, device: &Device) -> Classifier {
        self.with_last_bias(&self.json["train"]["last_bias"], device)
    }

    fn with_last_bias(&self, last_bias: &Value, device: &Device) -> Classifier {
        let spec = ClassifierSpec {
            level: self.level,
            channels: 1,
            classes: 4,
            dropout: Some(0.0),
        };
        let mut model = Classifier::new(spec, 0, device);
        let entries = model.state_dict_mut(self.level);
        let last = entries.len() - 1;
        for (stream, (name, entry)) in entries.into_iter().enumerate() {
            match entry {
                StateEntry::Vector(param) => {
                    let values = match stream == last {
                        true => vector(last_bias),
                        false => drawn(param.dims(), stream, vector_range(&name)),
                    };
                    replace(param, values);
                }
                StateEntry::Matrix(param) => {
                    let bound = 4.0 / (param.dims()[1] as f64).sqrt();
                    replace(param, drawn(param.dims(), stream, [-bound, bound]));
                }
                StateEntry::Filters(param) => {
                    let [_, input, kernel, _] = param.dims();
                    let bound = (6.0 / (input * kernel * kernel) as f64).sqrt();
                    replace(param, drawn(param.dims(), stream, [-bound, bound]));
                }
                StateEntry::Counter(count) => *count = 0,
            }
        }
        model
    }
}

fn vector_range(name: &str) -> [f64; 2] {
    match name.rsplit('.').next().unwrap() {
        "running_mean" => [-0.05, 0.05],
        "running_var" => [0.7, 1.3],
        "bias" => [-0.1, 0.1],
        _ => [0.8, 1.2],
    }
}

fn drawn<const D: usize>(shape: [usize; D], stream: usize, [low, high]: [f64; 2]) -> Vec<f32> {
    hash01(shape.iter().product(), stream as u32)
        .into_iter()
        .map(|unit| (low + (high - low) * unit) as f32)
        .collect()
}

fn replace<const D: usize>(param: &mut burn::module::Param<Tensor<D>>, values: Vec<f32>) {
    let shape = param.dims();
    *param = param.clone().map(|old| {
        let new = Tensor::from_data(TensorData::new(values, shape), &old.device());
        if old.is_require_grad() {
            new.require_grad()
        } else {
            new
        }
    });
}

/// Both forms of the metric, squared-l2 first, over the given (class, map) pairs.
pub fn consistency<'a, I: Iterator<Item = (usize, &'a [f32])>>(
    classes: usize,
    shape: [usize; 2],
    maps: impl Fn() -> I,
) -> [f64; 2] {
    let mut means = ClassMeans::new(classes, shape);
    maps().for_each(|(class, map)| means.push(class, map).unwrap());
    let mut pass = DeviationPass::new(&means);
    maps().for_each(|(class, map)| {
        pass.push(class, map).unwrap();
    });
    [means.squared_l2(), pass.l2()].map(|deviations| deviations.total().mean().unwrap())
}

/// Compares norm and first entries of every parameter's gradient.
pub fn check_gradients(
    model: &mut Classifier,
    level: Level,
    grads: &mut Gradients,
    case: &Value,
    what: &str,
) {
    let norms = case["grad_norm"].as_object().unwrap();
    let mut checked = 0;
    for (name, entry) in model.state_dict_mut(level) {
        let gradient = match entry {
            StateEntry::Vector(param) => param.val().grad_remove(grads).map(|g| floats(&g)),
            StateEntry::Matrix(param) => param.val().grad_remove(grads).map(|g| floats(&g)),
            StateEntry::Filters(param) => param.val().grad_remove(grads).map(|g| floats(&g)),
            StateEntry::Counter(_) => None,
        };
        let Some(expected) = norms.get(&name) else {
            assert!(
                gradient.is_none(),
                "{what}: {name} has a gradient, PyTorch has none"
            );
            continue;
        };
        let gradient = gradient.unwrap_or_else(|| panic!("{what}: {name} has no gradient"));
        let expected = expected.as_f64().unwrap();
        let norm = gradient
            .iter()
            .map(|g| f64::from(*g).powi(2))
            .sum::<f64>()
            .sqrt();
        // A bias before a batch norm has gradient 0 but for rounding, which is measured against
        // the gradient of the weights it belongs to.
        let weights = name.replace(".bias", ".weight");
        let rounding = allowed(2e-4) * norms[&weights].as_f64().unwrap();
        let tolerance = 1e-3 * expected
            + if name.ends_with(".bias") {
                rounding
            } else {
                0.0
            };
        assert!(
            (norm - expected).abs() <= tolerance,
            "{what} {name}: {norm} {expected}"
        );
        for (ours, theirs) in gradient.iter().zip(vector(&case["grad_first"][&name])) {
            assert!(
                (ours - theirs).abs() as f64 <= tolerance,
                "{what} {name}: {ours} {theirs}"
            );
        }
        checked += 1;
    }
    assert_eq!(checked, norms.len());
}

pub fn adam() -> ModuleOptimizer {
    AdamConfig::new()
        .with_beta_1(0.9)
        .with_beta_2(0.999)
        .with_epsilon(1e-8)
        .init()
}

pub fn adam_step(adam: &mut ModuleOptimizer, model: Classifier, loss: Tensor<1>) -> Classifier {
    let grads = GradientsParams::from_grads(loss.backward(), &model);
    adam.step(1e-4, model, grads)
}

pub fn floats<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.clone().into_data().try_into_vec().unwrap()
}

pub fn vector(value: &Value) -> Vec<f32> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap() as f32)
        .collect()
}

pub fn indices(value: &Value) -> Vec<usize> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_u64().unwrap() as usize)
        .collect()
}

/// Within `tolerance` (on the CPU) of the largest magnitude.
#[track_caller]
pub fn assert_close(ours: &[f32], theirs: &[f32], tolerance: f32, what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let scale = theirs.iter().fold(0f32, |max, v| max.max(v.abs()));
    let tolerance = allowed(tolerance.into()) as f32;
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * scale,
            "{what} at {i}: {a}, PyTorch {b}"
        );
    }
}
