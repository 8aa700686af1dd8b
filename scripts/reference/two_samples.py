"""Two-sample tests by SciPy, as JSON.

    python scripts/reference/two_samples.py > crates/mitsume-stats/tests/fixtures/two-samples.json

Makes the numbers that `cargo test -p mitsume-stats --test two_sample` compares with. The committed ones are of SciPy 1.17.1,
numpy 2.4.6. Permutation tests count all splits. The power is that of Student's test for normal samples, by the noncentral t
distribution; a permutation test of means has nearly the same.
"""

import json

import numpy as np
from scipy import stats
from scipy.spatial.distance import cdist

SAMPLES = {
    "equal-sizes": ([0.81, 0.70, 0.69, 0.74, 0.78, 0.66], [0.60, 0.746, 0.683, 0.788, 0.71, 0.67]),
    "unequal-sizes": ([1.73, 1.93, 1.82, 1.70, 1.88], [1.68, 1.81, 1.59, 1.62, 1.64, 1.66]),
    "apart": ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0]),
    "ties": ([0.0, 0.0, 0.0, 0.0, 0.027, 0.0], [-0.034, -0.033, -0.046, 0.065, 0.028, -0.033]),
}
CURVES = (
    [[0.1, 0.4, 0.5], [0.2, 0.3, 0.5], [0.0, 0.45, 0.55], [0.15, 0.35, 0.6]],
    [[0.3, 0.4, 0.45], [0.25, 0.5, 0.7], [0.35, 0.3, 0.6], [0.1, 0.6, 0.65], [0.4, 0.2, 0.5]],
)
POWERS = [((6, 6), 1.0), ((6, 6), 2.0), ((5, 6), 1.5), ((6, 4), 2.5)]


def largest_distance(a, b):
    at = np.concatenate([a, b])
    below = [np.searchsorted(np.sort(sample), at, side="right") / len(sample) for sample in (a, b)]
    return np.abs(below[0] - below[1]).max()


def split_test(a, b, statistic):
    """The share of all splits whose statistic is at least the observed one, to a tolerance for rounding."""
    result = stats.permutation_test((a, b), statistic, permutation_type="independent", vectorized=False,
                                    alternative="greater", n_resamples=np.inf)
    return result.statistic, float(np.mean(result.null_distribution >= result.statistic - 1e-12))


def energy(a, b):
    a, b = np.atleast_2d(a), np.atleast_2d(b)
    return 2 * cdist(a, b).mean() - cdist(a, a).mean() - cdist(b, b).mean()


def curve_test(a, b):
    curves = np.array(a + b)
    statistic = lambda x, y: energy(curves[x.astype(int)], curves[y.astype(int)])
    return split_test(np.arange(len(a)), np.arange(len(a), len(curves)), statistic)


def power(sizes, effect, alpha=0.05):
    freedom = sum(sizes) - 2
    t = stats.t.ppf(1 - alpha / 2, freedom)
    shift = effect * np.sqrt(sizes[0] * sizes[1] / sum(sizes))
    return stats.nct.sf(t, freedom, shift) + stats.nct.cdf(-t, freedom, shift)


def sample_numbers(a, b):
    interval = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    distance, distance_p = split_test(a, b, largest_distance)
    tied = len(set(a + b)) < len(a + b)
    return {
        "first": a, "second": b,
        "mean_difference": np.mean(a) - np.mean(b), "low": interval.low, "high": interval.high,
        "mean_p": split_test(a, b, lambda x, y: abs(np.mean(x) - np.mean(y)))[1],
        "ks": distance, "ks_p": distance_p,
        # SciPy's own exact p-value, which assumes that there are no ties.
        "ks_p_of_ks_2samp": None if tied else stats.ks_2samp(a, b, method="exact").pvalue,
        "energy": stats.energy_distance(a, b) ** 2,
    }


statistic, p = curve_test(*CURVES)
print(json.dumps({
    "samples": {name: sample_numbers(*both) for name, both in SAMPLES.items()},
    "curves": {"first": CURVES[0], "second": CURVES[1], "energy": statistic, "p": p},
    "powers": [{"sizes": sizes, "effect": effect, "power": power(sizes, effect)} for sizes, effect in POWERS],
}, indent=1))
