//! Agreement of quantities over runs: Kendall's tau-b compared with SciPy
//! (`scripts/reference/agreement.py`) and with closed forms.

use mitsume_random::RandomStream;
use mitsume_stats::agreement::{Agreement, AgreementOptions, NoAgreement, Stratum, agreements};
use serde::Deserialize;

const OPTIONS: AgreementOptions = AgreementOptions {
    confidence: 0.95,
    resamples: 1000,
    seed: 0,
};

#[derive(Deserialize)]
struct Case {
    strata: Vec<Vec<[f64; 2]>>,
    tau: f64,
    kendalltau: Option<f64>,
}

fn strata(values: &[Vec<[f64; 2]>]) -> Vec<Stratum> {
    let stratum = |runs: &Vec<[f64; 2]>| runs.iter().map(|run| run.map(Some).to_vec()).collect();
    values.iter().map(stratum).collect()
}

fn one(strata: &[Stratum]) -> Agreement {
    agreements(strata, &[(0, 1)], OPTIONS)[0]
}

#[test]
fn tau_is_that_of_scipy_and_over_strata_that_of_the_definition() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/agreement.json")).unwrap();
    assert!(
        cases
            .iter()
            .filter(|case| case.kendalltau.is_some())
            .count()
            >= 2
    );
    for case in cases {
        let found = one(&strata(&case.strata));
        let expected = case.kendalltau.unwrap_or(case.tau);
        // Both divide whole numbers; only the order of the square roots differs.
        assert!((found.tau.unwrap() - expected).abs() < 1e-14);
        let interval = found.interval.unwrap();
        assert!(interval.low <= expected && expected <= interval.high);
    }
}

/// What differs between strata alone is no agreement: x and y both rise from stratum to stratum, and
/// within each y falls as x rises.
#[test]
fn a_shift_of_a_whole_stratum_is_not_taken_for_agreement() {
    let shifted: Vec<Vec<[f64; 2]>> = (0..4)
        .map(|stratum| {
            let base = 100.0 * f64::from(stratum);
            (0..4)
                .map(|run| [base + f64::from(run), base - f64::from(run)])
                .collect()
        })
        .collect();
    let found = one(&strata(&shifted));
    assert_eq!((found.tau, found.runs, found.pairs), (Some(-1.0), 16, 24));
    let pooled: Vec<[f64; 2]> = shifted.concat();
    assert!(one(&strata(&[pooled])).tau.unwrap() > 0.5);
}

#[test]
fn too_few_runs_constant_values_and_missing_ones_are_said() {
    let few = strata(&[
        vec![[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]],
        vec![[0.0, 5.0]],
    ]);
    let found = one(&few);
    // The run that is alone in its stratum is compared with none.
    assert_eq!(
        (found.reason, found.runs),
        (Some(NoAgreement::TooFewRuns), 4)
    );
    assert_eq!((found.tau, found.interval), (None, None));
    let constant = strata(&[(0..8).map(|run| [f64::from(run), 0.0]).collect()]);
    assert_eq!(one(&constant).reason, Some(NoAgreement::Constant));
    let mut missing = strata(&[(0..8).map(|run| [f64::from(run), f64::from(run)]).collect()]);
    missing[0][0][1] = None;
    missing[0][1][0] = Some(f64::NAN);
    let found = one(&missing);
    assert_eq!((found.tau, found.runs, found.pairs), (Some(1.0), 6, 15));
}

/// Of normal values of correlation r the expectation of tau is 2/pi asin r, and its interval holds
/// it as often as it says, about.
#[test]
fn intervals_hold_the_true_tau_of_normal_values_about_as_often_as_they_say() {
    let r: f64 = 0.6;
    let truth = 2.0 / std::f64::consts::PI * r.asin();
    let mut held = 0;
    let mut sum = 0.0;
    for sample in 0..100 {
        let mut stream = RandomStream::new("normal", &[sample]);
        let mut stratum = |size: usize| -> Vec<[f64; 2]> {
            let run = |_| {
                let (x, other) = stream.normal_pair();
                [x, r * x + (1.0 - r * r).sqrt() * other]
            };
            (0..size).map(run).collect()
        };
        let both = strata(&[stratum(20), stratum(20)]);
        let found = agreements(
            &both,
            &[(0, 1)],
            AgreementOptions {
                resamples: 300,
                ..OPTIONS
            },
        )[0];
        sum += found.tau.unwrap();
        let interval = found.interval.unwrap();
        held += usize::from(interval.low <= truth && truth <= interval.high);
    }
    // A standard deviation of tau of about 0.08 over 100 samples: 0.03 are more than three errors.
    assert!((sum / 100.0 - truth).abs() < 0.03, "{}", sum / 100.0);
    // 95 in expectation; percentile intervals of 40 runs hold a little less.
    assert!((86..=100).contains(&held), "{held}");
}

#[test]
fn the_same_seed_gives_the_same_interval_and_another_seed_another() {
    let values = strata(&[(0..12)
        .map(|run| [f64::from(run), f64::from(run * 7 % 12)])
        .collect()]);
    assert_eq!(one(&values), one(&values));
    let other = agreements(&values, &[(0, 1)], AgreementOptions { seed: 1, ..OPTIONS })[0];
    assert_ne!(one(&values).interval, other.interval);
    assert_eq!(one(&values).tau, other.tau);
    let swapped = agreements(&values, &[(1, 0)], OPTIONS)[0];
    assert_eq!(swapped, one(&values));
}
