//! Every statistic compared with SciPy or a closed form.

use mitsume_stats::autocorrelation::{effective_epochs, effective_p, lag_1_autocorrelation};
use mitsume_stats::bootstrap::{bootstrap_interval, percentile_interval};
use mitsume_stats::correlation::{pearson, ranks, spearman};
use mitsume_stats::fisher::{fisher_mean, fisher_z};
use mitsume_stats::holm::holm;
use mitsume_stats::interval;
use mitsume_stats::interval::{Interval, standard_deviation, student_interval, two_sided_p};
use mitsume_stats::mcnemar::{mcnemar, mcnemar_p};
use mitsume_stats::paired::{hedges_correction, paired_comparison};
use mitsume_stats::permutation::{shuffle_p, sign_flip_p};
use mitsume_stats::resampling::Strata;

/// SciPy's figures are float64 too; the inverse of Student's t is found by iteration.
fn close(value: Option<f64>, expected: f64) {
    within(value, expected, 1e-10);
}

fn within(value: Option<f64>, expected: f64, relative: f64) {
    let value = value.expect("a value");
    assert!(
        (value - expected).abs() <= relative * expected.abs(),
        "{value} {expected}"
    );
}

const X: [f64; 8] = [1.1, 2.5, 2.5, 3.9, 4.0, 7.2, 6.1, 8.8];
const Y: [f64; 8] = [2.0, 1.0, 4.0, 4.0, 3.0, 8.5, 9.0, 7.0];

#[test]
fn pearson_and_spearman_with_ties() {
    close(pearson(&X, &Y), 0.8371729528557073);
    close(spearman(&X, &Y), 0.7650602409638554);
    assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]), [4.0, 1.0, 4.0, 2.0, 4.0]);
}

#[test]
fn a_straight_line_correlates_fully_and_a_constant_not_at_all() {
    let up: Vec<f64> = X.iter().map(|x| 3.0 * x - 1.0).collect();
    within(pearson(&X, &up), 1.0, 1e-15);
    within(spearman(&X, &up), 1.0, 1e-15);
    assert_eq!(pearson(&X, &[0.1; 8]), None);
    assert_eq!(spearman(&[0.3; 8], &Y), None);
    assert_eq!(pearson(&[1.0], &[2.0]), None);
    assert_eq!(pearson(&X, &Y[..7]), None);
    assert_eq!(pearson(&[], &[]), None);
}

#[test]
fn students_intervals_and_p_values() {
    let values = [0.91, 0.935, 0.90, 0.948, 0.926];
    close(interval::mean(&values), 0.9238);
    close(standard_deviation(&values), 0.019188538245525615);
    for (confidence, low, high) in [
        (0.95, 0.8999742828823748, 0.9476257171176251),
        (0.99, 0.8842905345392452, 0.9633094654607547),
    ] {
        let interval = student_interval(&values, confidence).unwrap();
        close(Some(interval.low), low);
        close(Some(interval.high), high);
    }
    for (freedom, p) in [
        (1.0, 0.282926056243018),
        (2.0, 0.1705498691899675),
        (3.7, 0.10926470508222474),
        (17.5, 0.05051242850085435),
        (98.0, 0.0382969726959039),
    ] {
        close(two_sided_p(2.1, freedom), p);
        close(two_sided_p(-2.1, freedom), p);
    }
    assert_eq!(two_sided_p(0.0, 3.0), Some(1.0));
    assert_eq!(two_sided_p(1.0, 0.0), None);
    assert_eq!(
        (student_interval(&[1.0], 0.95), standard_deviation(&[1.0])),
        (None, None)
    );
}

/// Pearson r of the five published Brain runs of level 1.
const RS: [f64; 5] = [
    0.9556707054204593,
    0.7084748234607386,
    0.6377207267569901,
    0.9082169006127381,
    0.8272620615126839,
];

#[test]
fn fishers_mean_of_runs() {
    let mean = fisher_mean(&RS, 0.95).unwrap();
    close(Some(mean.r), 0.8470738099340778);
    let interval = mean.interval.unwrap();
    close(Some(interval.low), 0.582785242305582);
    close(Some(interval.high), 0.9493081585541959);
    let single = fisher_mean(&[0.5], 0.95).unwrap();
    within(Some(single.r), 0.5, 1e-15);
    assert_eq!(single.interval, None);
    assert_eq!(fisher_mean(&[0.2, 1.0], 0.95), None);
    assert_eq!(fisher_mean(&[], 0.95), None);
}

#[test]
fn the_bootstrap_interval_is_scipys_but_for_the_draws() {
    let interval = bootstrap_interval(&RS, 0.95, 100_000, 7).unwrap();
    // SciPy with 1,000,000 resamples; the quantiles' own error at 100,000 is about 0.001.
    assert!((interval.low - 0.70393).abs() < 0.003, "{interval:?}");
    assert!((interval.high - 0.91101).abs() < 0.003, "{interval:?}");
    assert_eq!(bootstrap_interval(&RS, 0.95, 100_000, 7), Some(interval));
    assert_eq!(bootstrap_interval(&[0.5], 0.95, 100, 7), None);
    assert_eq!(bootstrap_interval(&RS, 0.95, 0, 7), None);
    let flat = bootstrap_interval(&[0.25; 4], 0.95, 100, 7);
    assert_eq!(
        flat,
        Some(Interval {
            low: 0.25,
            high: 0.25
        })
    );
}

#[test]
fn paired_differences() {
    let differences = [0.02, 0.035, -0.01, 0.04, 0.015, 0.022];
    let result = paired_comparison(&differences, 0.95, 1_000, 0).unwrap();
    assert_eq!(result.pairs, 6);
    close(Some(result.mean_difference), 0.02033333333333333);
    close(result.p, 0.036857555771936105);
    close(result.d_z, 1.1536159485701565);
    close(result.hedges_g, 0.9699010888248437);
    close(
        result.interval.map(|interval| interval.low),
        0.0018362549041273692,
    );
    close(
        result.interval.map(|interval| interval.high),
        0.03883041176253929,
    );
    assert_eq!(result.sign_flip_p, Some(0.0625));
}

#[test]
fn hedges_correction_against_the_gamma_function() {
    for (freedom, expected) in [
        (2.0, 0.5641895835477564),
        (3.0, 0.7236012545582676),
        (10.0, 0.922745608053087),
    ] {
        close(Some(hedges_correction(freedom)), expected);
    }
    assert_eq!(hedges_correction(1.0), 0.0);
}

#[test]
fn a_single_pair_or_equal_differences_have_a_mean_and_no_test() {
    let single = paired_comparison(&[0.1], 0.95, 100, 0).unwrap();
    assert_eq!((single.pairs, single.mean_difference), (1, 0.1));
    assert_eq!((single.interval, single.d_z, single.p), (None, None, None));
    assert_eq!(single.sign_flip_p, Some(1.0));
    let equal = paired_comparison(&[0.1; 3], 0.95, 100, 0).unwrap();
    assert_eq!((equal.d_z, equal.hedges_g, equal.p), (None, None, None));
    assert_eq!(paired_comparison(&[], 0.95, 100, 0), None);
}

#[test]
fn sign_flips_are_counted_exactly() {
    // All of one sign: only the pattern seen and its mirror are as extreme.
    assert_eq!(
        sign_flip_p(&[0.1, 0.2, 0.3, 0.4, 0.5], 0, 0),
        Some(2.0 / 32.0)
    );
    assert_eq!(sign_flip_p(&[1.0, -1.0], 0, 0), Some(1.0));
    // 3, 1: sums 4 4 2 2; seen 2.
    assert_eq!(sign_flip_p(&[3.0, -1.0], 0, 0), Some(1.0));
    assert_eq!(sign_flip_p(&[3.0, 1.0], 0, 0), Some(0.5));
    assert_eq!(sign_flip_p(&[], 0, 0), None);
}

#[test]
fn random_sign_flips_agree_with_students_test() {
    let values: Vec<f64> = (0..40).map(|i| f64::from(i % 7) - 2.4).collect();
    let p = sign_flip_p(&values, 20_000, 3).unwrap();
    assert_eq!(sign_flip_p(&values, 20_000, 3), Some(p));
    let t = interval::mean(&values).unwrap() / standard_deviation(&values).unwrap() * 40_f64.sqrt();
    assert!((p - two_sided_p(t, 39.0).unwrap()).abs() < 0.02, "{p}");
}

#[test]
fn shuffling_agrees_with_all_permutations() {
    let xs = [0.2, 0.5, 0.6, 0.55, 0.7, 0.1, 0.3];
    let ys = [9.0, 7.0, 8.0, 8.4, 8.1, 8.8, 6.5];
    // 0.590 of the 5,040 orders have an |r| of at least 0.240.
    let p = shuffle_p(&[(&xs, &ys)], 40_000, 1).unwrap();
    assert!((p - 0.5900793650793651).abs() < 0.01, "{p}");
    let twice = shuffle_p(&[(&X, &Y), (&X, &Y)], 9_999, 1).unwrap();
    assert!(twice < 0.001, "{twice}");
    assert_eq!(shuffle_p(&[(&[1.0, 1.0], &[1.0, 2.0])], 10, 1), None);
}

#[test]
fn autocorrelation_reduces_the_effective_epochs() {
    let kappa = [0.2, 0.5, 0.6, 0.55, 0.7, 0.8, 0.78, 0.82, 0.85, 0.83];
    let consistency = [9.0, 8.0, 8.5, 7.0, 6.5, 6.0, 6.2, 5.0, 5.5, 5.2];
    close(lag_1_autocorrelation(&kappa), 0.4979578375240759);
    close(lag_1_autocorrelation(&consistency), 0.6214782953194861);
    close(effective_epochs(&kappa, &consistency), 5.273355008665466);
    close(effective_p(&kappa, &consistency), 0.02901410337494247);
    // Negative autocorrelation would give more effective epochs than epochs.
    let alternating = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0];
    assert_eq!(
        effective_epochs(&alternating, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        Some(6.0)
    );
    assert_eq!(lag_1_autocorrelation(&[0.3; 5]), None);
    assert_eq!(effective_p(&[0.3; 5], &[1.0, 2.0, 3.0, 4.0, 5.0]), None);
}

#[test]
fn holm_multiplies_by_the_tests_that_are_left() {
    let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
    let expected = [0.03, 0.06, 0.06, 0.02];
    for (p, expected) in adjusted.iter().zip(expected) {
        close(Some(*p), expected);
    }
    assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    assert_eq!(holm(&[]), []);
}

#[test]
fn a_perfect_correlation_has_no_z() {
    assert_eq!(fisher_z(&[-1.0]), None);
    assert_eq!(fisher_z(&[0.0]), Some(vec![0.0]));
}

/// `statsmodels.stats.contingency_tables.mcnemar(exact=True)`, and `scipy.stats.binomtest`.
#[test]
fn mcnemars_test_is_the_exact_binomial_one() {
    for (first_only, second_only, p) in [
        (3, 12, 0.03515625),
        (25, 9, 0.00904118549078703),
        (121, 59, 4.4344492637551645e-06),
        (700, 640, 0.10697992524490962),
    ] {
        // The incomplete beta function of a thousand images is right to 1e-9.
        within(Some(mcnemar_p(first_only, second_only)), p, 1e-9);
        within(Some(mcnemar_p(second_only, first_only)), p, 1e-9);
    }
    within(Some(mcnemar_p(1, 0)), 1.0, 1e-12);
    for images in [0, 5, 5_000] {
        assert_eq!(mcnemar_p(images, images), 1.0);
    }
}

#[test]
fn mcnemars_table_counts_each_image_once() {
    let first = [true, true, true, false, false, true];
    let second = [true, false, false, true, false, true];
    let found = mcnemar(&first, &second);
    assert_eq!(
        (
            found.both,
            found.first_only,
            found.second_only,
            found.neither
        ),
        (2, 2, 1, 1)
    );
    within(Some(found.p), 1.0, 1e-12);
    assert_eq!(mcnemar(&[], &[]).p, 1.0);
}

#[test]
fn percentiles_interpolate_as_numpys_do() {
    // numpy.quantile([5, 1, 2, 8, 3], [0.025, 0.975])
    let interval = percentile_interval(&mut [5.0, 1.0, 2.0, 8.0, 3.0], 0.95).unwrap();
    close(Some(interval.low), 1.1);
    close(Some(interval.high), 7.7);
    assert_eq!(percentile_interval(&mut [], 0.95), None);
}

#[test]
fn a_resample_keeps_the_size_of_every_stratum_and_depends_on_its_number_alone() {
    let labels = [4, 0, 4, 4, 2, 0];
    let (whole, by_label) = (Strata::whole(6), Strata::by_label(&labels));
    let mut sizes_of_0 = std::collections::BTreeSet::new();
    for resample in 0..200 {
        let drawn = by_label.draw(1, resample);
        for (label, size) in [(0, 2), (2, 1), (4, 3)] {
            let times = labels.iter().zip(&drawn).filter(|(of, _)| **of == label);
            assert_eq!(times.map(|(_, times)| times).sum::<u32>(), size);
        }
        assert_eq!(drawn, by_label.draw(1, resample));
        let plain = whole.draw(1, resample);
        assert_eq!(plain.iter().sum::<u32>(), 6);
        sizes_of_0.insert(plain[1] + plain[5]);
    }
    assert!(sizes_of_0.len() > 3, "{sizes_of_0:?}");
    assert_ne!(whole.draw(1, 0), whole.draw(1, 1));
    assert_ne!(whole.draw(1, 0), whole.draw(2, 0));
    assert!(Strata::whole(0).draw(1, 0).is_empty());
}

/// The variance of how often an item is drawn is that of the multinomial distribution, 1 - 1 / n.
#[test]
fn how_often_an_item_is_drawn_has_the_moments_of_the_multinomial() {
    const RESAMPLES: u64 = 20_000;
    let strata = Strata::whole(5);
    let draws = (0..RESAMPLES).map(|resample| f64::from(strata.draw(7, resample)[2]));
    let draws: Vec<f64> = draws.collect();
    let mean = draws.iter().sum::<f64>() / RESAMPLES as f64;
    let variance = draws.iter().map(|x| (x - 1.0).powi(2)).sum::<f64>() / RESAMPLES as f64;
    // Four standard errors: sqrt(0.8 / 20,000), and about sqrt(1.9 / 20,000) of the squares.
    assert!((mean - 1.0).abs() < 0.026, "{mean}");
    assert!((variance - 0.8).abs() < 0.04, "{variance}");
}

#[test]
fn clusters_are_drawn_whole_and_those_of_most_of_a_label_together() {
    // Cluster 7 has items of both labels, more of 1; cluster 3 as many of both, and counts as 0.
    let clusters = [7, 3, 7, 3, 7, 5, 2, 2];
    let labels = [1, 0, 0, 1, 1, 1, 0, 0];
    let strata = Strata::clusters_by_label(&clusters, &labels);
    assert_eq!((strata.of_one_cluster(), strata.is_fixed()), (0, false));
    let mut seen = std::collections::BTreeSet::new();
    for resample in 0..200 {
        let drawn = strata.draw(1, resample);
        let of = |cluster: usize| {
            let times = clusters
                .iter()
                .zip(&drawn)
                .filter(|(of, _)| **of == cluster);
            let times: Vec<u32> = times.map(|(_, times)| *times).collect();
            assert!(times.iter().all(|one| *one == times[0]), "{drawn:?}");
            times[0]
        };
        assert_eq!((of(7) + of(5), of(3) + of(2)), (2, 2));
        seen.insert((of(7), of(3)));
        assert_eq!(drawn, strata.draw(1, resample));
    }
    assert_eq!(seen.len(), 9, "every pair of 0, 1 and 2");
    let alone = Strata::clusters_by_label(&[4, 4, 1], &[0, 0, 1]);
    assert_eq!((alone.of_one_cluster(), alone.is_fixed()), (2, true));
    assert_eq!(alone.draw(1, 0), [1, 1, 1]);
    assert!(Strata::whole(0).is_fixed());
    // An item each is the bootstrap of items, draw for draw.
    let each: Vec<usize> = (0..8).collect();
    assert_eq!(
        Strata::clusters_by_label(&each, &labels),
        Strata::by_label(&labels)
    );
    assert_eq!(Strata::whole_of_clusters(&each), Strata::whole(8));
}

/// Of G clusters of one size with means m_g the mean of a resample has the variance
/// sum (m_g - m)^2 / G^2, however alike the items of a cluster are.
#[test]
fn the_mean_of_resampled_clusters_varies_as_the_means_of_the_clusters_do() {
    const RESAMPLES: u64 = 20_000;
    let means = [1.0, 4.0, -2.0, 0.5, 7.0, 3.0];
    let clusters: Vec<usize> = (0..24).map(|item| item / 4).collect();
    let value = |item: usize| means[item / 4] + [0.25, -0.25, 0.5, -0.5][item % 4];
    let strata = Strata::whole_of_clusters(&clusters);
    let mean = |resample: u64| {
        let drawn = strata.draw(11, resample);
        let sum: f64 = (0..24)
            .map(|item| f64::from(drawn[item]) * value(item))
            .sum();
        sum / 24.0
    };
    let drawn: Vec<f64> = (0..RESAMPLES).map(mean).collect();
    let centre = means.iter().sum::<f64>() / 6.0;
    let expected = means.iter().map(|m| (m - centre).powi(2)).sum::<f64>() / 36.0;
    let variance = drawn.iter().map(|m| (m - centre).powi(2)).sum::<f64>() / RESAMPLES as f64;
    // Four standard errors of a variance of nearly normal means: sqrt(2 / 20,000).
    assert!(
        (variance / expected - 1.0).abs() < 0.04,
        "{variance} {expected}"
    );
}
