"""The five levels in PyTorch, each as a trunk up to the hooked layer and a head after it."""

from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    """relu(BN(conv(relu(BN(conv(x))))) + conv1x1(x))"""

    def __init__(self, a, b):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(inplace=True),
            nn.Conv2d(b, b, 3, padding=1), nn.BatchNorm2d(b),
        )
        self.skip = nn.Conv2d(a, b, 1)

    def forward(self, x):
        return F.relu(self.conv(x) + self.skip(x), inplace=True)


class SqueezeExcite(nn.Module):
    """x * sigmoid(fc(relu(fc(GAP x))))"""

    def __init__(self, c):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(c, c // 16), nn.ReLU(), nn.Linear(c // 16, c), nn.Sigmoid())

    def forward(self, x):
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]


def block(a, b, norm=True):
    return [nn.Conv2d(a, b, 3, padding=1)] + ([nn.BatchNorm2d(b)] if norm else [])


def build(level, channels, classes):
    """(trunk up to the hooked layer, head after it)"""
    relu, pool = (lambda: nn.ReLU()), (lambda: nn.MaxPool2d(2))
    head = lambda c, drop: [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(drop), nn.Linear(c, classes)]
    if level == 1:
        trunk = block(channels, 16, False) + [relu(), pool()] + block(16, 32, False) + [relu()]
        tail = [pool(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, classes)]
    elif level in (2, 4):
        trunk, a = [], channels
        for b in (32, 64, 128):
            excite = [SqueezeExcite(b)] if level == 4 and b > 32 else []
            trunk += block(a, b) + [relu()] + excite + [pool()]
            a = b
        trunk += block(128, 256)
        if level == 4:
            trunk += [relu(), SqueezeExcite(256)]
        tail = ([relu()] if level == 2 else []) + head(256, 0.5)
    else:
        widths = (32, 64, 128, 256) if level == 3 else (64, 128, 256, 512)
        trunk = block(channels, widths[0]) + [relu()]
        for a, b in zip(widths, widths[1:]):
            trunk += [pool(), Residual(a, b)]
        tail = head(widths[-1], 0.5 if level == 3 else 0.6)
    return nn.Sequential(*trunk), nn.Sequential(*tail)
