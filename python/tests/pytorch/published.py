"""Level 1 and the images of the fixtures, of which the numbers in level1.json are."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from conftest import ROOT
from mitsume._evaluate import read_safetensors


def hash01(n, stream):
    h = np.arange(n, dtype=np.uint32) * np.uint32(2654435761)
    h = h + np.uint32((stream + 1) * 2246822519 % 2**32)
    h ^= h >> np.uint32(15)
    h = h * np.uint32(2246822519)
    h ^= h >> np.uint32(13)
    h = h * np.uint32(3266489917)
    h ^= h >> np.uint32(16)
    return h / 2.0**32


def images(n, size=64, stream=1000):
    with np.errstate(over="ignore"):
        p = hash01(3 * n, stream).reshape(n, 3)
        noise = hash01(n * size * size, stream + 1).reshape(n, size, size)
    p0, p1, p2 = (p[:, i, None, None] for i in range(3))
    s = 0.06 + 0.2 * p2
    row = np.arange(size)[None, :, None] / size
    column = np.arange(size)[None, None] / size
    blob = np.exp(-((row - 0.2 - 0.6 * p0) ** 2 + (column - 0.2 - 0.6 * p1) ** 2) / (2 * s**2))
    pixels = np.clip(2 * blob - 1 + 0.2 * (noise - 0.5), -1, 1)
    return torch.from_numpy(pixels.astype(np.float32))[:, None]


def figures():
    return json.loads((ROOT / "crates/mitsume/tests/fixtures/level1.json").read_text())


class Level1(nn.Module):
    """Its maps are of the second ReLU."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 4))

    def forward(self, x):
        return self.classifier(self.features(x))


def level_1():
    model = Level1()
    saved = read_safetensors(Path(__file__).parent / "fixtures/level1.safetensors")
    shapes = [tuple(v.shape) for v in saved.values()]
    own = model.state_dict()
    # The same parameters in the same order; names differ by unused indices.
    assert sorted(shapes) == sorted(tuple(v.shape) for v in own.values())
    kinds = {tuple(v.shape): torch.from_numpy(np.array(v)) for v in saved.values()}
    assert len(kinds) == len(own)
    model.load_state_dict({name: kinds[tuple(v.shape)] for name, v in own.items()})
    return model
