//! The head's written-out Jacobian against autodiff and finite differences.

use burn::tensor::{Device, Distribution, Int, Tensor};
use mitsume_nn::{Classifier, ClassifierSpec, Level, dropout_mask};

const N: usize = 3;
const CLASSES: usize = 4;

fn model(level: Level, device: &Device) -> Classifier {
    let spec = ClassifierSpec {
        level,
        channels: 1,
        classes: CLASSES,
        dropout: None,
    };
    Classifier::new(spec, 11, device)
}

/// Values on both sides of zero, at an odd size so that pooling leaves a row and a column over.
fn features(level: Level, device: &Device) -> Tensor<4> {
    device.seed(3);
    Tensor::random(
        [N, level.feature_channels(), 5, 7],
        Distribution::Normal(0.0, 1.0),
        device,
    )
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

fn assert_close(a: &[f32], b: &[f32], what: &str) {
    assert_eq!(a.len(), b.len());
    let scale = b.iter().fold(0f32, |max, v| max.max(v.abs()));
    let worst = a
        .iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    // Both are float32 expressions of a few factors: a few units in the last place.
    assert!(worst <= 1e-6 * scale, "{what}: {worst} of {scale}");
}

#[test]
fn the_vjp_is_what_autodiff_computes() {
    for level in Level::ALL {
        let device = Device::flex().autodiff();
        let head = model(level, &device).head;
        let mask = dropout_mask([N, level.feature_channels()], 0.5, (1, 1), &device);
        let features = features(level, &device).require_grad();
        let cotangents = Tensor::<2>::random([N, CLASSES], Distribution::Normal(0.0, 1.0), &device);
        let logits = head.logits(features.clone(), Some(mask.clone()));
        let grads = (logits * cotangents.clone()).sum().backward();
        let autodiff = floats(features.grad(&grads).unwrap());
        let written = head.vjp(features, Some(mask), cotangents);
        assert_close(&floats(written.inner()), &autodiff, &level.to_string());
    }
}

#[test]
fn alpha_is_the_spatial_mean_of_the_vjp() {
    for level in Level::ALL {
        let device = Device::flex();
        let head = model(level, &device).head;
        let mask = dropout_mask([N, level.feature_channels()], 0.5, (1, 1), &device);
        let features = features(level, &device);
        let targets = Tensor::<1, Int>::from_data([2i64, 0, 3], &device);
        let one_hot = targets.clone().one_hot::<2>(CLASSES).float();
        let vjp = head.vjp(features.clone(), Some(mask.clone()), one_hot);
        let mean = vjp
            .mean_dim(3)
            .mean_dim(2)
            .reshape([N, level.feature_channels()]);
        let alpha = head.alpha(features, Some(mask), targets);
        assert_close(&floats(alpha), &floats(mean), &level.to_string());
    }
}

#[test]
fn a_logit_moves_by_the_vjp_times_a_small_change_of_the_features() {
    let device = Device::flex();
    let level = Level::Two;
    let head = model(level, &device).head;
    let features = features(level, &device);
    let one_hot = Tensor::<2>::from_data([[0.0, 1.0, 0.0, 0.0]; N], &device);
    let vjp = head.vjp(features.clone(), None, one_hot);
    // Small enough that hardly an activation changes sign, large enough to be seen in float32.
    let direction = features.random_like(Distribution::Normal(0.0, 1e-3));
    let change = head.logits(features.clone() + direction.clone(), None)
        - head.logits(features - direction.clone(), None);
    let expected = (vjp * direction)
        .sum_dim(3)
        .sum_dim(2)
        .sum_dim(1)
        .reshape([N])
        * 2.0;
    let (change, expected) = (floats(change.narrow(1, 1, 1)), floats(expected));
    for (change, expected) in change.iter().zip(&expected) {
        assert!(
            (change - expected).abs() < 0.02 * expected.abs().max(1e-3),
            "{change} {expected}"
        );
    }
}

/// Pooled features, weighted sums, and the gradients of a function of both with respect to the
/// feature maps and the linear layer's weights.
fn readings(level: Level, composed: bool) -> [Vec<f32>; 4] {
    let device = Device::flex().autodiff();
    let head = model(level, &device).head;
    let features = features(level, &device).require_grad();
    let targets = Tensor::<1, Int>::from_data([2i64, 0, 3], &device);
    let linear_alpha = head.linear_alpha(targets, None, [5, 7]);
    let pooled = match composed {
        true => head.pool_features_composed(features.clone(), Some(linear_alpha)),
        false => head.pool_features(features.clone(), Some(linear_alpha)),
    };
    let weighted = pooled.weighted_sum.unwrap();
    let value = pooled.pooled.clone().square().sum() + weighted.clone().square().sum();
    let grads = value.backward();
    [
        floats(pooled.pooled.inner()),
        floats(weighted.inner()),
        floats(features.grad(&grads).unwrap()),
        floats(head.linear.weight.val().grad(&grads).unwrap()),
    ]
}

#[test]
fn fused_and_composed_pooled_features_agree() {
    for level in Level::ALL {
        let (fused, composed) = (readings(level, false), readings(level, true));
        for (i, (fused, composed)) in fused.iter().zip(&composed).enumerate() {
            let scale = composed.iter().fold(0f32, |max, v| max.max(v.abs()));
            let differences = fused.iter().zip(composed).map(|(a, b)| (a - b).abs());
            let worst = differences.fold(0.0, f32::max);
            // Sums over up to 512 channels in another order.
            assert!(worst <= 1e-5 * scale, "{level} {i}: {worst} of {scale}");
        }
    }
}
