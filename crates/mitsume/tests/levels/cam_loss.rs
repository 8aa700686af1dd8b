//! The consistency loss where something is missing or degenerate, and its gradient by finite
//! differences.

use crate::network::{Fixture, floats, images, indices};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use mitsume::measures::ssim::ssim_distance;
use mitsume::methods::Method;
use mitsume::train::{
    CamLoss, CamRequest, CrossEntropy, forward, normalise_maps, predictions, training_loss,
};
use mitsume::{AlphaGradient, CamLossSettings, EmaMaps, LossDistance, Reference};
use mitsume_nn::{Classifier, Level, StateEntry};

fn all() -> impl Iterator<Item = (LossDistance, Reference)> {
    let both = |distance| [(distance, Reference::Ema), (distance, Reference::Batch)];
    LossDistance::ALL.into_iter().flat_map(both)
}

fn cam_loss(distance: LossDistance, reference: Reference) -> CamLoss {
    let settings = CamLossSettings {
        method: Method::GradCam,
        distance,
        reference,
        alpha: AlphaGradient::Full,
    };
    CamLoss {
        settings,
        ema: EmaMaps::new(0.9, 3, [2, 2]).unwrap(),
    }
}

fn device() -> Device {
    crate::network::device().autodiff()
}

fn maps(values: &[[[f32; 2]; 2]]) -> Tensor<3> {
    let flat: Vec<f32> = values.iter().flatten().flatten().copied().collect();
    Tensor::<1>::from_floats(&flat[..], &device())
        .reshape([values.len(), 2, 2])
        .require_grad()
}

const LEFT: [[f32; 2]; 2] = [[1.0, 0.0], [1.0, 0.0]];
const RIGHT: [[f32; 2]; 2] = [[0.0, 1.0], [0.0, 1.0]];
const EMPTY: [[f32; 2]; 2] = [[0.0; 2]; 2];

#[test]
fn no_correct_image_and_one_correct_image_give_no_loss_and_leave_the_averages_alone() {
    for (distance, reference) in all() {
        let mut loss = cam_loss(distance, reference);
        let none = loss
            .forward_composed(maps(&[LEFT, RIGHT]), &[0, 1], &[1, 0])
            .unwrap();
        assert!(none.is_none());
        let one = loss
            .forward_composed(maps(&[LEFT, RIGHT]), &[0, 1], &[0, 0])
            .unwrap();
        assert!(one.is_none());
        assert!(loss.ema.maps().iter().all(Option::is_none));
    }
}

/// Deviation of `LEFT` or `RIGHT` from their mean, 1/2 everywhere: each difference is 1/2.
fn opposite(distance: LossDistance) -> f32 {
    match distance {
        // A sum of squares of 4/4 = 1 over 4 pixels, and its root.
        LossDistance::SquaredL2 | LossDistance::L2 => 0.25,
        LossDistance::L1 => 0.5,
        // A window of one pixel, without variance: half of the pixels are 1, half 0.
        LossDistance::Ssim => 1.0 - 0.5 * (1.0001 / 1.2501 + 0.0001 / 0.2501),
    }
}

#[test]
fn two_opposite_maps_deviate_by_the_closed_form() {
    for (distance, reference) in all() {
        let mut loss = cam_loss(distance, reference);
        let value = loss
            .forward_composed(maps(&[LEFT, RIGHT]), &[2, 2], &[2, 2])
            .unwrap()
            .unwrap();
        let value = floats(&value.inner())[0];
        let error = (value - opposite(distance)).abs();
        assert!(error < 1e-6, "{distance} {reference:?}: {value}");
    }
}

#[test]
fn the_mean_is_over_images_and_not_over_classes() {
    // Class 0: two opposite maps. Class 1: three equal maps (0 each).
    let batch = [LEFT, RIGHT, LEFT, LEFT, LEFT];
    for (distance, reference) in all() {
        let mut loss = cam_loss(distance, reference);
        let value = loss
            .forward_composed(maps(&batch), &[0, 0, 1, 1, 1], &[0, 0, 1, 1, 1])
            .unwrap()
            .unwrap();
        let value = floats(&value.inner())[0];
        assert!(
            (value - 2.0 * opposite(distance) / 5.0).abs() < 1e-6,
            "{distance} {reference:?}: {value}"
        );
    }
}

#[test]
fn equal_and_empty_maps_give_zero_loss_and_finite_gradients() {
    for (distance, reference) in all() {
        for same in [LEFT, EMPTY] {
            let mut loss = cam_loss(distance, reference);
            let input = maps(&[same, same]);
            let value = loss
                .forward_composed(input.clone(), &[0, 0], &[0, 0])
                .unwrap()
                .unwrap();
            let gradient = floats(&input.grad(&value.backward()).unwrap());
            // Structural similarity is a quotient of equal numbers, each rounded.
            let rounding = if distance == LossDistance::Ssim {
                1e-6
            } else {
                0.0
            };
            let value = floats(&value.inner())[0];
            assert!(value.abs() <= rounding, "{distance} {reference:?}: {value}");
            let largest = gradient.iter().fold(0.0_f32, |most, g| most.max(g.abs()));
            assert!(
                largest <= rounding,
                "{distance} {reference:?}: {gradient:?}"
            );
        }
    }
}

#[test]
fn the_moving_average_is_updated_before_it_is_compared_with() {
    let mut loss = cam_loss(LossDistance::SquaredL2, Reference::Ema);
    loss.forward_composed(maps(&[LEFT, LEFT]), &[0, 0], &[0, 0])
        .unwrap();
    let value = loss
        .forward(maps(&[RIGHT, RIGHT]), &[0, 0], &[0, 0])
        .unwrap()
        .unwrap();
    // ema = 0.9 LEFT + 0.1 RIGHT; RIGHT differs from it by 0.9 at every pixel.
    let value = floats(&value.inner())[0];
    assert!((value - 0.81).abs() < 1e-6, "{value}");
}

#[test]
fn a_constant_map_becomes_zero_and_passes_no_gradient() {
    let raw = maps(&[[[3.0; 2]; 2], [[0.0; 2]; 2], [[1.0, 2.0], [3.0, 5.0]]]);
    let normalised = normalise_maps(raw.clone());
    let values = floats(&normalised.clone().inner());
    assert_eq!(values[..8], [0.0; 8]);
    for (value, expected) in values[8..].iter().zip([0.0, 0.25, 0.5, 1.0]) {
        assert!((value - expected).abs() < 1e-7);
    }
    let gradient = floats(&raw.grad(&normalised.square().sum().backward()).unwrap());
    assert_eq!(gradient[..8], [0.0; 8]);
    assert!(gradient[8..].iter().all(|g| g.is_finite()));
}

/// The loss of a step as a function of the weights, alone.
fn total(model: &Classifier, fixture: &Fixture, lambda: f64, settings: CamLossSettings) -> f64 {
    let mut model = model.clone();
    let labels = indices(&fixture.json["train"]["labels"]);
    let maps = CamRequest {
        labels: &labels,
        method: settings.method,
        alpha: settings.alpha,
    };
    let out = forward(&mut model, images(1000, &device()), None, Some(maps)).unwrap();
    let predicted = predictions(&out.logits);
    let ema = EmaMaps::new(0.9, 4, fixture.level.cam_size([64, 64])).unwrap();
    let mut cam = CamLoss { settings, ema };
    let loss = training_loss(
        out,
        (&labels, &predicted),
        &CrossEntropy::default(),
        lambda,
        std::slice::from_mut(&mut cam),
    )
    .unwrap();
    let ce = f64::from(floats(&loss.cross_entropy.inner())[0]);
    ce + lambda
        * loss
            .cam_loss
            .map_or(0.0, |cam| f64::from(floats(&cam.inner())[0]))
}

/// The derivative along a direction in the head's weights, which alpha is a function of: exact
/// through `full` alpha, where the reference is in the graph. Central differences in float32:
/// the loss has about 7 digits, so a step that changes it by 1e-3 leaves 4; a longer one crosses
/// kinks (ReLU, largest and smallest value of a map).
#[test]
fn the_gradient_through_alpha_agrees_with_finite_differences() {
    let grad_cam = [(Level::Two, 50.0), (Level::Four, -50.0), (Level::One, 50.0)];
    let grad_cam = grad_cam.map(|(level, lambda)| (level, lambda, Method::GradCam));
    let others = Method::differentiable().skip(1).flat_map(|method| {
        let levels = match method {
            Method::Cam => [Level::Three, Level::Four],
            _ => [Level::Two, Level::One],
        };
        levels.map(|level| (level, 50.0, method))
    });
    for (level, lambda, method) in grad_cam.into_iter().chain(others) {
        let fixture = Fixture::load(level);
        let settings = CamLossSettings {
            method,
            distance: LossDistance::SquaredL2,
            reference: Reference::Batch,
            alpha: AlphaGradient::Full,
        };
        let mut model = fixture.training_model(&device());
        let labels = indices(&fixture.json["train"]["labels"]);
        let maps = CamRequest {
            labels: &labels,
            method: settings.method,
            alpha: settings.alpha,
        };
        let out = forward(&mut model, images(1000, &device()), None, Some(maps)).unwrap();
        let predicted = predictions(&out.logits);
        let ema = EmaMaps::new(0.9, 4, level.cam_size([64, 64])).unwrap();
        let mut cam = CamLoss { settings, ema };
        let loss = training_loss(
            out,
            (&labels, &predicted),
            &CrossEntropy::default(),
            lambda,
            std::slice::from_mut(&mut cam),
        )
        .unwrap();
        let grads = loss.total.backward();
        let weight = model.head.linear.weight.val();
        let gradient = weight.grad(&grads).unwrap();
        // Along the gradient itself: the direction in which there is most to see.
        let norm = f64::from(floats(&gradient.clone().square().sum().sqrt())[0]);
        let step = 3e-4 / norm;
        let moved = |sign: f64| {
            let mut model = fixture.training_model(&device());
            for (name, entry) in model.state_dict_mut(level) {
                if let (true, StateEntry::Matrix(param)) = (name.starts_with("classifier"), entry) {
                    let delta = gradient.clone().mul_scalar(sign * step);
                    *param = param
                        .clone()
                        .map(|w| (w.inner() + delta).autodiff().require_grad());
                }
            }
            total(&model, &fixture, lambda, settings)
        };
        let difference = (moved(1.0) - moved(-1.0)) / (2.0 * step);
        let expected = norm * norm;
        assert!(
            (difference - expected).abs() < 1e-2 * expected,
            "{level} {method} lambda {lambda}: {difference} {expected}"
        );
    }
}

#[test]
fn lambda_zero_is_plain_training_and_touches_no_average() {
    let fixture = Fixture::load(Level::One);
    let mut model = fixture.training_model(&device());
    let labels = indices(&fixture.json["train"]["labels"]);
    let maps = CamRequest {
        labels: &labels,
        method: Method::GradCam,
        alpha: AlphaGradient::Full,
    };
    let out = forward(&mut model, images(1000, &device()), None, Some(maps)).unwrap();
    let predicted = predictions(&out.logits);
    let mut cam = cam_loss(LossDistance::L2, Reference::Ema);
    let loss = training_loss(
        out,
        (&labels, &predicted),
        &CrossEntropy::default(),
        0.0,
        std::slice::from_mut(&mut cam),
    )
    .unwrap();
    assert!(loss.cam_loss.is_none());
    assert_eq!(
        floats(&loss.total.inner()),
        floats(&loss.cross_entropy.inner())
    );
    assert!(cam.ema.maps().iter().all(Option::is_none));
}

/// Weighted sums of both signs, one map constant, one image wrong, one class with a single image.
#[test]
fn the_fused_loss_is_the_composed_one() {
    let values: Vec<f32> = (0..7 * 45)
        .map(|i| ((i * 37) % 101) as f32 / 40.0 - 1.0)
        .map(|v| if v > 1.4 { 1.4 } else { v })
        .collect();
    let weighted = |values: &[f32]| {
        let data = TensorData::new(values.to_vec(), [7, 9, 5]);
        Tensor::<3>::from_data(data, &device()).require_grad()
    };
    let (labels, predictions) = ([0, 0, 1, 1, 1, 2, 0], [0, 0, 1, 1, 0, 2, 0]);
    let mut values = values;
    values[45..90].fill(0.25);
    for distance in [LossDistance::SquaredL2, LossDistance::L2] {
        let mut results = Vec::new();
        for fused in [true, false] {
            let mut loss = cam_loss(distance, Reference::Ema);
            loss.ema = EmaMaps::new(0.9, 3, [9, 5]).unwrap();
            // Twice, so that the second comparison is with an average of two batches.
            let mut result = Vec::new();
            for shift in [0.0, 0.1] {
                let moved: Vec<f32> = values.iter().map(|v| v + shift).collect();
                let input = weighted(&moved);
                let value = if fused {
                    loss.forward(input.clone(), &labels, &predictions)
                } else {
                    let maps = normalise_maps(relu(input.clone()));
                    loss.forward_composed(maps, &labels, &predictions)
                };
                let value = value.unwrap().unwrap();
                result.extend(floats(&input.grad(&value.backward()).unwrap()));
                result.extend(floats(&value.inner()));
            }
            results.push(result);
        }
        for (fused, composed) in results[0].iter().zip(&results[1]) {
            // Sums of 45 float32 terms in another order.
            let error = (fused - composed).abs();
            assert!(
                error < 1e-6 + 1e-4 * composed.abs(),
                "{distance}: {fused} {composed}"
            );
        }
    }
}

const SHAPE: [usize; 2] = [13, 12];
/// Two images of class 0, three of class 1 and a wrong one.
const LABELS: [usize; 6] = [0, 0, 1, 1, 1, 0];
const PREDICTIONS: [usize; 6] = [0, 0, 1, 1, 1, 1];

/// Six maps of which no pixel equals its class mean, where `l1` has no derivative.
fn patterns() -> Vec<f64> {
    (0..6 * 156)
        .map(|i| f64::from(i * i) * 0.618_033_988_749_894_9 % 1.0)
        .collect()
}

/// The loss of normalised maps and its gradient, in float32.
fn loss_and_gradient(distance: LossDistance, reference: Reference) -> (f64, Vec<f32>) {
    let mut loss = cam_loss(distance, reference);
    loss.ema = EmaMaps::new(0.9, 3, SHAPE).unwrap();
    let values: Vec<f32> = patterns().iter().map(|&value| value as f32).collect();
    let data = TensorData::new(values, [6, SHAPE[0], SHAPE[1]]);
    let input = Tensor::<3>::from_data(data, &device()).require_grad();
    let value = loss
        .forward_composed(input.clone(), &LABELS, &PREDICTIONS)
        .unwrap()
        .unwrap();
    let gradient = floats(&input.grad(&value.backward()).unwrap());
    (f64::from(floats(&value.inner())[0]), gradient)
}

/// `numpy`, `skimage.metrics.structural_similarity(data_range=1, gaussian_weights=True, sigma=1.5,
/// use_sample_covariance=False)`, and PyTorch's gradients in float64 of the same, SSIM by `conv2d`.
#[test]
fn l1_and_ssim_have_the_values_of_scikit_image_and_the_gradients_of_pytorch() {
    let at = [70, 200, 400, 700, 900];
    let cases: [(LossDistance, f64, [f64; 5]); 2] = [
        (
            LossDistance::L1,
            0.1816863135958491,
            [
                -0.001282051282051282,
                -0.001282051282051282,
                -0.0017094017094017094,
                0.0008547008547008547,
                0.0,
            ],
        ),
        (
            LossDistance::Ssim,
            0.4800246597271034,
            [
                -0.0005069848005535249,
                -0.0010137075604939125,
                -0.009608730630101,
                0.013547384597497452,
                0.0,
            ],
        ),
    ];
    for (distance, expected, gradients) in cases {
        let (value, gradient) = loss_and_gradient(distance, Reference::Batch);
        assert!((value - expected).abs() < 1e-5, "{distance}: {value}");
        for (pixel, expected) in at.into_iter().zip(gradients) {
            let found = f64::from(gradient[pixel]);
            // Variances are differences of float32 means of squares: 1e-7 of a C2 of 9e-4.
            let allowed = 1e-5 + 1e-3 * expected.abs();
            assert!(
                (found - expected).abs() < allowed,
                "{distance}: {found} {expected}"
            );
        }
        assert!(
            gradient[5 * 156..].iter().all(|g| *g == 0.0),
            "of the wrong image"
        );
    }
}

/// The mean deviation in float64, from the class means of `references`.
fn deviation(distance: LossDistance, maps: &[f64], references: &[f64]) -> f64 {
    let each = |image: usize| {
        let members: Vec<usize> = (0..5).filter(|&i| LABELS[i] == LABELS[image]).collect();
        let mean: Vec<f64> = (0..156)
            .map(|pixel| {
                let values = members.iter().map(|i| references[i * 156 + pixel]);
                values.sum::<f64>() / members.len() as f64
            })
            .collect();
        let map = &maps[image * 156..][..156];
        let differences = map.iter().zip(&mean).map(|(a, b)| a - b);
        let squares = differences.clone().map(|d| d * d).sum::<f64>();
        match distance {
            LossDistance::SquaredL2 => squares / 156.0,
            LossDistance::L2 => squares.sqrt() / 156.0,
            LossDistance::L1 => differences.map(f64::abs).sum::<f64>() / 156.0,
            LossDistance::Ssim => ssim_distance(map, &mean, SHAPE),
        }
    };
    (0..5).map(each).sum::<f64>() / 5.0
}

/// Central differences in float64 of the deviation written out above, with the reference held
/// constant (`ema`) and in the graph (`batch`).
#[test]
fn gradients_of_every_distance_agree_with_finite_differences() {
    let maps = patterns();
    for (distance, reference) in all() {
        let (_, gradient) = loss_and_gradient(distance, reference);
        let largest = gradient.iter().fold(0.0_f32, |most, g| most.max(g.abs()));
        for pixel in (0..5 * 156).step_by(7) {
            let step = 1e-6;
            let moved = |sign: f64| {
                let mut moved = maps.clone();
                moved[pixel] += sign * step;
                match reference {
                    Reference::Ema => deviation(distance, &moved, &maps),
                    Reference::Batch => deviation(distance, &moved, &moved),
                }
            };
            let expected = (moved(1.0) - moved(-1.0)) / (2.0 * step);
            let error = (f64::from(gradient[pixel]) - expected).abs();
            assert!(
                error < 1e-3 * f64::from(largest),
                "{distance} {reference:?} pixel {pixel}: {} {expected}",
                gradient[pixel]
            );
        }
    }
}
