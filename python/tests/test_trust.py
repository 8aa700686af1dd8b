"""Measures of trust against torch, scipy, scikit-image and pytorch-grad-cam (trust.json)."""

import json

import numpy as np
import pytest

from mitsume import trust

from conftest import ROOT


@pytest.fixture(scope="module")
def figures():
    file = ROOT / "crates/mitsume/tests/fixtures/trust.json"
    return json.loads(file.read_text())


@pytest.fixture(scope="module")
def image(figures):
    shape = (1, 3, *figures["shape"])
    return np.array(figures["image"], dtype=np.float32).reshape(shape)


@pytest.fixture(scope="module")
def relevance(figures):
    return np.array(figures["relevance"], dtype=np.float32).reshape(1, *figures["shape"])


@pytest.fixture(scope="module")
def model(figures):
    """A logistic model of two classes."""
    weights = np.array(figures["weights"])

    def probabilities(images):
        logits = images.reshape(len(images), -1).astype(np.float64) @ weights
        p = 1 / (1 + np.exp(-logits))
        return np.stack([p, 1 - p], axis=1)

    return probabilities


def test_pointing_and_localisation(figures, relevance):
    for case in figures["places"]:
        mask = np.array(case["mask"], dtype=bool).reshape(relevance.shape)
        found = trust.pointing(relevance, mask, tolerance=case["tolerance"])
        assert found["distance"][0] == pytest.approx(case["distance"], abs=1e-12)
        assert found["accuracy"] == float(case["distance"] <= case["tolerance"])
        found = trust.localisation(relevance, mask, fraction=case["fraction"])
        assert found["iou_at_area"][0] == pytest.approx(case["iou_at_area"], abs=1e-12)
        assert found["iou_at_fraction"][0] == pytest.approx(case["iou_at_fraction"], abs=1e-12)
        assert found["mass"][0] == pytest.approx(case["mass"], abs=1e-12)
        assert found["rank"][0] == pytest.approx(case["rank"], abs=1e-12)


def test_similarity(figures):
    for case in figures["similarities"]:
        a, b = (np.array(case[n], dtype=np.float32).reshape(1, *case["shape"]) for n in "ab")
        found = trust.similarity(a, b)
        assert found["spearman"][0] == pytest.approx(case["spearman"], abs=1e-12)
        assert found["ssim"][0] == pytest.approx(case["ssim"], abs=1e-9)
    constant = trust.similarity(np.zeros((1, 8, 8)), np.zeros((1, 8, 8)))
    assert np.isnan(constant["spearman"][0])


def test_deletion_and_insertion(figures, image, relevance, model):
    """Scores of images in float32."""
    step = figures["curves"]["step"]
    for function in (trust.deletion, trust.insertion):
        expected = figures["curves"][function.__name__]
        found = function(model, image, relevance, [0], step=step)
        np.testing.assert_allclose(found.scores[0], expected["scores"], atol=1e-6)
        assert found.mean_area == pytest.approx(expected["area"], abs=1e-6)
        other = function(model, image, relevance, [1], step=step)
        assert other.mean_area == pytest.approx(1 - expected["area"], abs=1e-6)


def test_road(figures, image, relevance, model):
    """Noise on imputed pixels, of another generator than the reference's, is 0.01 wide."""
    expected = figures["road"]
    found = trust.road(model, image, relevance, [0], percentiles=expected["percentiles"])
    np.testing.assert_allclose(found.most_relevant_first[0], expected["most"], atol=0.1)
    np.testing.assert_allclose(found.least_relevant_first[0], expected["least"], atol=0.1)
    assert found.combined[0] == pytest.approx(expected["combined"], abs=0.05)


def test_maps_that_randomise_away_pass_and_others_fail():
    draw = np.random.default_rng(3)
    maps = draw.random((40, 14, 14), dtype=np.float32)
    unrelated = draw.random((2, 40, 14, 14), dtype=np.float32)
    found = trust.randomisation(maps, unrelated, layers=["head", "body"])
    assert [stage["layer"] for stage in found["stages"]] == ["head", "body"]
    same = trust.randomisation(maps, np.stack([maps, maps]))
    spearman = [stage["spearman"]["mean"] for stage in same["stages"]]
    assert spearman == pytest.approx([1.0, 1.0], abs=1e-12)
    assert (same["verdict"], found["verdict"]) == ("fails", "passes")


def test_smaller_maps_are_enlarged(image, model):
    small = np.random.default_rng(4).random((1, 6, 5), dtype=np.float32)
    assert trust.deletion(model, image, small, [0]).scores.shape[0] == 1


def test_what_does_not_fit_is_refused_by_the_arguments_name(image, relevance, model):
    mask = np.ones(relevance.shape, dtype=bool)
    refused = [
        ("masks", lambda: trust.pointing(relevance, mask[:, 1:])),
        ("maps", lambda: trust.localisation(relevance[0, 0], mask)),
        ("b: shape", lambda: trust.similarity(relevance, relevance[:, 1:])),
        ("randomised", lambda: trust.randomisation(relevance, relevance[None, :, 1:])),
        ("layers", lambda: trust.randomisation(relevance, relevance[None], layers=["a", "b"])),
        ("targets", lambda: trust.deletion(model, image, relevance, [0, 1])),
        ("model", lambda: trust.deletion(model, image, relevance, [2])),
        ("step", lambda: trust.deletion(model, image, relevance, [0], step=0)),
        ("baseline", lambda: trust.deletion(model, image, relevance, [0], baseline="black")),
        ("percentile", lambda: trust.road(model, image, relevance, [0], percentiles=[0, 120])),
        ("images", lambda: trust.road(model, image[0], relevance, [0])),
    ]
    for words, call in refused:
        with pytest.raises(ValueError, match=words):
            call()
