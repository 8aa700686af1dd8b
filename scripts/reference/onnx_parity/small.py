"""Tiny models of the building blocks of the known architectures: images of 32 x 32, five classes."""

import os
from functools import partial

import onnx
import torch
import torchvision.models as M
from torch import nn
from torchvision.models.convnext import CNBlockConfig
from torchvision.models.mobilenetv3 import InvertedResidualConfig

from exporting import reference, write
from lively import enliven, pictures
from maps import hooked, score_map
from subject import subject_of

SIDE, CLASSES = 32, 5
MAX_MODEL, MAX_ALL = 150_000, 1_500_000


class Classifier(nn.Module):
    """Feature maps, their means and a linear layer."""

    def __init__(self, channels, *features):
        super().__init__()
        self.features = nn.Sequential(*features)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, CLASSES)

    def head(self, y):
        return self.fc(torch.flatten(self.pool(y), 1))

    def forward(self, x):
        return self.head(self.features(x))


class Branches(nn.Module):
    """Side by side, concatenated."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class Squeezed(Classifier):
    """A convolution, ReLU and means as the classifier, with a dropout before."""

    def __init__(self, channels, *features):
        super().__init__(channels, *features)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Conv2d(channels, CLASSES, 1)

    def head(self, y):
        return torch.flatten(self.pool(torch.relu(self.fc(self.drop(y)))), 1)


def conv(inputs, outputs, size, activation=nn.ReLU, **how):
    pad = tuple(s // 2 for s in size) if isinstance(size, tuple) else size // 2 * how.get("dilation", 1)
    how = {"padding": pad, **how}
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, bias=False, **how), nn.BatchNorm2d(outputs), activation())


def residual():
    block = M.resnet.BasicBlock
    down = nn.Sequential(nn.Conv2d(8, 16, 1, stride=2, bias=False), nn.BatchNorm2d(16))
    pool = nn.MaxPool2d(3, stride=2, padding=1)
    return Classifier(16, conv(3, 8, 7, stride=2), pool, block(8, 16, 2, down), block(16, 16))


def inception():
    average = partial(nn.AvgPool2d, 3, stride=1, padding=1)
    block = Branches(
        conv(16, 8, 1),
        nn.Sequential(conv(16, 6, 1), conv(6, 6, (1, 7)), conv(6, 8, (7, 1))),
        nn.Sequential(average(count_include_pad=True), conv(16, 8, 1)),
        nn.Sequential(average(count_include_pad=False), conv(16, 8, 1)),
    )
    reduction = Branches(conv(32, 16, 3, stride=2, padding=0), nn.MaxPool2d(3, stride=2))
    return Classifier(48, conv(3, 16, 3, stride=2, padding=0), block, reduction)


def fire():
    pool = partial(nn.MaxPool2d, 3, stride=2, ceil_mode=True)
    fires = M.squeezenet.Fire(12, 4, 8, 8), M.squeezenet.Fire(16, 4, 12, 12)
    return Squeezed(24, nn.Conv2d(3, 12, 3, stride=2), nn.ReLU(), pool(), fires[0], pool(), fires[1])


def grouped():
    """Groups, dilation, a depthwise convolution with a multiplier, and activations less often seen."""
    return Classifier(
        16, conv(3, 8, 3, nn.LeakyReLU, stride=2), conv(8, 16, 3, nn.ELU, groups=4, dilation=2),
        conv(16, 32, 5, nn.Hardtanh, groups=16, stride=2), conv(32, 16, 1, nn.PReLU),
        nn.AvgPool2d(2, ceil_mode=True), conv(16, 16, 3, nn.Softplus, groups=2),
    )  # fmt: skip


def dense():
    return M.DenseNet(growth_rate=6, block_config=(2, 2), num_init_features=8, bn_size=2, num_classes=CLASSES)


def inverted():
    block = partial(InvertedResidualConfig, dilation=1, width_mult=1.0)
    setting = [
        block(8, 3, 16, 8, True, "RE", 2), block(8, 5, 24, 12, True, "HS", 2), block(12, 3, 24, 12, False, "HS", 1),
    ]  # fmt: skip
    return M.MobileNetV3(setting, last_channel=32, num_classes=CLASSES)


def inverted_silu():
    block = M.mobilenetv2.InvertedResidual
    return Classifier(
        16, conv(3, 8, 3, nn.ReLU6, stride=2), block(8, 12, 2, 3), block(12, 12, 1, 3), conv(12, 16, 1, nn.SiLU)
    )


def next_():
    return M.ConvNeXt([CNBlockConfig(12, 24, 1), CNBlockConfig(24, None, 2)], num_classes=CLASSES)


def shuffle():
    block = M.shufflenetv2.InvertedResidual
    return Classifier(24, conv(3, 8, 3, stride=2), block(8, 16, 2), block(16, 16, 1), conv(16, 24, 1))


def vision_transformer():
    return M.VisionTransformer(SIDE, 8, 2, 2, hidden_dim=16, mlp_dim=32, num_classes=CLASSES)


def swin():
    return M.SwinTransformer([2, 2], 8, [2, 2], [2, 4], [4, 4], mlp_ratio=2.0, num_classes=CLASSES)


# Name: model, exporter and opset, whether batch norms stay nodes of their own.
MODELS = {
    "residual": (residual, "op17", True),
    "dense": (dense, "dynamo", True),
    "inverted": (inverted, "op13", False),
    "inverted-silu": (inverted_silu, "op20", True),
    "next-op13": (next_, "op13", False),
    "next-op20": (next_, "dynamo20", False),
    "shuffle": (shuffle, "op13", False),
    "inception": (inception, "op17", False),
    "fire": (fire, "op17", False),
    "grouped": (grouped, "dynamo20", False),
    "vision-transformer": (vision_transformer, "op17", False),
    # 476 kB by the TorchScript exporter: each window and shift is made of shapes there.
    "swin": (swin, "dynamo", False),
}


def small(directory):
    """All of them. Returns the exit code."""
    os.makedirs(directory, exist_ok=True)
    torch.set_num_threads(1)  # The same bits again.
    failed = []
    for name, (make, kind, keep) in MODELS.items():
        torch.manual_seed(0)
        model, images = make(), pictures(16, SIDE, seed=1)
        enliven(model, images, seed=2)
        subject = subject_of(name, model)
        tensors, ablation = reference(subject, images, largest=2e-5)
        pair, targets = torch.from_numpy(tensors["images"]), tensors["targets"]
        tensors["map.score-cam"] = score_map(subject, pair, targets, hooked(subject, pair, targets)[0])
        failed += write(os.path.join(directory, name), subject, kind, tensors, ablation, keep)
        strip(os.path.join(directory, f"{name}.onnx"))
    sizes = {entry.name: entry.stat().st_size for entry in os.scandir(directory)}
    failed += [f"{name}: {size} bytes" for name, size in sizes.items() if size > MAX_MODEL]
    if sum(sizes.values()) > MAX_ALL:
        failed.append(f"{sum(sizes.values())} bytes in all")
    print(f"{len(sizes)} files, {sum(sizes.values())} bytes;", "failed:" if failed else "none failed", *failed, sep="\n- ")
    return 1 if failed else 0


def strip(path):
    """Leaves out where in PyTorch's code each node comes from: most of a tiny file, and not the same elsewhere."""
    model = onnx.load(path)
    graph = model.graph
    for thing in (model, graph, *graph.node, *graph.value_info, *graph.initializer, *graph.input, *graph.output):
        del thing.metadata_props[:]
        thing.doc_string = ""
    onnx.save(model, path)
