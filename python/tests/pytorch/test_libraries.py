"""Maps of other libraries are scored as they are."""

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

import mitsume
from mitsume.torch import CamRecorder
from published import images, level_1


@pytest.fixture
def model():
    return level_1().eval()


def own_maps(model, pixels, labels):
    with CamRecorder(model, "features.4") as recorder:
        logits = model(pixels)
        return recorder.maps(logits, labels), logits.argmax(1)


def test_maps_of_captum(model):
    pixels, labels = images(16), torch.arange(16) % 4
    expected, predictions = own_maps(model, pixels, labels)
    maps = LayerGradCam(model, model.features[4]).attribute(pixels, labels, relu_attributions=True)
    assert maps.shape == (16, 1, 32, 32)
    found = mitsume.consistency(maps, labels, predictions, normalise=True)
    value = mitsume.consistency(expected, labels, predictions).value
    # Float32 maps that are normalised twice.
    assert found.value == pytest.approx(value, rel=1e-3)


def test_maps_of_pytorch_grad_cam(model):
    pixels, labels = images(16), torch.arange(16) % 4
    predictions = model(pixels).argmax(1)
    targets = [ClassifierOutputTarget(int(k)) for k in labels]
    with GradCAM(model, [model.features[4]]) as cam:
        maps = cam(pixels, targets)
    # It enlarges maps to the image.
    assert maps.shape == (16, 64, 64) and maps.dtype == np.float32
    found = mitsume.consistency(maps, labels, predictions, normalise=True)
    assert found.correct == int((predictions == labels).sum()) and np.isfinite(found.value)
