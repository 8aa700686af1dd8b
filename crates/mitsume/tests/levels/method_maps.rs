//! Maps of every differentiable method on tensors: the same as on plain arrays, and their gradients
//! by finite differences.

use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use mitsume::AlphaGradient::{self, Detached, Full};
use mitsume::methods::{ActivationsAndGradients, MapInputs, Method, UnsupportedMethod, cam};
use mitsume::train::{CamRequest, ForwardOutput, differentiable_maps, predictions};
use mitsume_nn::{Classifier, ClassifierSpec, Head, Level};

use crate::network::{Fixture, assert_close, floats, hash01, images};

const LABELS: [usize; 3] = [2, 0, 3];

/// On plain arrays in `f64`; CAM's weights are those of the head.
fn on_arrays(method: Method, hooked: ActivationsAndGradients, weights: &[f64]) -> Vec<f32> {
    let inputs = MapInputs {
        hooked,
        score: 0.0,
        channel_scores: &[],
        seed: 0,
    };
    match method {
        Method::Cam => cam::cam(&hooked, weights),
        other => (other.descriptor().map)(&inputs),
    }
}

fn one_hot(labels: &[usize], device: &Device) -> Tensor<2> {
    let row = |&label: &usize| (0..4).map(move |k| f32::from(k == label));
    let values: Vec<f32> = labels.iter().flat_map(row).collect();
    Tensor::from_data(TensorData::new(values, [labels.len(), 4]), device)
}

/// Float32 sums of up to 512 terms against float64 ones.
#[test]
fn tensors_give_the_maps_of_plain_arrays() {
    let device = crate::network::device();
    for level in Level::ALL {
        let model = Fixture::load(level).model(&device);
        let features = model.trunk.forward(images(1000, &device).narrow(0, 0, 3));
        let [n, c, h, w] = features.dims();
        // Their maps say something: what the logit is made of.
        let labels = predictions(&model.head.logits(features.clone(), None));
        let gradients = model
            .head
            .vjp(features.clone(), None, one_hot(&labels, &device));
        let (a, g) = (floats(&features), floats(&gradients));
        let weight = floats(&model.head.linear.weight.val());
        for method in Method::differentiable() {
            if method.check_head(model.head.is_gap_linear()).is_err() {
                continue;
            }
            let maps = differentiable_maps(method, features.clone(), gradients.clone()).unwrap();
            let maps = floats(&maps);
            for i in 0..n {
                let (a, g) = [&a, &g].map(|v| &v[i * c * h * w..][..c * h * w]).into();
                let hooked = ActivationsAndGradients::new(a, g, c, [h, w]).unwrap();
                let weights = &weight[labels[i] * c..][..c];
                let weights: Vec<f64> = weights.iter().map(|&w| w.into()).collect();
                let expected = on_arrays(method, hooked, &weights);
                assert!(expected.iter().any(|v| *v > 0.0), "{level} {method}");
                let ours = &maps[i * h * w..][..h * w];
                assert_close(ours, &expected, 1e-5, &format!("{level} {method} {i}"));
            }
        }
    }
}

/// A head with its own feature maps [3, C, 4, 4]: no value near 0 and no two in a 2x2 cell alike,
/// so that small steps cross no kink of a ReLU or a max-pool; no sum near 0, which XGrad-CAM
/// divides by.
struct Case {
    head: Head,
    mask: Option<Tensor<2>>,
    features: Tensor<4>,
}

impl Case {
    fn new(level: Level) -> Self {
        let device = crate::network::device().autodiff();
        let spec = ClassifierSpec {
            level,
            channels: 1,
            classes: 4,
            dropout: None,
        };
        let mut head = Classifier::new(spec, 3, &device).head;
        let channels = level.feature_channels();
        // Weights of both signs, and maps that are not 0.
        let more = 0.3 / (channels as f32).sqrt();
        let shifted = |w: Tensor<2>| (w.inner() + more).autodiff().require_grad();
        head.linear.weight = head.linear.weight.map(shifted);
        let count = 3 * channels * 16;
        let draws = hash01(2 * count, 40);
        let value = |i: usize| {
            let (y, x) = (i / 4 % 4, i % 4);
            let rank = (2 * (y % 2) + x % 2 + i / 16) % 4;
            let jitter = 0.05 * draws[i];
            let negative = draws[count + i] < 0.15;
            let size = if negative {
                -0.1
            } else {
                0.1 + 0.2 * rank as f64
            };
            (size + jitter) as f32
        };
        let data = TensorData::new((0..count).map(value).collect(), [3, channels, 4, 4]);
        let mask = (head.dropout > 0.0).then(|| {
            let keep: Vec<f32> = hash01(3 * channels, 41)
                .iter()
                .map(|u| if *u < 0.5 { 0.0 } else { 2.0 })
                .collect();
            Tensor::from_data(TensorData::new(keep, [3, channels]), &device)
        });
        Case {
            features: Tensor::from_data(data, &device).require_grad(),
            head,
            mask,
        }
    }

    /// The raw maps weighed by a fixed pattern, so that no pixel's gradient is another's.
    fn loss(maps: Tensor<3>) -> Tensor<1> {
        let pattern = hash01(3 * 16, 42).iter().map(|u| 0.5 + *u as f32).collect();
        let pattern = TensorData::new::<f32, _>(pattern, [3, 4, 4]);
        let pattern = Tensor::<3>::from_data(pattern, &maps.device());
        (maps * pattern).sum()
    }

    fn maps(&self, method: Method, alpha: AlphaGradient) -> Tensor<3> {
        let labels = &LABELS;
        let maps = CamRequest {
            labels,
            method,
            alpha,
        };
        let features = self.features.clone();
        let out = ForwardOutput::new(&self.head, features, self.mask.clone(), Some(maps));
        relu(out.unwrap().weighted_sums.remove(0))
    }

    fn gradients(&self) -> Tensor<4> {
        let cotangents = one_hot(&LABELS, &self.features.device());
        let features = self.features.clone();
        self.head.vjp(features, self.mask.clone(), cotangents)
    }

    /// With feature maps and weights moved.
    fn moved(&self, features: Tensor<4>, weights: Option<Tensor<2>>) -> Self {
        let mut head = self.head.clone();
        if let Some(weights) = weights {
            head.linear.weight = head.linear.weight.map(|w| {
                let moved = w.inner() + weights.inner();
                moved.autodiff().require_grad()
            });
        }
        Case {
            head,
            mask: self.mask.clone(),
            features: (self.features.clone().inner() + features.inner()).autodiff(),
        }
    }
}

fn scalar(loss: Tensor<1>) -> f64 {
    f64::from(floats(&loss.inner())[0])
}

/// Along the gradient itself, the direction in which there is most to see, by a step that changes
/// the loss by 0.1 %: of its 7 digits 4 are left, and hardly a pixel of a map crosses its ReLU.
fn check(level: Level, method: Method, alpha: AlphaGradient) {
    let what = format!("{level} {method} {alpha:?}");
    let case = Case::new(level);
    let loss = Case::loss(case.maps(method, alpha));
    let value = scalar(loss.clone());
    let grads = loss.backward();
    let of_features = case.features.grad(&grads).unwrap();
    let from_weights = case.head.linear.weight.val().grad(&grads);
    assert_eq!(from_weights.is_some(), alpha == Full, "{what}");
    let square = |values: Vec<f32>| values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
    let expected =
        square(floats(&of_features)) + from_weights.as_ref().map_or(0.0, |g| square(floats(g)));
    assert!(value > 0.0 && expected > 0.0, "{what}: says something");
    let step = 0.001 * value / expected;
    let moved = |by: f64| {
        let weights = from_weights.clone().map(|g| g.mul_scalar(by));
        let moved = case.moved(of_features.clone().mul_scalar(by), weights);
        let maps = match alpha {
            Full => moved.maps(method, Full),
            // The gradients stay those of where we began.
            Detached => differentiable_maps(method, moved.features, case.gradients()).unwrap(),
        };
        scalar(Case::loss(maps))
    };
    let difference = (moved(step) - moved(-step)) / (2.0 * step);
    assert!(
        (difference - expected).abs() < 1e-3 * expected,
        "{what}: {difference} {expected}"
    );
}

#[test]
fn gradients_of_every_method_agree_with_finite_differences() {
    for level in [Level::One, Level::Two, Level::Three] {
        for method in Method::differentiable() {
            if method.check_head(level.head().is_gap_linear()).is_ok() {
                check(level, method, Full);
                check(level, method, Detached);
            }
        }
    }
}

/// Through a pool and a linear layer every pixel's gradient is the mean.
#[test]
fn where_a_pool_follows_hires_cam_and_cam_are_grad_cam() {
    let case = Case::new(Level::Four);
    let expected = floats(&case.maps(Method::GradCam, Full).inner());
    let hires = floats(&case.maps(Method::HiresCam, Full).inner());
    assert_close(&hires, &expected, 1e-5, "hires-cam");
    let cam = floats(&case.maps(Method::Cam, Full).inner());
    let cam: Vec<f32> = cam.iter().map(|value| value / 16.0).collect();
    assert_close(&cam, &expected, 1e-5, "cam over its pixels");
}

#[test]
fn methods_that_do_not_fit_the_training_or_the_head_are_refused() {
    let maps = |level, method| {
        let case = Case::new(level);
        let maps = CamRequest {
            labels: &LABELS,
            method,
            alpha: Full,
        };
        ForwardOutput::new(&case.head, case.features, None, Some(maps)).map(|_| ())
    };
    let method = Method::EigenCam;
    let reason = "it is a matrix decomposition";
    let refused = Err(UnsupportedMethod::NotDifferentiable { method, reason });
    assert_eq!(maps(Level::Three, method), refused);
    for level in [Level::One, Level::Two] {
        assert_eq!(
            maps(level, Method::Cam),
            Err(UnsupportedMethod::HeadNotGapLinear {
                method: Method::Cam
            })
        );
    }
    assert_eq!(maps(Level::Five, Method::Cam), Ok(()));
}
