"""Writes torchvision.json: what torchvision computes for images made from integers.

Needs torch and torchvision (made with the versions named in the file). Run: python make.py > torchvision.json
"""

import json
import math
import types

import torch
import torchvision
from torchvision.transforms import v2
from torchvision.transforms.v2 import _geometry
from torchvision.transforms.v2 import functional as F


def picture(channels, height, width, seed):
    """uint8 [C, H, W]: a smooth wave plus a hash, so that both flat and rough places occur."""
    c = torch.arange(channels).view(-1, 1, 1)
    y = torch.arange(height).view(1, -1, 1)
    x = torch.arange(width).view(1, 1, -1)
    rough = (x * 7919 + y * 104729 + c * 1299709 + seed * 15485863) % 251 % 97
    smooth = (x * (c + 2) + y * (3 - c) + seed * 17) % 320
    smooth = torch.minimum(smooth, 319 - smooth)
    return (rough + smooth).to(torch.uint8)


def resizes():
    cases = []
    for channels, size, target in [
        (1, (40, 30), (16, 12)),
        (3, (40, 30), (16, 12)),
        (1, (17, 23), (32, 32)),
        (3, (9, 11), (20, 8)),
        (1, (100, 100), (7, 7)),
        (1, (24, 24), (24, 12)),
        (1, (1, 5), (4, 4)),
    ]:
        image = picture(channels, *size, seed=len(cases))
        out = v2.Resize(target, antialias=True)(image)
        cases.append(dict(channels=channels, size=size, target=target, out=out.flatten().tolist()))
    return cases


def greys():
    image = picture(3, 32, 32, seed=5)
    ramp = torch.arange(256, dtype=torch.uint8).view(1, 16, 16).expand(3, -1, -1)
    return dict(
        picture=v2.Grayscale(1)(image).flatten().tolist(),
        ramp=v2.Grayscale(1)(ramp.contiguous()).flatten().tolist(),
    )


def evaluation():
    """The published order of the test images: greyscale, resize, [0, 1], normalise."""
    pipeline = v2.Compose([
        v2.Grayscale(1),
        v2.Resize((12, 10), antialias=True),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.5], [0.5]),
    ])
    scaled = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5], [0.5])])
    ramp = torch.arange(256, dtype=torch.uint8).view(1, 16, 16)
    return dict(
        out=pipeline(picture(3, 31, 27, seed=9)).flatten().tolist(),
        scaled_ramp=scaled(ramp).flatten().tolist(),
    )


class Uniforms:
    """Stands in for the module `torch` inside torchvision's RandomResizedCrop: takes its random numbers from a list."""

    def __init__(self, numbers):
        self.numbers = iter(numbers)

    def __getattr__(self, name):
        return getattr(torch, name)

    def empty(self, n):
        return types.SimpleNamespace(
            uniform_=lambda a, b: torch.tensor([float(a) + (float(b) - float(a)) * next(self.numbers)], dtype=torch.float64)
        )

    def randint(self, low, high, size):
        return torch.tensor([low + math.floor((high - low) * next(self.numbers))])


def crops():
    generator = torch.Generator().manual_seed(1)
    cases = []
    for size, scale, ratio in [
        ((224, 224), [0.9, 1.0], [0.75, 4 / 3]),
        ((224, 224), [0.08, 1.0], [0.75, 4 / 3]),
        ((50, 400), [0.9, 1.0], [0.75, 4 / 3]),
        ((400, 50), [0.9, 1.0], [0.75, 4 / 3]),
        ((100, 90), [0.99, 1.0], [0.4, 0.5]),
        ((33, 47), [0.5, 0.7], [0.5, 2.0]),
    ]:
        for _ in range(8):
            numbers = torch.rand(22, generator=generator, dtype=torch.float64).tolist()
            transform = v2.RandomResizedCrop(8, scale=scale, ratio=ratio)
            _geometry.torch = Uniforms(numbers)
            try:
                box = transform.make_params([torch.zeros(1, *size, dtype=torch.uint8)])
            finally:
                _geometry.torch = torch
            box = [box["top"], box["left"], box["height"], box["width"]]
            cases.append(dict(size=size, scale=scale, ratio=ratio, numbers=numbers, box=box))
    return cases


def training():
    """The published order of the training images, with the random choices given."""
    cases = []
    for channels, mirrored, box in [
        (3, False, (2, 3, 36, 30)),
        (3, True, (0, 5, 40, 31)),
        (1, True, (1, 0, 38, 35)),
    ]:
        image = picture(channels, 40, 36, seed=3)
        image = image.expand(3, -1, -1).contiguous()
        if mirrored:
            image = F.horizontal_flip(image)
        image = F.resized_crop(image, *box, size=[24, 24], antialias=True)
        out = v2.Grayscale(1)(image)
        cases.append(dict(channels=channels, mirrored=mirrored, box=box, out=out.flatten().tolist()))
    return cases


print(json.dumps(dict(
    torch=torch.__version__,
    torchvision=torchvision.__version__,
    resize=resizes(),
    grey=greys(),
    evaluation=evaluation(),
    crop=crops(),
    training=training(),
)))
