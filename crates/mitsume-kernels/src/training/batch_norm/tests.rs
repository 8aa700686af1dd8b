//! Results compared with the definition in f64, gradients with its finite differences.

use super::*;
use crate::isa::Isa;
use crate::test_values::values;

const PIXELS: usize = 37;
const CHANNELS: usize = 19;
const EPSILON: f64 = 1e-3;

fn definition(
    activation: Activation,
    z: &[f64],
    parameters: [&[f64]; 2],
    residual: Option<&[f64]>,
) -> Vec<f64> {
    let channels = parameters[0].len();
    let pixels = z.len() / channels;
    let mut y = vec![0.0; z.len()];
    for c in 0..channels {
        let column = || (0..pixels).map(|p| z[p * channels + c]);
        let mean = column().sum::<f64>() / pixels as f64;
        let variance = column().map(|v| (v - mean).powi(2)).sum::<f64>() / pixels as f64;
        for p in 0..pixels {
            let at = p * channels + c;
            let n = (z[at] - mean) / (variance + EPSILON).sqrt();
            let v = n * parameters[0][c] + parameters[1][c] + residual.map_or(0.0, |r| r[at]);
            y[at] = match activation {
                Activation::Identity => v,
                Activation::Relu => v.max(0.0),
                Activation::Silu => v / (1.0 + (-v).exp()),
                other => panic!("{other:?} is not tested here"),
            };
        }
    }
    y
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|v| f64::from(*v)).collect()
}

/// Central differences of `sum(dy y)` with respect to `x[at]`.
fn difference(x: &[f64], at: usize, loss: impl Fn(&[f64]) -> f64) -> f64 {
    let h = 1e-6;
    let shifted = |by: f64| {
        let mut x = x.to_vec();
        x[at] += by;
        loss(&x)
    };
    (shifted(h) - shifted(-h)) / (2.0 * h)
}

#[test]
fn results_and_gradients_are_those_of_the_definition() {
    for isa in Isa::available() {
        for (activation, with_residual) in [
            (Activation::Identity, false),
            (Activation::Relu, false),
            (Activation::Silu, false),
            (Activation::Identity, true),
            (Activation::Relu, true),
        ] {
            check(isa, activation, with_residual);
        }
    }
}

fn check(isa: Isa, activation: Activation, with_residual: bool) {
    let workspace = Workspace::new(isa);
    // Means that are not 0, as a convolution's output has.
    let mut z = values(PIXELS * CHANNELS, 1);
    z.iter_mut().for_each(|z| *z = *z * 2.0 + 1.5);
    let (weight, bias) = (values(CHANNELS, 2), values(CHANNELS, 3));
    let (residual, dy) = (values(z.len(), 4), values(z.len(), 5));
    let residual = with_residual.then_some(&residual[..]);
    let norm = BatchNorm {
        weight: &weight,
        bias: &bias,
        epsilon: EPSILON,
        activation,
    };
    let Normalised {
        y,
        statistics,
        saved,
    } = norm.forward(&workspace, &z, residual).unwrap();
    let (z64, w64, b64) = (wide(&z), wide(&weight), wide(&bias));
    let r64 = residual.map(wide);
    let expected = definition(activation, &z64, [&w64, &b64], r64.as_deref());
    for (found, expected) in y.iter().zip(&expected) {
        // A few roundings of values below 10.
        assert!(
            (f64::from(*found) - expected).abs() < 2e-6,
            "{found} {expected}"
        );
    }
    let column: Vec<f64> = z64.iter().skip(4).step_by(CHANNELS).copied().collect();
    let mean = column.iter().sum::<f64>() / PIXELS as f64;
    let squares: f64 = column.iter().map(|v| (v - mean).powi(2)).sum();
    assert!((f64::from(statistics.mean[4]) - mean).abs() < 1e-6);
    let unbiased = squares / (PIXELS - 1) as f64;
    assert!((f64::from(statistics.variance[4]) - unbiased).abs() < 1e-6);

    let kept = with_residual.then_some(&y[..]);
    let found = saved.backward(&workspace, &z, kept, &dy).unwrap();
    let loss = |z: &[f64], w: &[f64], b: &[f64], r: Option<&[f64]>| {
        let y = definition(activation, z, [w, b], r);
        y.iter()
            .zip(&dy)
            .map(|(y, d)| y * f64::from(*d))
            .sum::<f64>()
    };
    // f32 sums over 37 pixels; differences of f64 are good to 1e-9.
    let close = |found: f32, expected: f64, what: &str| {
        let off = (f64::from(found) - expected).abs();
        assert!(
            off < 2e-5,
            "{} {activation:?} {what}: {found} {expected}",
            isa.name()
        );
    };
    for at in (0..z.len()).step_by(7) {
        let expected = difference(&z64, at, |z| loss(z, &w64, &b64, r64.as_deref()));
        close(found.z[at], expected, "z");
        if let Some(r64) = &r64 {
            let expected = difference(r64, at, |r| loss(&z64, &w64, &b64, Some(r)));
            let gradient = found.residual.as_deref().unwrap_or(&dy);
            close(gradient[at], expected, "residual");
        }
    }
    for c in 0..CHANNELS {
        let expected = difference(&w64, c, |w| loss(&z64, w, &b64, r64.as_deref()));
        close(found.weight[c], expected, "weight");
        let expected = difference(&b64, c, |b| loss(&z64, &w64, b, r64.as_deref()));
        close(found.bias[c], expected, "bias");
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let (pixels, channels) = (3000, 33);
    let z = values(pixels * channels, 1);
    let dy = values(pixels * channels, 2);
    let (weight, bias) = (values(channels, 3), values(channels, 4));
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let workspace = Workspace::default();
            let norm = BatchNorm {
                weight: &weight,
                bias: &bias,
                epsilon: 1e-5,
                activation: Activation::Relu,
            };
            let forward = norm.forward(&workspace, &z, None).unwrap();
            let back = forward.saved.backward(&workspace, &z, None, &dy).unwrap();
            (forward.y.to_vec(), back.z.to_vec(), back.weight, back.bias)
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn a_residual_before_another_activation_is_refused() {
    let workspace = Workspace::default();
    let norm = BatchNorm {
        weight: &[1.0],
        bias: &[0.0],
        epsilon: 1e-5,
        activation: Activation::Silu,
    };
    assert!(
        norm.forward(&workspace, &[1.0, 2.0], Some(&[1.0, 2.0]))
            .is_err()
    );
    assert!(norm.forward(&workspace, &[], None).is_err());
}
