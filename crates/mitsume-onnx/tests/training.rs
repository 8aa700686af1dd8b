//! Graphs exported in training form train as the PyTorch models they are of.
//!
//! Models and numbers: `python scripts/reference/onnx_parity training`.

mod reference;

use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use mitsume_onnx::{
    DropoutKey, ForwardPass, GraphParameters, InputImages, LayoutRequest, TrainableClassifier,
    TrainableHook,
};
use reference::Reference;

const MODELS: [&str; 6] = [
    "residual",
    "inverted-silu",
    "inverted",
    "dense",
    "next",
    "vision-transformer",
];

fn open(name: &str) -> (TrainableClassifier, Reference) {
    let path = reference::path(&format!("{name}.onnx"));
    let device = Device::flex();
    let images = InputImages {
        channels: Some(3),
        size: Some([32, 32]),
    };
    let model = TrainableClassifier::open(&path, images, None, &device).unwrap();
    (model, Reference::read(name))
}

fn key(step: u64) -> DropoutKey {
    DropoutKey { seed: 0, step }
}

#[test]
fn parameters_are_those_of_the_state_dict() {
    for name in MODELS {
        let (model, reference) = open(name);
        let infos = model.parameters().iter();
        let mut names: Vec<&str> = infos
            .filter(|info| !info.is_running_statistic)
            .map(|info| info.name.as_str())
            .collect();
        names.sort_unstable();
        assert_eq!(names, reference.parameter_names(), "{name}");
    }
}

/// Differences of a few units in the last place grow with every step of Adam, which divides by the
/// gradient's size: where a gradient is 0 but for rounding (a bias before a batch norm) the parameter
/// goes another way. So the first step is compared closely, losses to 1e-4, logits after ten to 2e-2.
#[test]
fn ten_steps_of_adam_have_pytorchs_losses_gradients_and_running_statistics() {
    for name in MODELS {
        let (model, reference) = open(name);
        let device = Device::flex().autodiff();
        let mut parameters = model.initial_parameters(|_| true).unwrap();
        let grid = (name == "vision-transformer").then_some([4, 4]);
        let request = LayoutRequest { layout: None, grid };
        let hook = model.hook(None, request).unwrap();
        let images = reference.images(&device);
        let labels = reference.labels();
        let targets = Tensor::<1, Int>::from_data(TensorData::from(&labels[..]), &device);
        let before = evaluated_logits(&model, &parameters, &reference, request);
        reference::assert_close(&before, &reference.values("logits.before"), 1e-5, name);
        let mut adam = AdamConfig::new().with_epsilon(1e-8).init();
        let cross_entropy = CrossEntropyLossConfig::new().init(&device);
        for (step, &expected) in reference.values("losses").iter().enumerate() {
            let pass = hook
                .forward(&parameters, images.clone(), key(step as u64), false)
                .unwrap();
            let loss = cross_entropy.forward(pass.logits.clone(), targets.clone());
            let value = loss.clone().detach().into_scalar::<f32>();
            assert!(
                (value - expected).abs() <= 1e-4 * expected.max(1.0),
                "{name}, step {step}: {value} for {expected}"
            );
            let gradients = loss.backward();
            if step == 0 {
                for (info, value) in model.parameters().iter().zip(&parameters.values) {
                    let Some(expected) = reference.gradient(&info.name) else {
                        continue;
                    };
                    let gradient = value.val().grad(&gradients).unwrap();
                    let gradient: Vec<f32> = gradient.into_data().try_into_vec().unwrap();
                    reference::assert_close(
                        &gradient[..expected.len()],
                        &expected,
                        1e-3,
                        &format!("{name}: gradient of {}", info.name),
                    );
                }
            }
            model.update_running_statistics(&mut parameters, &pass);
            for (info, values) in model.state_dict(&parameters) {
                if step == 0 && info.is_running_statistic {
                    let expected = reference.values(&format!("state.{}", info.name));
                    let what = format!("{name}: {}", info.name);
                    if info.name.ends_with("running_mean") {
                        // A mean near 0 is as exact as the values: relative to their deviation.
                        let variance = info.name.replace("running_mean", "running_var");
                        let variance = reference.values(&format!("state.{variance}"));
                        let deviation = variance.iter().fold(0f32, |most, v| most.max(*v)).sqrt();
                        reference::assert_within(&values, &expected, 1e-6 * deviation, &what);
                    } else {
                        reference::assert_close(&values, &expected, 1e-5, &what);
                    }
                }
            }
            let gradients = GradientsParams::from_grads(gradients, &parameters);
            parameters = adam.step(1e-3, parameters, gradients);
        }
        let logits = evaluated_logits(&model, &parameters, &reference, request);
        reference::assert_close(&logits, &reference.values("logits.after"), 2e-2, name);
    }
}

/// Logits of the model with `parameters`, written to an ONNX file in evaluation form and read again.
fn evaluated_logits(
    model: &TrainableClassifier,
    parameters: &GraphParameters,
    reference: &Reference,
    request: LayoutRequest,
) -> Vec<f32> {
    let evaluated = model.classifier(parameters).unwrap();
    let hooked = evaluated.hook(None, request).unwrap();
    let images = reference.images(&Device::flex());
    let captured = hooked.capture(images).unwrap();
    let logits = hooked.logits(&captured).unwrap().into_data();
    logits.try_into_vec().unwrap()
}

/// A model with its parameters, and a pass that recorded its values at `layer`.
struct Recorded {
    model: TrainableClassifier,
    parameters: GraphParameters,
    hook: TrainableHook,
    images: Tensor<4>,
    targets: Vec<usize>,
}

impl Recorded {
    fn new(name: &str, layer: &str) -> Option<Self> {
        let (model, reference) = open(name);
        let grid = (name == "vision-transformer").then_some([4, 4]);
        let hook = model.hook(Some(layer), LayoutRequest { layout: None, grid });
        let device = Device::flex().autodiff();
        Some(Self {
            parameters: model.initial_parameters(|_| true).unwrap(),
            hook: hook.ok()?,
            images: reference.images(&device).narrow(0, 0, 4),
            targets: vec![0, 1, 2, 1],
            model,
        })
    }

    fn pass(&self, parameters: &GraphParameters) -> ForwardPass {
        let images = self.images.clone();
        self.hook.forward(parameters, images, key(0), true).unwrap()
    }

    fn detached(&self, parameters: &GraphParameters) -> Vec<f32> {
        let pass = self.pass(parameters);
        let detached = self
            .hook
            .detached_gradients(&pass, parameters, &self.targets);
        host(detached.unwrap().remove(0))
    }
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.detach().into_data().try_into_vec().unwrap()
}

/// Layers after which every operator's gradient can be differentiated, of at least so many of each
/// model.
const DIFFERENTIABLE: [(&str, usize); 6] = [
    ("residual", 14),
    ("inverted-silu", 20),
    ("inverted", 20),
    ("dense", 3),
    ("next", 20),
    ("vision-transformer", 10),
];

/// The same numbers by reverse-mode autodiff and by vector-Jacobian products written out: 1e-4 of the
/// largest, because sums are taken in another order.
#[test]
fn gradients_as_expressions_are_those_of_autodiff() {
    for (name, least) in DIFFERENTIABLE {
        let layers = open(name).0.evaluated().unwrap().layers();
        let mut differentiable = 0;
        for layer in layers {
            let Some(recorded) = Recorded::new(name, &layer.name) else {
                continue;
            };
            let pass = recorded.pass(&recorded.parameters);
            let Ok(mut gradients) = recorded.hook.gradients(&pass, &recorded.targets) else {
                continue;
            };
            let gradients = gradients.remove(0);
            differentiable += 1;
            let expected = recorded.detached(&recorded.parameters);
            let what = format!("{name}, {}", layer.name);
            reference::assert_close(&host(gradients), &expected, 1e-4, &what);
        }
        assert!(differentiable >= least, "{name}: {differentiable} layers");
    }
}

/// `sum(c G)` with G the gradients, and its gradients.
fn loss_of_gradients(recorded: &Recorded) -> Gradients {
    let pass = recorded.pass(&recorded.parameters);
    let mut gradients = recorded.hook.gradients(&pass, &recorded.targets).unwrap();
    let gradients = gradients.remove(0);
    let weights = TensorData::new(weights(gradients.shape().num_elements()), gradients.dims());
    let device = gradients.device();
    (gradients * Tensor::from_data(weights, &device))
        .sum()
        .backward()
}

/// The numbers c.
fn weights(count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 37 % 19) as f32 - 9.0) / 9.0)
        .collect()
}

/// Before a residual block and before squeeze and excitation, with batch norms and ReLUs after them:
/// PyTorch by `create_graph=True` and a second backward pass. 2e-3 of the largest number of a tensor,
/// because batch norms amplify rounding twice.
#[test]
fn a_loss_of_gradients_has_pytorchs_second_order_gradient() {
    for (name, layer) in [("residual", "features.2"), ("inverted", "n0_3")] {
        let recorded = Recorded::new(name, layer).unwrap_or_else(|| panic!("{name}: {layer}"));
        let reference = Reference::read(name);
        let backward = loss_of_gradients(&recorded);
        let mut compared = 0;
        let infos = recorded.model.parameters().iter();
        for (info, value) in infos.zip(&recorded.parameters.values) {
            let Some(expected) = reference.second_order(&info.name) else {
                continue;
            };
            let gradient = value.val().grad(&backward).map(host);
            let gradient = gradient.unwrap_or_else(|| vec![0.0; expected.len()]);
            let what = format!("{name}: {}", info.name);
            reference::assert_close(&gradient[..expected.len()], &expected, 2e-3, &what);
            compared += 1;
        }
        assert!(compared > 10, "{name}: {compared}");
    }
}

/// By autodiff through the expression, against central differences of the detached gradients along a
/// direction of all parameters. Only tails without kinks have finite differences; in single precision
/// they are good to a few per cent.
#[test]
fn a_loss_of_gradients_has_the_gradient_of_finite_differences() {
    // After them: global pooling and a linear layer; attention; a residual block of layer norm and GELU.
    for (name, layer) in [
        ("residual", "features.3"),
        ("vision-transformer", "encoder.layers.encoder_layer_0"),
        ("next", "node_conv2d_3"),
    ] {
        let recorded = Recorded::new(name, layer).unwrap_or_else(|| panic!("{name}: {layer}"));
        let backward = loss_of_gradients(&recorded);
        let mut analytic = 0.0;
        for (number, value) in recorded.parameters.values.iter().enumerate() {
            if let Some(gradient) = value.val().grad(&backward) {
                let along = gradient * direction(number, &value.val());
                analytic += f64::from(along.sum().into_scalar::<f32>());
            }
        }
        let moved = |sign: f32| -> f64 {
            let mut parameters = recorded.parameters.clone();
            for (number, value) in parameters.values.iter_mut().enumerate() {
                *value = value.clone().map(|old| {
                    let step = direction(number, &old).mul_scalar(sign * STEP);
                    Tensor::from_inner(old.inner() + step).require_grad()
                });
            }
            let gradients = recorded.detached(&parameters);
            let terms = gradients.iter().zip(weights(gradients.len()));
            terms.map(|(g, c)| f64::from(*g) * f64::from(c)).sum()
        };
        let numeric = (moved(1.0) - moved(-1.0)) / f64::from(2.0 * STEP);
        let off = (analytic - numeric).abs() / numeric.abs().max(1e-3);
        assert!(off < 0.03, "{name}, {layer}: {analytic} for {numeric}");
    }
}

const STEP: f32 = 2e-3;

/// Numbers of 1 and -1 that differ from parameter to parameter, without autodiff.
fn direction(number: usize, like: &Tensor<1>) -> Tensor<1> {
    let signs = (0..like.dims()[0]).map(|i| match (i * 7 + number * 3) % 5 % 2 {
        0 => 1.0f32,
        _ => -1.0,
    });
    let signs: Vec<f32> = signs.collect();
    let count = signs.len();
    Tensor::from_data(TensorData::new(signs, [count]), &like.device().inner())
}

/// Two layers of a model: side by side, or one after the other with a residual block or attention between
/// them.
const PAIRS: [(&str, [&str; 2]); 4] = [
    ("residual", ["features.2", "features.3"]),
    (
        "residual",
        [
            "/features/features.2/conv2/Conv",
            "/features/features.2/downsample/downsample.0/Conv",
        ],
    ),
    ("next", ["node_conv2d_3", "node_add_21"]),
    (
        "vision-transformer",
        [
            "encoder.layers.encoder_layer_0",
            "encoder.layers.encoder_layer_1.ln_1",
        ],
    ),
];

/// The gradients of `sum over layers of sum(c G)` by all parameters, of the layers hooked together or
/// each alone, and the gradients G.
fn of_layers(name: &str, layers: &[&str]) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let (model, reference) = open(name);
    let grid = (name == "vision-transformer").then_some([4, 4]);
    let named: Vec<_> = layers.iter().copied().map(Some).collect();
    let request = LayoutRequest { layout: None, grid };
    let hook = model
        .hook_several(&named, request)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let device = Device::flex().autodiff();
    let images = reference.images(&device).narrow(0, 0, 4);
    let parameters = model.initial_parameters(|_| true).unwrap();
    let pass = hook.forward(&parameters, images, key(0), true).unwrap();
    let targets = [0, 1, 2, 1];
    let detached = hook.detached_gradients(&pass, &parameters, &targets);
    let gradients = hook.gradients(&pass, &targets).unwrap();
    let values: Vec<Vec<f32>> = gradients.iter().cloned().map(host).collect();
    for (detached, values) in detached.unwrap().into_iter().zip(&values) {
        reference::assert_close(&host(detached), values, 1e-4, name);
    }
    let weighted = gradients.into_iter().map(|gradients| {
        let weights = weights(gradients.shape().num_elements());
        let weights = TensorData::new(weights, gradients.dims());
        (gradients * Tensor::from_data(weights, &device)).sum()
    });
    let loss = weighted.reduce(|a, b| a + b).unwrap();
    let backward = loss.backward();
    let of_parameters = parameters.values.iter().map(|value| {
        let gradient = value.val().grad(&backward).map(host);
        gradient.unwrap_or_else(|| vec![0.0; value.val().dims()[0]])
    });
    (of_parameters.collect(), values)
}

/// The same sums in another order: 1e-4 of the largest.
#[test]
fn layers_hooked_together_have_the_gradients_of_each_alone() {
    for (name, layers) in PAIRS {
        let (together, values) = of_layers(name, &layers);
        let [first, second] = layers.map(|layer| of_layers(name, &[layer]));
        reference::assert_close(&values[0], &first.1[0], 1e-4, name);
        reference::assert_close(&values[1], &second.1[0], 1e-4, name);
        for ((together, first), second) in together.iter().zip(&first.0).zip(&second.0) {
            let sum: Vec<f32> = first.iter().zip(second).map(|(a, b)| a + b).collect();
            let largest = sum.iter().fold(1e-3f32, |most, v| most.max(v.abs()));
            reference::assert_within(together, &sum, 1e-4 * largest, name);
        }
    }
}

#[test]
fn a_layer_that_is_named_twice_is_refused() {
    let (model, _) = open("residual");
    let names = [Some("features.3"), Some("features.3")];
    let error = model.hook_several(&names, LayoutRequest::default()).err();
    assert!(error.unwrap().to_string().contains("twice"));
}
