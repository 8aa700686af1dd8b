"""Recording a layer's output."""

import gc
import weakref

import pytest
import torch
from torch import nn

from mitsume.torch import CamRecorder, grad_cam
from published import images, level_1


def test_maps_are_those_of_the_activations():
    model, labels = level_1(), torch.tensor([0, 1, 2, 3])
    pixels = images(4)
    activations = model.features[:5](pixels)
    logits = model.classifier(model.features[5:](activations))
    expected = grad_cam(activations, logits, labels)
    with CamRecorder(model, "features.4") as recorder:
        found = recorder.maps(model(pixels), labels)
    torch.testing.assert_close(found, expected)


def test_nothing_is_kept_and_nothing_stays_on_the_model():
    model, labels = level_1(), torch.tensor([0, 1])
    recorder = CamRecorder(model, model.features[4])
    outputs = []
    for _ in range(3):
        logits = model(images(2))
        outputs.append(weakref.ref(recorder.activations))
        maps = recorder.maps(logits, labels, alpha="full")
        maps.sum().backward()
        del logits, maps
    gc.collect()
    assert [output() for output in outputs] == [None] * 3
    recorder.close()
    assert len(model.features[4]._forward_hooks) == 0
    forgotten = CamRecorder(model, "features.4")
    del forgotten
    assert len(model.features[4]._forward_hooks) == 0


def test_training_is_the_same_with_a_hook():
    labels = torch.tensor([0, 1])
    gradients = []
    for hooked in (False, True):
        model = level_1()
        if hooked:
            recorder = CamRecorder(model, "features.4")
        logits = model(images(2))
        if hooked:
            recorder.maps(logits, labels)
        nn.functional.cross_entropy(logits, labels).backward()
        gradients.append([p.grad for p in model.parameters()])
    for one, other in zip(*gradients):
        assert torch.equal(one, other)


class Tokens(nn.Module):
    """A class token before 2 x 3 patches; all of them reach the logits."""

    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(4, 5), nn.Linear(5, 3)

    def forward(self, x):
        return self.head(self.body(x).tanh().mean(1))


def test_tokens_are_laid_out_on_their_grid():
    torch.manual_seed(0)
    model, x, labels = Tokens(), torch.rand(2, 7, 4), torch.tensor([0, 2])
    with CamRecorder(model, "body", layout="tokens", token_grid=(2, 3)) as recorder:
        logits = model(x)
        tokens = recorder.activations
        maps = recorder.maps(logits, labels)
    (g,) = torch.autograd.grad(logits.gather(1, labels[:, None]).sum(), tokens)
    raw = (g[:, 1:].mean(1, keepdim=True) * tokens[:, 1:]).sum(2).relu()
    low, high = raw.amin(1, keepdim=True), raw.amax(1, keepdim=True)
    expected = ((raw - low) / (high - low + 1e-8)).reshape(2, 2, 3)
    torch.testing.assert_close(maps, expected)


def test_what_cannot_be_recorded_is_refused():
    model, labels = level_1(), torch.tensor([0])
    with pytest.raises(ValueError, match="features.9.*classifier"):
        CamRecorder(model, "features.9")
    with pytest.raises(ValueError, match="token_grid"):
        CamRecorder(model, "features.4", layout="tokens")
    recorder = CamRecorder(model, "features.4")
    with pytest.raises(RuntimeError, match="run the model"):
        recorder.maps(torch.zeros(1, 4), labels)
    with torch.no_grad():
        logits = model(images(1))
    with pytest.raises(RuntimeError, match="no_grad"):
        recorder.maps(logits, labels)
    in_place = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(8, 4))
    recorder = CamRecorder(in_place, "0")
    logits = in_place(torch.rand(1, 1, 2, 2))
    with pytest.raises(RuntimeError, match="in place"):
        recorder.maps(logits, labels)
