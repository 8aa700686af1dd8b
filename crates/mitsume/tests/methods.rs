//! The maps of pytorch-grad-cam, for feature maps and gradients given by a formula
//! (`scripts/reference/methods.py` makes the figures).

use std::collections::BTreeMap;

use mitsume::methods::{ActivationsAndGradients, MapInputs, Method};

const CHANNELS: usize = 6;
const SHAPE: [usize; 2] = [5, 4];

fn values([a, b, c]: [usize; 3], modulus: usize, shift: f64) -> Vec<f32> {
    let pixels = SHAPE[0] * SHAPE[1];
    let at = |i: usize| {
        let (k, y, x) = (i / pixels, i % pixels / SHAPE[1], i % SHAPE[1]);
        let value = (a * k + b * y + c * x + k * y + y * x) % modulus;
        (value as f64 / modulus as f64 - shift) as f32
    };
    (0..CHANNELS * pixels).map(at).collect()
}

#[test]
fn maps_are_those_of_pytorch_grad_cam() {
    let features = values([7, 3, 5], 23, 0.2);
    let mut gradients = values([5, 11, 2], 19, 0.43);
    let pixels = SHAPE[0] * SHAPE[1];
    gradients[2 * pixels + SHAPE[1]..][..SHAPE[1]].fill(0.0);
    let hooked = ActivationsAndGradients::new(&features, &gradients, CHANNELS, SHAPE).unwrap();
    let text = include_str!("fixtures/methods.json");
    let published: BTreeMap<String, Vec<f64>> = serde_json::from_str(text).unwrap();
    let inputs = MapInputs {
        hooked,
        score: 0.0,
        channel_scores: &[],
        seed: 0,
    };
    assert_eq!(published.len(), 8);
    for name in published.keys() {
        let method: Method = name.parse().unwrap();
        let expected = &published[name];
        let map = (method.descriptor().map)(&inputs);
        assert!(
            map.iter().any(|value| *value > 0.0),
            "{name}: says something"
        );
        let scale = expected.iter().copied().fold(0.0, f64::max);
        let signless = name.starts_with("eigen");
        for (value, expected) in map.iter().zip(expected) {
            // Theirs are float32. An eigenvector's sign is open there: ours keeps one half.
            let close = (f64::from(*value) - expected).abs() < 1e-5 * scale;
            assert!(
                close || (signless && *value == 0.0),
                "{name}: {value} {expected}"
            );
        }
    }
}
