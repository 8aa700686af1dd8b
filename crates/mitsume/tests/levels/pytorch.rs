//! Agreement with numbers computed by PyTorch 2.15 in float32 for levels 1 to 5: 4 classes,
//! 1 channel, 64x64 images, batch 24, dropout 0.
//!
//! Float32 sums differ by their order, so: logits and alphas to 1e-4 relative (to the largest of
//! their tensor), losses to 1e-5, gradient norms to 1e-3. On other devices than the CPU all to
//! 1e-3.

use crate::network::{Fixture, allowed, assert_close, device, floats, images, indices, vector};
use burn::tensor::{Device, Int, Tensor, TensorData};
use mitsume::methods::Method;
use mitsume::train::{
    CamLoss, CamRequest, CrossEntropy, ForwardOutput, forward, logits_and_maps, normalise_maps,
    predictions, raw_maps, training_loss,
};
use mitsume::{AlphaGradient, CamLossSettings, EmaMaps, LossDistance, Reference};
use mitsume_nn::{Classifier, Level, StateEntry};
use serde_json::Value;

/// The two ways a trunk runs.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// As one fused operation, where the device has it.
    Fused,
    /// Out of Burn's own operations.
    Composed,
}

impl Way {
    fn eval(self, model: &Classifier, images: Tensor<4>) -> Tensor<4> {
        match self {
            Way::Fused => model.trunk.forward(images),
            Way::Composed => model.trunk.forward_composed(images),
        }
    }

    fn train(
        self,
        model: &mut Classifier,
        images: Tensor<4>,
        maps: CamRequest<'_>,
    ) -> ForwardOutput {
        match self {
            Way::Fused => forward(model, images, None, Some(maps)).unwrap(),
            Way::Composed => {
                let features = model.trunk.forward_train_composed(images);
                ForwardOutput::new(&model.head, features, None, Some(maps)).unwrap()
            }
        }
    }
}

fn each_level(check: impl Fn(Level, &Fixture, Way)) {
    for level in Level::ALL {
        let fixture = Fixture::load(level);
        check(level, &fixture, Way::Composed);
        // Other devices have no fused operation: both ways would be the same.
        if device() == Device::flex() {
            check(level, &fixture, Way::Fused);
        }
    }
}

fn targets(labels: &[usize], device: &Device) -> Tensor<1, Int> {
    let labels: Vec<i64> = labels.iter().map(|&label| label as i64).collect();
    Tensor::from_data(TensorData::new(labels, [24]), device)
}

#[test]
fn evaluation_gives_the_logits_alphas_and_maps_of_pytorch() {
    each_level(|level, fixture, way| {
        let device = device();
        let model = fixture.model(&device);
        let eval = &fixture.json["eval"];
        let features = way.eval(&model, images(1000, &device));
        let logits = model.head.logits(features.clone(), None);
        assert_close(
            &floats(&logits),
            &vector(&eval["logits"]),
            1e-4,
            &format!("{level} logits"),
        );
        assert_eq!(
            predictions(&logits),
            indices(&eval["predictions"]),
            "{level}"
        );

        let labels = targets(&indices(&eval["labels"]), &device);
        let alpha = model.head.alpha(features.clone(), None, labels.clone());
        let first: Vec<f32> = floats(&alpha)[..level.feature_channels()].to_vec();
        assert_close(
            &first,
            &vector(&eval["alpha_first"]),
            1e-4,
            &format!("{level} alpha"),
        );

        let raw = raw_maps(&model.head, features.clone(), None, labels.clone());
        let [_, h, w] = raw.dims();
        assert_eq!(vec![h, w], indices(&eval["cam_shape"]));
        let first: Vec<f32> = floats(&raw)[..h * w].to_vec();
        assert_close(
            &first,
            &vector(&eval["cam_raw_first"]),
            1e-4,
            &format!("{level} raw map"),
        );
        let maps = normalise_maps(raw);
        let first: Vec<f32> = floats(&maps)[..h * w].to_vec();
        assert_close(
            &first,
            &vector(&eval["cam_first"]),
            1e-4,
            &format!("{level} map"),
        );
        let means: Vec<f32> = floats(&maps)
            .chunks(h * w)
            .map(|map| map.iter().sum::<f32>() / (h * w) as f32)
            .collect();
        assert_close(
            &means,
            &vector(&eval["cam_mean"]),
            1e-4,
            &format!("{level} map means"),
        );
        let again = logits_and_maps(&model.head, features, labels).1;
        assert_eq!(floats(&again), floats(&maps));
    });
}

#[test]
fn the_metric_agrees_on_maps_computed_here() {
    each_level(|level, fixture, way| {
        let device = device();
        let model = fixture.model(&device);
        let eval = &fixture.json["eval"];
        let labels = indices(&eval["labels"]);
        let features = way.eval(&model, images(1000, &device));
        let maps = logits_and_maps(&model.head, features, targets(&labels, &device)).1;
        let [_, h, w] = maps.dims();
        let predictions = indices(&eval["predictions"]);
        let maps = floats(&maps);
        let correct = || {
            (0..24)
                .filter(|&i| labels[i] == predictions[i])
                .map(|i| (labels[i], &maps[i * h * w..][..h * w]))
        };
        let ours = crate::network::consistency(4, [h, w], correct);
        // The metric sums in f64 what PyTorch summed in f32.
        for (ours, key) in ours.into_iter().zip(["consistency_l2sq", "consistency_l2"]) {
            let theirs = eval[key].as_f64().unwrap();
            assert!(
                (ours - theirs).abs() <= allowed(1e-4) * theirs,
                "{level} {key}: {ours} {theirs}"
            );
        }
    });
}

fn settings(case: &Value) -> CamLossSettings {
    CamLossSettings {
        method: Method::GradCam,
        distance: match case["distance"].as_str().unwrap() {
            "l2" => LossDistance::L2,
            "l2sq" => LossDistance::SquaredL2,
            other => panic!("{other}"),
        },
        reference: match case["reference"].as_str().unwrap() {
            "ema" => Reference::Ema,
            "batch" => Reference::Batch,
            other => panic!("{other}"),
        },
        alpha: match case["alpha"].as_str().unwrap() {
            "full" => AlphaGradient::Full,
            "detached" => AlphaGradient::Detached,
            other => panic!("{other}"),
        },
    }
}

fn cam_loss(level: Level, settings: CamLossSettings) -> CamLoss {
    let ema = EmaMaps::new(0.9, 4, level.cam_size([64, 64])).unwrap();
    CamLoss { settings, ema }
}

#[test]
fn every_training_case_has_the_loss_and_the_gradients_of_pytorch() {
    each_level(|level, fixture, way| {
        let train = &fixture.json["train"];
        let labels = indices(&train["labels"]);
        for (name, case) in train["cases"].as_object().unwrap() {
            let device = device().autodiff();
            let mut model = fixture.training_model(&device);
            let settings = settings(case);
            let maps = CamRequest {
                labels: &labels,
                method: settings.method,
                alpha: settings.alpha,
            };
            let out = way.train(&mut model, images(1000, &device), maps);
            let predicted = predictions(&out.logits);
            assert_eq!(predicted, indices(&train["predictions"]));
            let logits = floats(&out.logits.clone().inner());
            assert_close(
                &logits,
                &vector(&train["logits"]),
                1e-4,
                &format!("{level} logits"),
            );
            let mut cam = cam_loss(level, settings);
            let lambda = case["lambda"].as_f64().unwrap();
            let loss = training_loss(
                out,
                (&labels, &predicted),
                &CrossEntropy::default(),
                lambda,
                std::slice::from_mut(&mut cam),
            )
            .unwrap();
            let what = format!("{level} {name} {way:?}");
            close(&loss.cross_entropy, &case["cross_entropy"], &what);
            close(loss.cam_loss.as_ref().unwrap(), &case["cam_loss"], &what);
            let mut grads = loss.total.backward();
            crate::network::check_gradients(&mut model, level, &mut grads, case, &what);
        }
    });
}

fn close(ours: &Tensor<1>, theirs: &Value, what: &str) {
    within(ours, theirs, 1e-5, what);
}

fn within(ours: &Tensor<1>, theirs: &Value, tolerance: f64, what: &str) {
    let ours = f64::from(floats(&ours.clone().inner())[0]);
    let theirs = theirs.as_f64().unwrap();
    assert!(
        (ours - theirs).abs() <= allowed(tolerance) * theirs.abs().max(0.1),
        "{what}: {ours} {theirs}"
    );
}

#[test]
fn one_training_batch_moves_the_running_statistics_as_pytorch_does() {
    each_level(|level, fixture, way| {
        let device = device().autodiff();
        let mut model = fixture.training_model(&device);
        let labels = indices(&fixture.json["train"]["labels"]);
        let maps = CamRequest {
            labels: &labels,
            method: Method::GradCam,
            alpha: AlphaGradient::Full,
        };
        way.train(&mut model, images(1000, &device), maps);
        let expected = fixture.json["train"]["running_after_one_batch"]
            .as_object()
            .unwrap();
        for (name, entry) in model.state_dict_mut(level) {
            match entry {
                StateEntry::Vector(param) if expected.contains_key(&name) => {
                    let ours = floats(&param.val().inner());
                    assert_close(&ours[..4], &vector(&expected[&name]), 1e-5, &name);
                }
                StateEntry::Counter(count) => assert_eq!(*count, 1),
                _ => assert!(!expected.contains_key(&name)),
            }
        }
    });
}

#[test]
fn five_adam_steps_follow_pytorch() {
    each_level(|level, fixture, way| {
        let trajectory = &fixture.json["train"]["adam_trajectory"];
        let labels = indices(&trajectory["labels"]);
        let device = device().autodiff();
        let mut model: Classifier = fixture.training_model(&device);
        let published = CamLossSettings {
            method: Method::GradCam,
            distance: LossDistance::L2,
            reference: Reference::Ema,
            alpha: AlphaGradient::Detached,
        };
        let mut cam = cam_loss(level, published);
        let mut adam = crate::network::adam();
        for (step, expected) in trajectory["steps"].as_array().unwrap().iter().enumerate() {
            let stream = expected["input_stream"].as_u64().unwrap() as u32;
            let maps = CamRequest {
                labels: &labels,
                method: published.method,
                alpha: published.alpha,
            };
            let out = way.train(&mut model, images(stream, &device), maps);
            let predicted = predictions(&out.logits);
            let lambda = expected["lambda"].as_f64().unwrap();
            let loss = training_loss(
                out,
                (&labels, &predicted),
                &CrossEntropy::default(),
                lambda,
                std::slice::from_mut(&mut cam),
            )
            .unwrap();
            let what = format!("{level} {way:?} step {step}");
            // Adam's first steps are lr times the sign of the gradient, so that an element whose
            // gradient is 0 but for rounding moves by +-lr either way: from the second step on the
            // two networks differ by that.
            let tolerance = if step == 0 { 1e-5 } else { 5e-4 };
            within(
                &loss.cross_entropy,
                &expected["cross_entropy"],
                tolerance,
                &what,
            );
            match &loss.cam_loss {
                Some(cam) => within(cam, &expected["cam_loss"], tolerance, &what),
                None => assert_eq!(expected["cam_loss"].as_f64(), Some(0.0)),
            }
            within(&loss.total, &expected["loss"], tolerance, &what);
            model = crate::network::adam_step(&mut adam, model, loss.total);
        }
        let expected = trajectory["ema_mean"].as_object().unwrap();
        for class in 0..4 {
            let ours = cam
                .ema
                .map(class)
                .map(|map| map.iter().sum::<f32>() / map.len() as f32);
            match (ours, expected.get(&class.to_string())) {
                (Some(ours), Some(theirs)) => {
                    let theirs = theirs.as_f64().unwrap() as f32;
                    assert!(
                        (ours - theirs).abs() <= 1e-3 * theirs.max(0.01),
                        "{level} {class}"
                    );
                }
                (None, None) => {}
                other => panic!("{level} class {class}: {other:?}"),
            }
        }
    });
}
