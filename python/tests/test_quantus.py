"""The metric called as Quantus calls its measures."""

import numpy as np
import pytest

import mitsume
from mitsume.quantus import GazeConsistency


@pytest.fixture
def model(batch):
    """Predicts the batch's predictions from images that hold the image's index."""

    def scores(images):
        return np.eye(4)[batch.predictions[images[:, 0, 0, 0].astype(int)]]

    return scores


@pytest.fixture
def images(batch):
    return np.broadcast_to(np.arange(60.0)[:, None, None, None], (60, 3, 8, 8))


def test_scores_are_the_deviations_of_consistency(batch, model, images):
    metric = GazeConsistency(normalise=False)
    scores = metric(model, images, batch.labels, a_batch=batch.cams[:, None], batch_size=7)
    expected = mitsume.consistency(*batch.arrays)
    np.testing.assert_array_equal(scores, expected.deviations)
    assert metric.result.value == expected.value
    assert metric.last_results is scores and metric.all_results == [scores]
    aggregated = GazeConsistency(distance="l2", return_aggregate=True)
    expected = mitsume.consistency(*batch.arrays, distance="l2", normalise=True)
    assert aggregated(model, images, batch.labels, batch.cams) == [expected.value]


def test_attributions_are_made_by_the_explanation_function(batch, model, images):
    def explain(model, inputs, targets, scale):
        assert inputs.shape == (60, 3, 8, 8) and list(targets) == list(batch.labels)
        return scale * batch.cams

    scores = GazeConsistency()(
        model=model,
        x_batch=images,
        y_batch=batch.labels,
        s_batch=None,
        explain_func=explain,
        explain_func_kwargs={"scale": 3.0},
        channel_first=True,
    )
    expected = mitsume.consistency(*batch.arrays, normalise=True).deviations
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_what_does_not_fit_names_the_argument(batch, model, images):
    metric = GazeConsistency()
    with pytest.raises(ValueError, match="a_batch"):
        metric(model, images, batch.labels)
    with pytest.raises(ValueError, match="cams"):
        metric(model, images, batch.labels, np.ones((60, 3, 8, 8)))
    with pytest.raises(ValueError, match="model: scores of shape"):
        metric(lambda batch: np.zeros(len(batch)), images, batch.labels, batch.cams)
    with pytest.raises(ValueError, match="batch_size"):
        metric(model, images, batch.labels, batch.cams, batch_size=0)
    assert metric.all_results == []
