"""Kendall's tau-b by SciPy, as JSON.

    python scripts/reference/agreement.py > crates/mitsume-stats/tests/fixtures/agreement.json

Makes the numbers that `cargo test -p mitsume-stats --test agreement` compares with. The committed ones are of SciPy 1.17.1,
numpy 2.4.6. Over several strata SciPy has no tau; there the definition is counted out, pair by pair.
"""

import itertools
import json
import math

import numpy as np
from scipy import stats

rng = np.random.default_rng(0)


def strata(sizes, ties):
    made = []
    for size in sizes:
        x = rng.normal(size=size) + rng.normal()
        y = 0.5 * x + rng.normal(size=size)
        made.append([[float(a), float(b)] for a, b in zip(x.round(1 if ties else 6), y.round(1 if ties else 6))])
    return made


def stratified(groups):
    concordant = in_x = in_y = 0
    for group in groups:
        for (a, b), (c, d) in itertools.combinations(group, 2):
            concordant += np.sign(a - c) * np.sign(b - d)
            in_x += a != c
            in_y += b != d
    return float(concordant / math.sqrt(in_x * in_y))


cases = []
for sizes, ties in [((12,), False), ((30,), True), ((6, 6, 6), False), ((10, 7, 2, 1), True)]:
    groups = strata(sizes, ties)
    case = {"strata": groups, "tau": stratified(groups)}
    if len(groups) == 1:
        x, y = np.array(groups[0]).T
        case["kendalltau"] = float(stats.kendalltau(x, y).statistic)
        assert abs(case["tau"] - case["kendalltau"]) < 1e-12
    cases.append(case)
print(json.dumps(cases, indent=1))
