"""The streaming metric against the metric of all maps at once."""

import copy
import pickle

import numpy as np
import pytest

import mitsume

# Sums of squares in place of squares of differences: rounding of float64 sums.
CLOSE = 1e-9


def streamed(batch, size=7):
    metric = mitsume.GazeConsistency(4)
    for start in range(0, len(batch.labels), size):
        metric.update(*batch[start : start + size].arrays)
    return metric


def assert_same(found, expected):
    assert found.value == pytest.approx(expected.value, rel=CLOSE)
    assert found.chance_corrected == pytest.approx(expected.chance_corrected, rel=CLOSE)
    assert (found.kappa, found.accuracy) == (expected.kappa, expected.accuracy)
    np.testing.assert_allclose(found.per_class, expected.per_class, rtol=CLOSE)
    np.testing.assert_allclose(found.mean_maps, expected.mean_maps, rtol=CLOSE)


def test_batches_give_the_result_of_all_maps(batch):
    expected = mitsume.consistency(*batch.arrays)
    assert_same(streamed(batch).compute(), expected)
    assert_same(streamed(batch, 60).compute(), expected)


def test_parts_of_several_processes_are_merged(batch):
    first, second = streamed(batch[:23]), streamed(batch[23:])
    first.merge(pickle.loads(pickle.dumps(second)))
    assert first.images == 60
    assert_same(first.compute(), mitsume.consistency(*batch.arrays))


def test_a_copy_goes_on_by_itself(batch):
    metric = streamed(batch[:30])
    other = copy.deepcopy(metric)
    other.update(*batch[30:].arrays)
    assert (metric.images, other.images) == (30, 60)
    assert_same(other.compute(), mitsume.consistency(*batch.arrays))


def test_reset_forgets(batch):
    metric = streamed(batch)
    metric.reset()
    assert metric.images == 0
    with pytest.raises(ValueError, match="update"):
        metric.compute()
    metric.update(*batch.arrays)
    assert_same(metric.compute(), mitsume.consistency(*batch.arrays))


def test_memory_is_flat_in_the_number_of_images(batch):
    few, many = streamed(batch[:20]), streamed(batch)
    assert len(pickle.dumps(few)) == len(pickle.dumps(many))


def test_a_refused_batch_adds_nothing(batch):
    metric = streamed(batch[:40])
    bad = batch[40:]
    bad.cams = bad.cams.copy()
    bad.cams[-1, 0, 0] = np.nan
    with pytest.raises(ValueError, match="cams"):
        metric.update(*bad.arrays)
    metric.update(*batch[40:].arrays)
    assert_same(metric.compute(), mitsume.consistency(*batch.arrays))


def test_what_does_not_fit_is_refused(batch):
    metric = streamed(batch)
    with pytest.raises(ValueError, match="cams"):
        metric.update(np.zeros((3, 6, 6)), [0, 1, 2], [0, 1, 2])
    with pytest.raises(ValueError, match="labels"):
        metric.update(np.zeros((1, 7, 5)), [4], [0])
    with pytest.raises(ValueError, match="classes"):
        metric.merge(mitsume.GazeConsistency(5))
    with pytest.raises(ValueError, match="num_classes"):
        mitsume.GazeConsistency(0)


def test_a_damaged_state_is_refused(batch):
    state = streamed(batch).__getstate__()
    for damaged in (state["state"][:5], np.full_like(state["state"], np.nan), np.zeros(0)):
        with pytest.raises(ValueError):
            mitsume.GazeConsistency.__new__(mitsume.GazeConsistency).__setstate__(
                {"settings": state["settings"], "state": damaged}
            )
