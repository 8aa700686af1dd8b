//! Mean generalizability and relative consistency of three models against their formula in numpy, with
//! the distances of scipy.

use mitsume::stability::{RankedMap, Stability};

/// Pattern of model k's map of image n, 5x4.
fn map(k: u32, n: u32) -> Vec<f32> {
    let value = |i: u32| ((k + 2) * i * i + (n + 3) * i + 7 * n * k) % (13 + n);
    (0..20).map(|i| value(i) as f32).collect()
}

fn is_right(k: u32, n: u32) -> bool {
    !(n * (k + 2) + n / 3).is_multiple_of(4)
}

/// `np.sqrt(1 - abs(spearmanr(a, b)[0]))` of every pair of models and image, and both measures as
/// Xplique's `MeGe` computes them, with every distance as a threshold.
#[test]
fn three_models_have_the_figures_of_numpy() {
    let mut found = Stability::default();
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        for image in 0..10 {
            let maps = [a, b].map(|model| RankedMap::new(&map(model, image)));
            let distance = maps[0].distance(&maps[1]).unwrap();
            if (a, b, image) == (0, 1, 1) {
                assert!((distance - 0.9792118860632357).abs() < 1e-14, "{distance}");
            }
            found.push(distance, [a, b].map(|model| is_right(model, image)));
        }
    }
    assert_eq!((found.same(), found.different()), (16, 10));
    assert!((found.mege().unwrap() - 0.5251423442534674).abs() < 1e-14);
    // Numpy's divides by counts + 1e-10.
    assert!((found.reco().unwrap() - 0.09999999999233333).abs() < 1e-9);
}
