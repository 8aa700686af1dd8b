"""Two made models on the same images, and their figures and intervals by NumPy and SciPy, as JSON.

    python scripts/reference/compare.py > crates/mitsume-report/tests/fixtures/compare.json

Makes the numbers that the test `compare` of mitsume-report compares with (NumPy 2, SciPy 1.17). The metric is written
out here from its equations; the intervals are scipy.stats.bootstrap's, with paired samples and percentiles. Those of
patients are of resamples written out in NumPy: patients are drawn with replacement, each with all of its images.
"""

import json

import numpy as np
from scipy.stats import bootstrap

RESAMPLES = 20_000
CLASSES, PER_CLASS, SIDE = 3, 16, 4
random = np.random.default_rng(5)
labels = np.repeat(np.arange(CLASSES), PER_CLASS)


def model(spread, wrong):
    y, x = np.indices((SIDE, SIDE))
    maps = []
    for label in labels:
        cy, cx = 0.8 + 0.9 * label + random.normal(0, spread), 2.0 - 0.5 * label + random.normal(0, spread)
        maps.append(np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 2.0))
    maps = np.round(np.array(maps), 3).astype(np.float32)
    predictions = np.where(random.random(len(labels)) < wrong, (labels + 1) % CLASSES, labels)
    return maps, predictions


models = [model(0.9, 0.3), model(0.5, 0.15)]


def figures(index, maps, predictions):
    truth, predicted = labels[index], predictions[index]
    maps = maps[index].astype(np.float64).reshape(len(index), -1)
    accuracy = np.mean(truth == predicted)
    by_chance = sum(np.mean(truth == k) * np.mean(predicted == k) for k in range(CLASSES))
    kappa = (accuracy - by_chance) / (1 - by_chance)
    squares, lengths, counted, within, classes = [], [], [], 0.0, 0
    for k in range(CLASSES):
        own = maps[(truth == k) & (predicted == k)]
        if len(own) == 0:
            continue
        distances = ((own - own.mean(0)) ** 2).sum(1)
        within += distances.sum()
        classes += 1
        squares += list(distances / maps.shape[1])
        if len(own) > 1:
            lengths += list(np.sqrt(distances) / maps.shape[1])
        counted.append(own)
    counted = np.concatenate(counted)
    total = ((counted - counted.mean(0)) ** 2).sum()
    chance = 1 - (within / (len(counted) - classes)) / (total / (len(counted) - 1))
    return {
        "accuracy": accuracy,
        "kappa": kappa,
        "squared_l2": np.mean(squares),
        "l2": np.mean(lengths),
        "chance_corrected": chance,
    }


everything = np.arange(len(labels))
values = [figures(everything, *one) for one in models]
known = {}


def differences(index):
    """Of all figures; kept, because every bootstrap below draws the same indices."""
    if index.tobytes() not in known:
        first, second = (figures(index, *one) for one in models)
        known[index.tobytes()] = {name: second[name] - first[name] for name in first}
    return known[index.tobytes()]


out = {
    "side": SIDE,
    "labels": labels.tolist(),
    "predictions": [predictions.tolist() for _, predictions in models],
    "maps": [[round(float(v), 3) for v in maps.ravel()] for maps, _ in models],
    "resamples": RESAMPLES,
    "values": [{name: float(value) for name, value in one.items()} for one in values],
    "intervals": {},
    "means": {},
    "pearson": float(np.mean([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(models[0][0], models[1][0])])),
}
for name in values[0]:

    def difference(index, index_again):
        assert np.array_equal(index, index_again)  # paired: the same images for both
        return differences(index)[name]

    found = bootstrap(
        (everything, everything), difference, paired=True, vectorized=False, method="percentile",
        n_resamples=RESAMPLES, confidence_level=0.95, rng=np.random.default_rng(1),
    )
    out["means"][name] = float(np.mean(found.bootstrap_distribution))
    out["intervals"][name] = [float(found.confidence_interval.low), float(found.confidence_interval.high)]

# Patients of alike images: neighbours by where the first model looks. The last image of each class is of the first
# patient of the next, whose label is then that of most of its images.
patients = np.empty(len(labels), dtype=int)
for k in range(CLASSES):
    own = np.flatnonzero(labels == k)
    order = own[np.argsort(models[0][0][own].reshape(len(own), -1) @ np.arange(SIDE * SIDE), kind="stable")]
    patients[order] = 4 * k + np.arange(PER_CLASS) // 4
    patients[order[-1]] = 4 * ((k + 1) % CLASSES)
members = [np.flatnonzero(patients == one) for one in range(4 * CLASSES)]
most = [int(np.argmax(np.bincount(labels[own], minlength=CLASSES))) for own in members]
out["patients"] = {"of_images": patients.tolist(), "known": len(members)}
for strata in ["none", "class"]:
    rng = np.random.default_rng(2)
    groups = [np.flatnonzero(np.array(most) == k) for k in range(CLASSES)] if strata == "class" else [np.arange(12)]
    drawn = []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([rng.choice(group, len(group)) for group in groups])
        index = np.concatenate([members[one] for one in chosen])
        first, second = (figures(index, *one) for one in models)
        drawn.append([second[name] - first[name] for name in values[0]])
    drawn = np.array(drawn)
    out["patients"][strata] = {
        name: {
            "mean": float(np.mean(drawn[:, column])),
            "interval": [float(v) for v in np.quantile(drawn[:, column], [0.025, 0.975])],
        }
        for column, name in enumerate(values[0])
    }
print(json.dumps(out))
