//! Compared with the definition, on every instruction set.

use super::*;
use crate::isa::Isa;

fn values(n: usize, phase: f32) -> Vec<f32> {
    (0..n).map(|i| (i as f32 * 1.7 + phase).sin()).collect()
}

/// Gradient of the mean with respect to each pixel, from the definition.
fn gates(f: &Features, n: usize, c: usize) -> Vec<(usize, f64)> {
    let [_, h, w, channels] = f.shape;
    let at = |y: usize, x: usize| f.data[((n * h + y) * w + x) * channels + c];
    match f.pooling {
        HeadPooling::Mean => (0..h * w).map(|p| (p, 1.0)).collect(),
        HeadPooling::ReluMean => {
            let is_active = |p: &usize| at(p / w, p % w) > 0.0;
            (0..h * w).filter(is_active).map(|p| (p, 1.0)).collect()
        }
        HeadPooling::MaxPoolMean => (0..(h / 2) * (w / 2))
            .map(|cell| {
                let (y, x) = (cell / (w / 2) * 2, cell % (w / 2) * 2);
                let corners = [(y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1)];
                let mut best = corners[0];
                for q in corners {
                    if at(q.0, q.1) > at(best.0, best.1) {
                        best = q;
                    }
                }
                (best.0 * w + best.1, 1.0)
            })
            .collect(),
    }
}

#[test]
fn pooled_features_and_gradients_agree_with_the_definition() {
    for isa in Isa::available() {
        let workspace = Workspace::new(isa);
        for shape @ [n, h, w, c] in [[2, 2, 2, 1], [1, 5, 7, 19], [3, 6, 4, 32], [1, 3, 2, 5]] {
            for pooling in [
                HeadPooling::Mean,
                HeadPooling::ReluMean,
                HeadPooling::MaxPoolMean,
            ] {
                let mut data = values(n * h * w * c, 0.3);
                data.iter_mut()
                    .skip(1)
                    .step_by(3)
                    .for_each(|v| *v = v.round()); // Ties.
                let f = Features {
                    data: &data,
                    shape,
                    pooling,
                };
                let (linear_alpha, dm, dr) = (
                    values(n * c, 1.0),
                    values(n * c, 2.0),
                    values(n * h * w, 3.0),
                );
                let s = f.pool_features(&workspace, Some(&linear_alpha)).unwrap();
                let map = MapGradient {
                    linear_alpha: &linear_alpha,
                    pass_fraction: &s.pass_fraction,
                    d_weighted_sum: &dr,
                };
                let (da, db) = f.backward(&workspace, &dm, Some(map)).unwrap();
                let cells = f.pooled_pixels() as f64;
                let (mut weighted_sum, mut want) = (vec![0.0; n * h * w], vec![0.0; data.len()]);
                for (i, k) in (0..n).flat_map(|i| (0..c).map(move |k| (i, k))) {
                    let value = |p: usize| f64::from(data[(i * h * w + p) * c + k]);
                    let gates = gates(&f, i, k);
                    let mean = gates.iter().map(|(p, g)| g * value(*p)).sum::<f64>() / cells;
                    let pass_fraction = gates.len() as f64 / cells;
                    assert!((f64::from(s.pooled[i * c + k]) - mean).abs() < 1e-6);
                    assert!((f64::from(s.pass_fraction[i * c + k]) - pass_fraction).abs() < 1e-6);
                    let mut slope = 0.0;
                    for p in 0..h * w {
                        let alpha = f64::from(linear_alpha[i * c + k]) * pass_fraction;
                        weighted_sum[i * h * w + p] += alpha * value(p);
                        want[(i * h * w + p) * c + k] += alpha * f64::from(dr[i * h * w + p]);
                        slope += pass_fraction * value(p) * f64::from(dr[i * h * w + p]);
                    }
                    for (p, g) in gates {
                        want[(i * h * w + p) * c + k] += g * f64::from(dm[i * c + k]) / cells;
                    }
                    assert!((f64::from(db[i * c + k]) - slope).abs() < 1e-5);
                }
                for (got, want) in s
                    .weighted_sum
                    .iter()
                    .zip(&weighted_sum)
                    .chain(da.iter().zip(&want))
                {
                    assert!(
                        (f64::from(*got) - want).abs() < 1e-5,
                        "{} {shape:?}",
                        isa.name()
                    );
                }
                let plain = f.pool_features(&workspace, None).unwrap();
                assert_eq!((plain.pooled, plain.weighted_sum.len()), (s.pooled, 0));
            }
        }
    }
}

#[test]
fn lengths_that_do_not_fit_are_errors() {
    let workspace = Workspace::new(Isa::FALLBACK);
    let data = [0.0; 8];
    let f = Features {
        data: &data,
        shape: [1, 2, 2, 2],
        pooling: HeadPooling::Mean,
    };
    assert!(f.pool_features(&workspace, Some(&[0.0])).is_err());
    assert!(f.backward(&workspace, &[0.0], None).is_err());
    let f = Features {
        shape: [1, 1, 4, 2],
        pooling: HeadPooling::MaxPoolMean,
        ..f
    };
    assert!(matches!(
        f.pool_features(&workspace, None),
        Err(Error::Size { .. })
    ));
}
