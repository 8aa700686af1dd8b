"""A model with the layer that pytorch-grad-cam recommends for it, and what comes after that layer."""

from dataclasses import dataclass
from typing import Callable

import torch
import torchvision.models as M
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d, relu


@dataclass
class Subject:
    """`after(start(z))` are the logits, where z is what `start` gets in the model and `layer` is in `start`."""

    architecture: str
    model: nn.Module
    layer: nn.Module
    start: nn.Module
    after: Callable
    layout: str = "nchw"
    grid: tuple | None = None

    def channels_first(self, values):
        """The layer's values or their gradients as [N, C, h, w], in memory of their own.

        The copy matters: DenseNet's ReLU works in place on the layer's output, which a hook only borrows.
        """
        if self.layout == "nhwc":
            values = values.permute(0, 3, 1, 2)
        elif self.layout == "tokens":
            values = values[:, 1:].transpose(1, 2).unflatten(2, self.grid)
        return values.clone()

    @property
    def token_grid(self):
        return "x".join(map(str, self.grid)) if self.grid else ""


class Rest(nn.Module):
    """The model from `start` on. The first module is the one in which Ablation-CAM looks for the layer."""

    def __init__(self, subject):
        super().__init__()
        self.start = subject.start
        self.model = subject.model  # Its parameters: pytorch-grad-cam asks for one, and a pool has none.
        self.after = subject.after
        self.tokens = subject.layout == "tokens"

    def forward(self, z):
        # Ablation-CAM repeats an image as if it had three axes.
        return self.after(self.start(z.flatten(0, -3) if self.tokens else z))


def subject_of(architecture, model):
    """Which layer is looked at, by the model's class."""
    pooled = lambda y: torch.flatten(model.avgpool(y), 1)
    if isinstance(model, M.ResNet):
        layer, after = model.layer4[-1], lambda y: model.fc(pooled(y))
    elif isinstance(model, M.DenseNet):
        layer = model.features[-1]
        after = lambda y: model.classifier(torch.flatten(adaptive_avg_pool2d(relu(y), 1), 1))
    elif isinstance(model, M.MobileNetV2):
        layer = model.features[-1]
        after = lambda y: model.classifier(torch.flatten(adaptive_avg_pool2d(y, 1), 1))
    elif isinstance(model, (M.VGG, M.MobileNetV3, M.EfficientNet)):
        layer, after = model.features[-1], lambda y: model.classifier(pooled(y))
    elif isinstance(model, M.ConvNeXt):
        layer, after = model.features[-1], lambda y: model.classifier(model.avgpool(y))
    elif isinstance(model, M.SqueezeNet):
        layer, after = model.features[-1], lambda y: torch.flatten(model.classifier(y), 1)
    elif isinstance(model, M.RegNet):
        layer, after = model.trunk_output[-1], lambda y: model.fc(pooled(y))
    elif isinstance(model, M.ShuffleNetV2):
        layer, after = model.conv5, lambda y: model.fc(y.mean([2, 3]))
    elif isinstance(model, M.Inception3):
        layer, after = model.Mixed_7c, lambda y: model.fc(pooled(y))
    elif isinstance(model, M.VisionTransformer):
        return vision_transformer(architecture, model)
    elif isinstance(model, M.SwinTransformer):
        after = lambda y: model.head(torch.flatten(model.avgpool(model.permute(y)), 1))
        return Subject(architecture, model, model.norm, model.norm, after, "nhwc")
    else:
        layer, after = model.features[-1], model.head
    return Subject(architecture, model, layer, layer, after)


def vision_transformer(architecture, model):
    block = model.encoder.layers[-1]
    side = model.image_size // model.patch_size
    after = lambda y: model.heads(model.encoder.ln(y)[:, 0])
    return Subject(architecture, model, block.ln_1, block, after, "tokens", (side, side))
