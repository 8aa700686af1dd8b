"""The metric for ``torchmetrics``; needs ``pip install torchmetrics``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

try:
    from torchmetrics import Metric
except ImportError as error:
    raise ImportError("mitsume.torch.metric needs torchmetrics: pip install torchmetrics") from error

from ._maps import check_classes


class GazeConsistencyMetric(Metric):
    """Average squared-l2 deviation of the correct images' maps from their class mean maps.

    Its state is a count, a sum of maps and a sum of squares per class, in float64: memory is flat in
    the number of images, and ranks are summed (``dist_reduce_fx="sum"``). ``mitsume.consistency`` has
    the same value, and more.

    Parameters
    ----------
    num_classes
        K.
    map_size
        (rows, columns) of the maps.
    """

    full_state_update = False
    higher_is_better = False
    is_differentiable = False

    counts: Tensor
    sums: Tensor
    squares: Tensor

    def __init__(self, num_classes: int, map_size: tuple[int, int], **options: Any) -> None:
        super().__init__(**options)
        if num_classes < 1:
            raise ValueError(f"num_classes: {num_classes}; 1 or more")
        self.num_classes, self.map_size = int(num_classes), (int(map_size[0]), int(map_size[1]))
        pixels = self.map_size[0] * self.map_size[1]
        states = {"counts": (num_classes,), "sums": (num_classes, pixels), "squares": (num_classes,)}
        for name, shape in states.items():
            zeros = torch.zeros(shape, dtype=torch.float64)
            self.add_state(name, default=zeros, dist_reduce_fx="sum")

    def update(self, maps: Tensor, labels: Tensor, predictions: Tensor) -> None:
        """Adds maps [N, h, w] in [0, 1] and class indices [N] and [N]."""
        if maps.ndim != 3 or tuple(maps.shape[1:]) != self.map_size:
            raise ValueError(f"maps: shape {tuple(maps.shape)}; [N, {self.map_size}] is needed")
        check_classes("labels", labels, self.num_classes, len(maps))
        check_classes("predictions", predictions, self.num_classes, len(maps))
        if not bool(torch.isfinite(maps).all()):
            raise ValueError("maps: a value is not finite")
        correct = labels == predictions
        chosen = maps.detach()[correct].flatten(1).to(torch.float64)
        classes = labels[correct]
        ones = torch.ones_like(classes, dtype=torch.float64)
        self.counts.index_add_(0, classes, ones)
        self.sums.index_add_(0, classes, chosen)
        self.squares.index_add_(0, classes, chosen.square().sum(1))

    def compute(self) -> Tensor:
        """squared-l2 over all correct images; NaN without one."""
        return self._deviation_sums().sum() / self.counts.sum()

    def per_class(self) -> Tensor:
        """The same per class, [K], of this process alone; NaN for a class without a correct image."""
        return self._deviation_sums() / self.counts

    def mean_maps(self) -> Tensor:
        """Class mean maps [K, h, w] of this process alone."""
        return (self.sums / self.counts[:, None]).reshape(-1, *self.map_size)

    def _deviation_sums(self) -> Tensor:
        spread = self.squares - self.sums.square().sum(1) / self.counts.clamp(min=1)
        return spread.clamp(min=0) / self.sums.shape[1]
