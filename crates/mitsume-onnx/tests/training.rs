//! Graphs exported in training form train as the PyTorch models they are of.
//!
//! Models and numbers: `python scripts/reference/onnx_parity training`.

mod reference;

use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData};
use mitsume_onnx::{GraphParameters, InputImages, LayoutRequest, TrainableClassifier};
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
        let mut parameters = model.initial_parameters(|_| true);
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
                .forward(&parameters, images.clone(), 0, step as u64)
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
                    reference::assert_close(&values, &expected, 1e-5, &what);
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
