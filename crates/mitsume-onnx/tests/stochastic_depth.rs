//! Stochastic depth as exporters write it, in random numbers, comparisons and quotients: drawn in
//! training, left out in evaluation.

mod writing;

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_onnx::{DropoutKey, InputImages, LayoutRequest, TrainableClassifier};
use writing::{Message, floats, graph, ints, model, node, with_int};

const SURVIVAL: f32 = 0.75;
const BIAS: [f32; 2] = [0.1, -0.2];

/// `x + x * mask / divisor`, pooled, and a linear layer. The mask is drawn by `drawing` from "ones".
fn write(drawing: &[Message], divisor: f32) -> Vec<u8> {
    let mut nodes = vec![
        node("Conv", &["image", "conv.weight"], "features"),
        node("ConstantOfShape", &["sides"], "ones"),
    ];
    nodes.extend(drawing.iter().cloned());
    nodes.extend([
        node("Div", &["mask", "divisor"], "quotient"),
        node("Mul", &["features", "quotient"], "branch"),
        node("Add", &["features", "branch"], "sum"),
        node("GlobalAveragePool", &["sum"], "pooled"),
        node("Flatten", &["pooled"], "flat"),
        node("Gemm", &["flat", "head.weight", "head.bias"], "logits"),
    ]);
    let initialisers = [
        floats("conv.weight", &[3, 1, 1, 1], &[1.0, 2.0, -1.5]),
        ints("sides", &[1, 1, 1, 1]),
        floats("survival", &[], &[SURVIVAL]),
        floats("survivals", &[1, 1, 1, 1], &[SURVIVAL]),
        floats("divisor", &[], &[divisor]),
        floats("head.weight", &[3, 2], &[0.4, -0.3, 0.8, 0.5, 0.2, -0.7]),
        floats("head.bias", &[2], &BIAS),
    ];
    model(graph(&nodes, &initialisers), 17)
}

fn uniform() -> Vec<Message> {
    vec![
        node("RandomUniformLike", &["ones"], "random"),
        node("Less", &["random", "survival"], "less"),
        with_int(node("Cast", &["less"], "mask"), "to", 1),
    ]
}

fn bernoulli() -> Vec<Message> {
    vec![
        node("Expand", &["survival", "sides"], "probabilities"),
        node("Bernoulli", &["probabilities"], "mask"),
    ]
}

fn open(bytes: &[u8]) -> Result<TrainableClassifier, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    std::fs::write(&path, bytes).unwrap();
    let model = TrainableClassifier::open(&path, InputImages::default(), None, &Device::flex());
    model.map_err(|error| error.to_string())
}

fn image(device: &Device) -> Tensor<4> {
    let pixels: Vec<f32> = (0..16).map(|i| i as f32 / 10.0).collect();
    Tensor::from_data(TensorData::new(pixels, [1, 1, 4, 4]), device)
}

fn host(logits: Tensor<2>) -> Vec<f32> {
    logits.detach().into_data().try_into_vec().unwrap()
}

#[test]
fn a_branch_is_dropped_at_random_in_training_and_kept_in_evaluation() {
    for drawing in [uniform(), bernoulli()] {
        let model = open(&write(&drawing, SURVIVAL)).unwrap();
        let parameters = model.initial_parameters(|_| true).unwrap();
        let evaluated = model.classifier(&parameters).unwrap();
        let hooked = evaluated.hook(None, LayoutRequest::default()).unwrap();
        let captured = hooked.capture(image(&Device::flex())).unwrap();
        let evaluated = host(hooked.logits(&captured).unwrap());
        // Linear in the sum, which in evaluation is twice the features.
        let with = |factor: f32| {
            let logits = evaluated.iter().zip(BIAS);
            let logits = logits.map(|(logit, bias)| bias + (logit - bias) / 2.0 * factor);
            logits.collect::<Vec<f32>>()
        };
        let (dropped, kept) = (with(1.0), with(1.0 + 1.0 / SURVIVAL));

        let hook = model.hook(None, LayoutRequest::default()).unwrap();
        let run = |seed: u64, step: u64| {
            let images = image(&Device::flex().autodiff());
            let key = DropoutKey { seed, step };
            let pass = hook.forward(&parameters, images, key, false).unwrap();
            let logits = host(pass.logits);
            let is = |expected: &[f32]| {
                let pairs = logits.iter().zip(expected);
                pairs.clone().all(|(a, b)| (a - b).abs() < 1e-5)
            };
            assert!(is(&dropped) || is(&kept), "{logits:?}");
            is(&kept)
        };
        let draws: Vec<bool> = (0..400).map(|step| run(7, step)).collect();
        let share = draws.iter().filter(|kept| **kept).count() as f32 / 400.0;
        // Four standard deviations of a binomial.
        assert!((share - SURVIVAL).abs() < 0.09, "{share}");
        let again: Vec<bool> = (0..50).map(|step| run(7, step)).collect();
        assert_eq!(again, draws[..50]);
        let other: Vec<bool> = (0..50).map(|step| run(8, step)).collect();
        assert_ne!(other, draws[..50]);
    }
}

#[test]
fn random_numbers_that_are_not_1_on_average_are_refused() {
    let error = open(&write(&uniform(), 0.5)).err().unwrap();
    assert!(error.contains("random numbers"), "{error}");
}
