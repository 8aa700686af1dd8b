"""What would go wrong silently."""

import copy

import pytest

import torch
from torch import nn

from mitsume.torch import CamRecorder, ConsistencyLoss, Curriculum
from published import images, level_1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_maps_that_are_not_finite_are_refused_and_leave_the_averages(value):
    """Also of an image that does not count, as the last one here."""
    maps, labels = torch.rand(4, 3, 3), torch.tensor([0, 0, 1, 1])
    loss = ConsistencyLoss(2)
    loss(maps, labels, labels)
    before = loss.reference_maps.clone()
    broken = maps.clone()
    broken[3, 1, 1] = value
    with pytest.raises(ValueError, match="maps: a value is not finite"):
        loss(broken, labels, torch.tensor([0, 0, 1, 0]))
    assert torch.equal(loss.reference_maps, before)


def test_maps_without_pixels_are_refused():
    labels = torch.tensor([0, 0])
    with pytest.raises(ValueError, match="maps: shape"):
        ConsistencyLoss(1)(torch.zeros(2, 0, 3), labels, labels)


@pytest.mark.parametrize(("name", "arguments"), [("t0", (-1, 4)), ("t0", (2.5, 4)), ("t1", (2, 4.5))])
def test_the_curriculum_takes_whole_epochs(name, arguments):
    with pytest.raises(ValueError, match=f"{name}: "):
        Curriculum(1, *arguments)


def test_a_layer_of_another_model_is_refused():
    with pytest.raises(ValueError, match="layer: this Conv2d"):
        CamRecorder(level_1(), nn.Conv2d(1, 1, 1))


def test_a_hooked_model_can_be_copied_with_its_output():
    model = level_1()
    with CamRecorder(model, "features.4") as recorder:
        logits = model(images(2))
        other = copy.deepcopy(model)
        assert torch.equal(other(images(2)), logits)
        assert recorder.activations.shape == (2, 32, 32, 32)
