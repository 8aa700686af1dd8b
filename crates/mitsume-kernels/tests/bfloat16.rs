//! Trunks whose convolutions multiply values of bfloat16: close to those of f32, but not equal, and
//! the same with and without the instructions for them.

mod parameters;
mod values;

use mitsume_kernels::trunk::{
    Batch, Conv, ForwardPass, Stage, TrunkSpec, backward, forward_eval, forward_train,
};
use mitsume_kernels::{Isa, Precision, Workspace};
use parameters::parameters;
use values::values;

const SIDE: usize = 28;

fn spec(precision: Precision) -> TrunkSpec {
    let residual = |channels, pool| Stage::Residual { channels, pool };
    TrunkSpec {
        channels: 1,
        stages: vec![
            Stage::Conv(Conv::new(16).norm().pool()),
            Stage::Conv(Conv::new(24).norm()),
            residual(33, true),
            residual(48, false),
        ],
        precision,
    }
}

/// Feature map and gradients of all parameters of a step.
fn step(isa: Isa, precision: Precision, images: usize) -> (Vec<f32>, Vec<Vec<f32>>) {
    let (workspace, spec) = (Workspace::new(isa), spec(precision));
    let parameters = parameters(&spec);
    let parameters: Vec<&[f32]> = parameters.iter().map(Vec::as_slice).collect();
    let pixels = values(images * SIDE * SIDE, 7);
    let batch = Batch {
        data: &pixels,
        images,
        height: SIDE,
        width: SIDE,
    };
    let out = forward_train(&workspace, &spec, batch, &parameters).unwrap();
    let features = out.features.to_vec();
    let direction = values(features.len(), 9);
    let forward = ForwardPass {
        batch,
        parameters: &parameters,
        features: &features,
        saved: out.saved,
    };
    let gradients = backward(&workspace, &spec, forward, &direction).unwrap();
    (features, gradients)
}

/// Euclidean distance over the norm of `want`.
fn distance(got: &[f32], want: &[f32]) -> f64 {
    assert_eq!(got.len(), want.len());
    let square = |v: f32| f64::from(v).powi(2);
    let differences = got.iter().zip(want).map(|(g, w)| square(g - w));
    let norm = want.iter().map(|w| square(*w)).sum::<f64>();
    (differences.sum::<f64>() / norm.max(1e-30)).sqrt()
}

#[test]
fn features_and_gradients_are_near_those_of_f32() {
    let images = if cfg!(miri) { 1 } else { 8 };
    let (want, want_gradients) = step(Isa::FALLBACK, Precision::Float32, images);
    for isa in Isa::available() {
        let (features, gradients) = step(isa, Precision::Bfloat16, images);
        // 1 % of each convolution's result, over five of them.
        let e = distance(&features, &want);
        assert!((1e-3..0.04).contains(&e), "{}: features {e}", isa.name());
        for ((got, want), p) in gradients
            .iter()
            .zip(&want_gradients)
            .zip(spec(Precision::Float32).parameters())
        {
            let e = distance(got, want);
            let what = format!("{}: stage {} {:?}: {e}", isa.name(), p.stage, p.kind);
            if want.iter().all(|v| *v == 0.0) {
                assert!(got == want, "{what}");
                continue;
            }
            // A ReLU or a maximum that the rounding switches counts in full. Of inputs that are 1 to 2 %
            // off one in a hundred is switched, a sixth of the gradient's norm; five layers of ReLUs
            // and two of maxima are half of it, as the sum of a gradient without direction has it.
            let most = if p.stage == 3 { 0.3 } else { 0.65 };
            assert!(e < most, "{what}");
        }
    }
}

#[test]
fn the_instructions_for_bfloat16_give_the_bits_that_f32_instructions_give() {
    let sets = ["avx512", "avx512bf16"].map(Isa::from_name);
    let [Some(without), Some(with)] = sets else {
        return;
    };
    let bits = |isa| {
        let (features, gradients) = step(isa, Precision::Bfloat16, 3);
        let all = features.into_iter().chain(gradients.into_iter().flatten());
        all.map(f32::to_bits).collect::<Vec<_>>()
    };
    assert!(bits(without) == bits(with));
}

#[test]
fn evaluation_mode_is_near_f32() {
    let side = 20;
    let features = |isa, precision| {
        let spec = spec(precision);
        let parameters = parameters(&spec);
        let parameters: Vec<&[f32]> = parameters.iter().map(Vec::as_slice).collect();
        let pixels = values(2 * side * side, 7);
        let batch = Batch {
            data: &pixels,
            images: 2,
            height: side,
            width: side,
        };
        let norms: Vec<_> = spec
            .norms()
            .iter()
            .map(|c| (vec![0.1; *c], vec![0.7; *c]))
            .collect();
        let running: Vec<_> = norms.iter().map(|(m, v)| (&m[..], &v[..])).collect();
        let (features, _) =
            forward_eval(&Workspace::new(isa), &spec, batch, &parameters, &running).unwrap();
        features.to_vec()
    };
    let want = features(Isa::FALLBACK, Precision::Float32);
    for isa in Isa::available() {
        let e = distance(&features(isa, Precision::Bfloat16), &want);
        assert!((1e-3..0.04).contains(&e), "{}: {e}", isa.name());
    }
}
