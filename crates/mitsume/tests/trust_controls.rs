//! Random logit and max-sensitivity against SciPy, Captum and Quantus's formula
//! (`scripts/reference/trust_controls.py` makes the figures).

use mitsume::trust::{MaxSensitivityTest, RandomLogitTest, relative_change};
use serde::Deserialize;

#[derive(Deserialize)]
struct Figures {
    shape: [usize; 2],
    random_logit: OtherClass,
    max_sensitivity: Noise,
}

#[derive(Deserialize)]
struct OtherClass {
    own: Vec<Vec<f32>>,
    other: Vec<Vec<f32>>,
    defined: usize,
    spearman: f64,
    ssim: f64,
}

#[derive(Deserialize)]
struct Noise {
    own: Vec<Vec<f32>>,
    noisy: Vec<Vec<Vec<f32>>>,
    image_norms: Vec<f64>,
    captum: Vec<f64>,
    quantus: Vec<f64>,
}

fn figures() -> Figures {
    serde_json::from_str(include_str!("fixtures/trust_controls.json")).unwrap()
}

/// Both in double precision from the same maps: sums of 144 terms in another order.
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
}

#[test]
fn similarity_to_another_class_is_that_of_scipy_without_constant_maps() {
    let Figures {
        shape,
        random_logit: figures,
        ..
    } = figures();
    let mut test = RandomLogitTest::default();
    for (own, other) in figures.own.iter().zip(&figures.other) {
        test.add(own, other, shape).unwrap();
    }
    let found = test.result(0);
    assert!((1..figures.own.len()).contains(&figures.defined));
    assert_eq!(found.images - found.undefined, figures.defined);
    close(found.spearman.unwrap().mean, figures.spearman);
    close(found.ssim.unwrap().mean, figures.ssim);
}

#[test]
fn the_largest_change_is_that_of_captum_and_by_the_image_that_of_quantus() {
    let Figures {
        shape,
        max_sensitivity: figures,
        ..
    } = figures();
    let mut all = MaxSensitivityTest::default();
    for (image, own) in figures.own.iter().enumerate() {
        let noisy: Vec<&[f32]> = figures.noisy[image].iter().map(Vec::as_slice).collect();
        all.add(own, &noisy, shape).unwrap();
        let mut one = MaxSensitivityTest::default();
        one.add(own, &noisy, shape).unwrap();
        let largest = one.result(0).largest_change.unwrap().mean;
        close(largest, figures.captum[image]);
        let strength = own
            .iter()
            .map(|v| f64::from(*v).powi(2))
            .sum::<f64>()
            .sqrt();
        close(
            largest * strength / figures.image_norms[image],
            figures.quantus[image],
        );
        let first = relative_change(own, noisy[0], shape).unwrap().unwrap();
        assert!(first <= largest);
    }
    let mean = figures.captum.iter().sum::<f64>() / figures.captum.len() as f64;
    close(all.result(0).largest_change.unwrap().mean, mean);
}
