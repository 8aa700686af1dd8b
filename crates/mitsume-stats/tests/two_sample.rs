//! Two-sample tests compared with SciPy (`scripts/reference/two_samples.py`) and with counting.

use std::collections::BTreeMap;

use mitsume_stats::two_sample::{
    Draws, compare_samples, detectable_effect, energy, energy_p, kolmogorov_smirnov_p,
    mean_difference_p, permutation_power, smallest_p, splits, welch_interval,
};
use serde::Deserialize;

const DRAWS: Draws = Draws {
    count: 2_000,
    seed: 0,
};

#[derive(Deserialize)]
struct Reference {
    samples: BTreeMap<String, Samples>,
    curves: Curves,
    powers: Vec<Power>,
}

#[derive(Deserialize)]
struct Samples {
    first: Vec<f64>,
    second: Vec<f64>,
    mean_difference: f64,
    low: f64,
    high: f64,
    mean_p: f64,
    ks: f64,
    ks_p: f64,
    ks_p_of_ks_2samp: Option<f64>,
    energy: f64,
}

#[derive(Deserialize)]
struct Curves {
    first: Vec<Vec<f64>>,
    second: Vec<Vec<f64>>,
    energy: f64,
    p: f64,
}

#[derive(Deserialize)]
struct Power {
    sizes: [usize; 2],
    effect: f64,
    power: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("fixtures/two-samples.json")).unwrap()
}

/// SciPy's figures are float64 too; the inverse of Student's t is found by iteration.
fn close(value: f64, expected: f64, what: &str) {
    let allowed = 1e-10 * expected.abs().max(1e-3);
    assert!(
        (value - expected).abs() <= allowed,
        "{what}: {value} {expected}"
    );
}

#[test]
fn means_and_distributions_are_compared_as_by_scipy() {
    let reference = reference();
    assert_eq!(reference.samples.len(), 4);
    for (name, expected) in reference.samples {
        let found = compare_samples(&expected.first, &expected.second, 0.95, DRAWS).unwrap();
        close(found.mean_difference, expected.mean_difference, &name);
        let interval = found.interval.unwrap();
        close(interval.low, expected.low, &name);
        close(interval.high, expected.high, &name);
        close(found.mean_p, expected.mean_p, &name);
        close(found.kolmogorov_smirnov, expected.ks, &name);
        close(found.kolmogorov_smirnov_p, expected.ks_p, &name);
        if let Some(p) = expected.ks_p_of_ks_2samp {
            close(found.kolmogorov_smirnov_p, p, &name);
        }
        let curves = |values: &[f64]| values.iter().map(|v| vec![*v]).collect::<Vec<_>>();
        let found = energy(&curves(&expected.first), &curves(&expected.second)).unwrap();
        close(found, expected.energy, &name);
    }
}

#[test]
fn curves_are_compared_by_their_energy_distance() {
    let curves = reference().curves;
    let found = energy(&curves.first, &curves.second).unwrap();
    close(found, curves.energy, "energy");
    let p = energy_p(&curves.first, &curves.second, DRAWS).unwrap();
    close(p, curves.p, "p");
    let uneven = [vec![0.0], vec![1.0, 2.0]];
    assert_eq!(energy_p(&uneven[..1], &uneven[1..], DRAWS), None);
    assert_eq!(energy(&[], &uneven[..1]), None);
}

#[test]
fn equal_samples_do_not_differ_and_empty_ones_are_not_compared() {
    let same = [0.0; 5];
    let found = compare_samples(&same, &same, 0.95, DRAWS).unwrap();
    assert_eq!((found.mean_p, found.kolmogorov_smirnov_p), (1.0, 1.0));
    assert_eq!((found.mean_difference, found.interval), (0.0, None));
    assert_eq!(compare_samples(&[], &same, 0.95, DRAWS), None);
    assert_eq!(kolmogorov_smirnov_p(&same, &[], DRAWS), None);
    assert_eq!(welch_interval(&[1.0], &same, 0.95), None);
}

#[test]
fn many_splits_are_drawn_at_random_and_agree_with_all() {
    // 184,756 splits of two samples of ten; Student's t of these is 1.499, p 0.151.
    let first: Vec<f64> = (0..10).map(|i| f64::from(i * 7 % 10)).collect();
    let second: Vec<f64> = first.iter().map(|value| value + 2.03).collect();
    let draws = Draws {
        count: 20_000,
        seed: 3,
    };
    let p = mean_difference_p(&first, &second, draws).unwrap();
    assert_eq!(mean_difference_p(&first, &second, draws), Some(p));
    // The standard error of the share is 0.0025; the test itself differs by less than 0.01.
    assert!((p - 0.151).abs() < 0.02, "{p}");
}

#[test]
fn splits_are_binomial_coefficients_and_bound_the_p_value() {
    assert_eq!(splits([6, 6]), 924.0);
    assert_eq!(splits([5, 6]), 462.0);
    assert_eq!(splits([0, 4]), 1.0);
    assert_eq!(smallest_p([6, 6]), 2.0 / 924.0);
    assert_eq!(smallest_p([6, 5]), 1.0 / 462.0);
    assert_eq!(smallest_p([1, 1]), 1.0);
    // No other split's means are as far apart.
    let p = mean_difference_p(&[50.0, 70.0], &[1.0, 5.0, 6.0], DRAWS);
    assert_eq!(p, Some(smallest_p([2, 3])));
}

#[test]
fn the_power_is_that_of_students_test_for_normal_samples() {
    let draws = Draws {
        count: 4_000,
        seed: 1,
    };
    for expected in reference().powers {
        let power = permutation_power(expected.sizes, expected.effect, 0.05, draws);
        // Standard error 0.008 at most; the permutation test's level is a little below 0.05, as
        // its p-values are whole multiples of one over the number of splits.
        assert!(
            (power - expected.power).abs() < 0.035,
            "{power} {}",
            expected.power
        );
    }
    // Student's test of two samples of six finds 1.795 standard deviations with power 0.8.
    let effect = detectable_effect([6, 6], 0.8, 0.05, draws).unwrap();
    assert!((effect - 1.795).abs() < 0.08, "{effect}");
    assert_eq!(detectable_effect([3, 3], 0.8, 0.05, DRAWS), None);
}
