//! What of the reference figures of the five levels needs no network: made with PyTorch in
//! float32, see `level2.npz` for the maps themselves.

// The digits as PyTorch gave them.
#![allow(clippy::excessive_precision)]

use mitsume::{ConfusionMatrix, normalise};

/// Labels and predictions of 24 images, one digit each, and kappa, of levels 1 to 5.
const LEVELS: [(&str, &str, f64); 5] = [
    (
        "323212003203302030201200",
        "223202002203202020200200",
        0.6288659793814433,
    ),
    (
        "311112003201302030201100",
        "211102002201202020200100",
        0.648780487804878,
    ),
    (
        "102023111012110111312011",
        "002013110012010101311011",
        0.6170212765957447,
    ),
    (
        "321222113212312131212211",
        "221212112212212121211211",
        0.5714285714285715,
    ),
    (
        "011113000301003000301100",
        "311103003301303030300100",
        0.6065573770491803,
    ),
];

#[test]
fn kappa_and_accuracy_of_the_five_levels() {
    for (labels, predictions, kappa) in LEVELS {
        let mut matrix = ConfusionMatrix::new(4);
        for (label, prediction) in labels.bytes().zip(predictions.bytes()) {
            matrix
                .add((label - b'0').into(), (prediction - b'0').into())
                .unwrap();
        }
        assert_eq!(matrix.accuracy(), 0.75);
        // The last bit: they divide twice in float64, we once.
        assert!(
            (matrix.kappa() - kappa).abs() < 1e-15,
            "{} {kappa}",
            matrix.kappa()
        );
    }
}

#[test]
fn a_raw_map_of_level_2_is_normalised_to_its_cam() {
    // Part of the first image's raw map and CAM: its minimum 0 and its maximum are in it.
    let mut map = [
        0.0,
        0.00287031662,
        0.00620652409,
        0.00892227888,
        0.0115916943,
        0.0281769261_f32,
    ];
    let cam = [
        0.0,
        0.101867594,
        0.220269665,
        0.316651851,
        0.41138947,
        0.999999642_f32,
    ];
    normalise(&mut map);
    for (value, expected) in map.iter().zip(cam) {
        // Both in float32; nine printed digits of the raw map identify it.
        assert!((value - expected).abs() <= 6e-8, "{value} {expected}");
    }
}
