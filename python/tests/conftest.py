"""Numbers from outside and small data for the tests."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from mitsume._evaluate import read_safetensors

ROOT = Path(__file__).resolve().parents[2]


class Batch:
    """Maps [N, h, w] with labels and predictions [N]."""

    def __init__(self, cams, labels, predictions):
        self.cams, self.labels, self.predictions = cams, labels, predictions

    def __getitem__(self, part):
        return Batch(self.cams[part], self.labels[part], self.predictions[part])

    @property
    def arrays(self):
        return self.cams, self.labels, self.predictions


@pytest.fixture
def batch():
    """60 maps of 7x5 in [0, 1], 4 classes, some wrong, and no correct image of class 3."""
    draw = np.random.default_rng(1)
    labels = draw.integers(0, 4, 60)
    predictions = np.where(draw.random(60) < 0.7, labels, (labels + 1) % 4)
    predictions[labels == 3] = 0
    centres = draw.random((4, 7, 5))
    cams = 0.6 * centres[labels] + 0.4 * draw.random((60, 7, 5))
    return Batch(cams.astype(np.float32), labels, predictions)


@pytest.fixture
def level_2():
    """Maps of level 2 that numpy wrote: 24 of 8x8."""
    with np.load(ROOT / "crates/mitsume/tests/fixtures/level2.npz") as file:
        return Batch(file["cams"], file["labels"], file["predictions"])


@pytest.fixture
def reference():
    """A model's file, logits and maps of PyTorch and pytorch-grad-cam, and the hooked layer."""

    def load(name: str):
        folder = ROOT / "crates/mitsume-onnx/tests/models"
        file = folder / f"{name}.safetensors"
        content = file.read_bytes()
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        layer = header["__metadata__"]["layer"]
        return folder / f"{name}.onnx", read_safetensors(file), layer

    return load


@pytest.fixture
def class_folders(tmp_path):
    """Grey images of 32x32 in 5 class folders, 4 each."""
    draw = np.random.default_rng(2)
    for k in range(5):
        folder = tmp_path / "data" / f"class{k}"
        folder.mkdir(parents=True)
        for i in range(4):
            image = draw.integers(0, 128, (32, 32), dtype=np.uint8)
            image[4 * k : 4 * k + 8] += 100
            (folder / f"{i}.png").write_bytes(grey_png(image))
    return tmp_path / "data"


def grey_png(image):
    """The file of an image [H, W] of bytes."""

    def chunk(kind, content):
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    height, width = image.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
