//! Gradients compared with finite differences of the definition in f64.

use super::*;
use crate::isa::Isa;
use crate::test_values::values;

fn definition(x: &[f64], scale: &[f64], shift: &[f64], epsilon: f64) -> Vec<f64> {
    let n = scale.len();
    x.chunks_exact(n)
        .flat_map(|row| {
            let mean = row.iter().sum::<f64>() / n as f64;
            let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
            let by = 1.0 / (variance + epsilon).sqrt();
            let terms = row.iter().zip(scale.iter().zip(shift));
            terms
                .map(|(v, (a, b))| (v - mean) * by * a + b)
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn gradients_are_those_of_the_definition() {
    let wide = |x: &[f32]| -> Vec<f64> { x.iter().map(|v| f64::from(*v)).collect() };
    for isa in Isa::available() {
        for count in [1, 3, 16, 37] {
            let workspace = Workspace::new(isa);
            let x = values(count * 11, 1);
            let (scale, shift, dy) = (values(count, 2), values(count, 3), values(x.len(), 4));
            let norm = LayerNorm {
                scale: &scale,
                epsilon: 1e-2,
            };
            let found = norm.backward(&workspace, &x, &dy).unwrap();
            let loss = |x: &[f64], scale: &[f64], shift: &[f64]| -> f64 {
                let y = definition(x, scale, shift, 1e-2);
                y.iter().zip(&dy).map(|(y, d)| y * f64::from(*d)).sum()
            };
            let all = [wide(&x), wide(&scale), wide(&shift)];
            let gradients = [&found.x[..], &found.scale, &found.shift];
            for (which, gradient) in gradients.into_iter().enumerate() {
                for (at, found) in gradient.iter().enumerate() {
                    let shifted = |by: f64| {
                        let mut all = all.clone();
                        all[which][at] += by;
                        loss(&all[0], &all[1], &all[2])
                    };
                    let expected = (shifted(1e-6) - shifted(-1e-6)) / 2e-6;
                    // Differences are good to 1e-9; f32 sums of 37 terms, divided by deviations of
                    // 0.1 at least.
                    let off = (f64::from(*found) - expected).abs();
                    assert!(
                        off < 3e-5,
                        "{} {which} {at}: {found} {expected}",
                        isa.name()
                    );
                }
            }
        }
    }
}
