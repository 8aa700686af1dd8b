"""The metric on arrays against its definition in numpy, scikit-learn and the program."""

import json

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

import mitsume
from mitsume._evaluate import run


def definition(cams, labels, predictions, distance="squared-l2"):
    """Eq. 3 and 4 in float64: value, per class, class means and deviations."""
    cams = cams.astype(np.float64)
    correct = labels == predictions
    deviations = np.full(len(cams), np.nan)
    means = {}
    for k in np.unique(labels[correct]):
        chosen = correct & (labels == k)
        means[k] = cams[chosen].mean(axis=0)
        squares = (cams[chosen] - means[k]) ** 2
        if distance == "squared-l2":
            deviations[chosen] = squares.mean(axis=(1, 2))
        else:
            pixels = cams.shape[1] * cams.shape[2]
            deviations[chosen] = np.sqrt(squares.sum(axis=(1, 2))) / pixels
    per_class = {k: deviations[correct & (labels == k)].mean() for k in means}
    return np.nanmean(deviations), per_class, means, deviations


# Both are float64 sums of the same numbers in another order.
CLOSE = {"rtol": 1e-12, "atol": 0}


@pytest.mark.parametrize("distance", ["squared-l2", "l2"])
def test_value_classes_means_and_deviations_are_those_of_the_definition(batch, distance):
    value, per_class, means, deviations = definition(*batch.arrays, distance)
    result = mitsume.consistency(*batch.arrays, distance=distance)
    np.testing.assert_allclose(result.value, value, **CLOSE)
    np.testing.assert_allclose(result.deviations, deviations, **CLOSE)
    for k, expected in per_class.items():
        np.testing.assert_allclose(result.per_class[k], expected, **CLOSE)
        np.testing.assert_allclose(result.mean_maps[k], means[k], **CLOSE)
    assert np.isnan(result.per_class[3]) and np.isnan(result.mean_maps[3]).all()
    assert result.images == 60
    assert result.correct == (batch.labels == batch.predictions).sum()
    assert result.images_per_class.tolist() == np.bincount(batch.labels, minlength=4).tolist()


def test_accuracy_and_kappa_are_those_of_scikit_learn(batch):
    result = mitsume.consistency(*batch.arrays)
    assert result.accuracy == np.mean(batch.labels == batch.predictions)
    kappa = cohen_kappa_score(batch.labels, batch.predictions)
    assert result.kappa == pytest.approx(kappa, rel=1e-12)


def test_chance_correction_is_that_of_its_definition(batch):
    """Maps on the grid of their own size are themselves: the corrected share of variance between
    classes, 1 - (within / (n - K)) / (total / (n - 1))."""
    cams = np.ascontiguousarray(batch.cams[:, :5, :5])
    labels, predictions = batch.labels, batch.predictions
    result = mitsume.consistency(cams, labels, predictions, grid=5)
    correct = labels == predictions
    kept, of = cams[correct].astype(np.float64), labels[correct]
    within = sum(((kept[of == k] - kept[of == k].mean(axis=0)) ** 2).sum() for k in np.unique(of))
    total = ((kept - kept.mean(axis=0)) ** 2).sum()
    n, classes = len(kept), len(np.unique(of))
    expected = 1 - (within / (n - classes)) / (total / (n - 1))
    assert result.chance_corrected == pytest.approx(expected, rel=1e-9)


def test_the_result_is_that_of_the_program(tmp_path, level_2):
    file = tmp_path / "maps.npz"
    np.savez(file, cams=level_2.cams, labels=level_2.labels, predictions=level_2.predictions)
    program = json.loads(run(["score", str(file), "--measures", "all", "--json"]))
    result = mitsume.consistency(*level_2.arrays, measures="all")
    assert result.value == program["consistency"]["squared_l2"]
    assert result.kappa == program["kappa"]
    assert result.measures == program["measures"]
    assert result.chance_p == program["measures"]["chance_p"]


def test_strides_and_types_do_not_change_the_result(batch):
    expected = mitsume.consistency(*batch.arrays).value
    padded = np.zeros((60, 9, 12), dtype=np.float32)
    padded[:, 1:8, 2:12:2] = batch.cams
    labels, predictions = batch.labels.astype(np.int32), batch.predictions.astype(np.uint8)
    variants = [
        (np.asfortranarray(batch.cams), batch.labels, batch.predictions),
        (padded[:, 1:8, 2:12:2], labels, predictions),
        (batch.cams.astype(np.float64), batch.labels, batch.predictions),
        (batch.cams[::-1], batch.labels[::-1], batch.predictions[::-1]),
        (batch.cams[:, np.newaxis], batch.labels.tolist(), batch.predictions.tolist()),
    ]
    for variant in variants:
        assert mitsume.consistency(*variant).value == pytest.approx(expected, rel=1e-12)


def test_normalise_scales_each_map_first(batch):
    raw = 3 * batch.cams - 1
    low = raw.min(axis=(1, 2), keepdims=True)
    high = raw.max(axis=(1, 2), keepdims=True)
    scaled = (raw - low) / (high - low + 1e-7)
    found = mitsume.consistency(raw, batch.labels, batch.predictions, normalise=True)
    expected = definition(scaled, batch.labels, batch.predictions)[0]
    # Maps are normalised in float32.
    assert found.value == pytest.approx(expected, rel=1e-5)


def with_changed(batch, **changes):
    arrays = {"cams": batch.cams, "labels": batch.labels, "predictions": batch.predictions}
    return {**arrays, **changes}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cams": np.zeros((60, 7))}, "cams: shape"),
        ({"cams": np.zeros((60, 7, 5), dtype="U1")}, "cams: type"),
        ({"cams": np.zeros((59, 7, 5))}, "59"),
        ({"cams": np.zeros((0, 7, 5))}, "cams"),
        ({"cams": np.zeros((60, 0, 5))}, "cams"),
        ({"cams": np.full((60, 7, 5), np.nan)}, "cams"),
        ({"cams": np.full((60, 7, 5), 2.0)}, "cams"),
        ({"labels": np.full(60, -1)}, "labels"),
        ({"labels": np.full(60, 4), "num_classes": 4}, "labels"),
        ({"labels": np.zeros(60)}, "labels: type"),
        ({"labels": np.zeros((60, 1), dtype=int)}, "labels: shape"),
        ({"predictions": np.full(60, 2**40)}, "predictions"),
        ({"predictions": np.full(60, 2**64 - 1, dtype=np.uint64)}, "predictions"),
        ({"distance": "l3"}, "distance"),
        ({"measures": "some"}, "measures"),
        ({"grid": 0}, "grid"),
        ({"num_classes": 0}, "num_classes"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_arguments_name(batch, changes, words):
    with pytest.raises(ValueError, match=words):
        mitsume.consistency(**with_changed(batch, **changes))


def test_results_become_frames_figures_and_html(batch):
    result = mitsume.consistency(*batch.arrays)
    frame = result.to_pandas(["a", "b", "c", "d"])
    assert frame["class"].tolist() == ["a", "b", "c", "d"]
    assert frame["squared-l2"][0] == result.per_class[0]
    figure = result.figure(["a", "b", "c", "d"])
    titles = [axis.get_title() for axis in figure.axes]
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert sum("squared-l2" in title for title in titles) == 3
    assert "lower is more consistent" in result._repr_html_()
    with pytest.raises(ValueError, match="class_names"):
        result.figure(["a"])
    assert "of 60" in repr(result)
