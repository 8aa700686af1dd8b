"""The consistency loss of a mini-batch (Eqs. 12 to 17)."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ._maps import check_classes

#: Deviation and gradient through alpha of the thesis' text and of its published code.
PRESETS = {"thesis": ("squared-l2", "full"), "published": ("l2", "detached")}
DISTANCES = ("squared-l2", "l2", "l1", "ssim")


class ConsistencyLoss(nn.Module):
    """Mean deviation of the correct images' maps from their class reference maps.

    Called as ``loss(maps, labels, predictions)``. Only classes with at least two correctly
    predicted images in the batch count; without one the loss is 0.

    Under ``DistributedDataParallel`` the batch is that of all ranks: class sums and counts are
    reduced, the value is that of the whole batch, and gradients are scaled so that their average
    over the ranks is its gradient. Every rank must then call it in the same steps.

    ``torch.compile`` compiles it without a graph break; class indices are then not checked.

    Parameters
    ----------
    num_classes
        K.
    preset
        "published" (default): distance "l2", ``alpha`` "detached"; "thesis": "squared-l2", "full".
    distance
        "squared-l2", the mean over the pixels of squared differences (Eq. 15); "l2", the root of
        their sum divided by the pixels; "l1", the mean of absolute differences; or "ssim", 1 minus
        structural similarity (docs/measures.md). Default the preset's.
    reference
        "ema" (default): moving averages of class mean maps, constant in the graph (Eq. 17); "batch":
        the batch's own class mean maps, in the graph (Eq. 14).
    ema_decay
        Of the moving averages (default 0.9). They are updated in training mode, before use, and are
        part of ``state_dict``.
    alpha
        "full" or "detached"; default the preset's. It is an attribute for ``CamRecorder.maps``, which
        makes the maps; the loss itself does not use it.
    """

    reference_maps: Tensor
    has_reference: Tensor

    def __init__(
        self,
        num_classes: int,
        *,
        preset: str = "published",
        distance: str | None = None,
        reference: str = "ema",
        ema_decay: float = 0.9,
        alpha: str | None = None,
    ) -> None:
        super().__init__()
        _choice("preset", preset, tuple(PRESETS))
        if num_classes < 1:
            raise ValueError(f"num_classes: {num_classes}; 1 or more")
        if not 0 <= ema_decay < 1:
            raise ValueError(f"ema_decay: {ema_decay}; from 0 to below 1")
        defaults = PRESETS[preset]
        self.num_classes = int(num_classes)
        self.distance = _choice("distance", distance or defaults[0], DISTANCES)
        self.alpha = _choice("alpha", alpha or defaults[1], ("full", "detached"))
        self.reference = _choice("reference", reference, ("ema", "batch"))
        self.ema_decay = float(ema_decay)
        # Their size is that of the first maps.
        self.register_buffer("reference_maps", torch.zeros(num_classes, 0, 0))
        self.register_buffer("has_reference", torch.zeros(num_classes, dtype=torch.bool))

    def forward(self, maps: Tensor, labels: Tensor, predictions: Tensor) -> Tensor:
        """The loss, a scalar.

        Parameters
        ----------
        maps
            Normalised maps [N, h, w] of the labels, from ``grad_cam`` or ``CamRecorder.maps``.
        labels, predictions
            Class indices [N].

        Raises
        ------
        ValueError
            Shapes that do not fit, labels out of range, or maps that are not finite, before the moving
            averages are touched. Values are not checked in compiled code. With several ranks it is
            raised on all of them.
        """
        if maps.ndim != 3 or 0 in maps.shape[1:]:
            raise ValueError(f"maps: shape {tuple(maps.shape)}; [N, h, w] is needed")
        check_classes("labels", labels, self.num_classes, len(maps))
        check_classes("predictions", predictions, self.num_classes, len(maps))
        _check_finite(maps)
        with torch.autocast(maps.device.type, enabled=False):
            if maps.dtype != torch.float64:
                maps = maps.float()
            return self._loss(maps, labels, predictions)

    def _loss(self, maps: Tensor, labels: Tensor, predictions: Tensor) -> Tensor:
        n, h, w = maps.shape
        flat = maps.reshape(n, h * w)
        classes = torch.arange(self.num_classes, device=maps.device)
        correct = (labels == predictions)[:, None] & (labels[:, None] == classes)
        correct = correct.to(maps.dtype)
        counts = _sum_over_ranks(correct.sum(0))
        kept = (counts >= 2).to(maps.dtype)
        # Without this the mean of a class without images is 0 / 0.
        sizes = counts.clamp(min=1)[:, None]
        if self.reference == "batch":
            references = _sum_over_ranks(correct.T @ flat) / sizes
        else:
            means = _sum_over_ranks(correct.T @ flat.detach()) / sizes
            references = self._moving_averages(means.reshape(-1, h, w), kept.bool())
            references = references.reshape(-1, h * w).to(maps.dtype)
        deviations = self._deviations(maps, (correct @ references).reshape(n, h, w))
        counted = (correct @ kept * deviations).sum()
        images = (counts * kept).sum().clamp(min=1)
        loss = counted / (images * (1 if self.distance == "ssim" else h * w))
        if not _distributed():
            return loss
        total = _sum_over_ranks(loss.detach())
        scaled = loss * dist.get_world_size()
        return scaled + (total - scaled).detach()

    def _deviations(self, maps: Tensor, references: Tensor) -> Tensor:
        """Of each map [N, h, w]: [N], times the pixels except of "ssim"."""
        if self.distance == "ssim":
            return _ssim_distances(maps, references)
        differences = (maps - references).flatten(1)
        if self.distance == "l1":
            return differences.abs().sum(1)
        squares = differences.square().sum(1)
        if self.distance == "l2":
            zero = (squares == 0).to(maps.dtype)
            # The root's gradient at 0 is taken as 0.
            squares = (squares + zero).sqrt() - zero
        return squares

    @torch.no_grad()
    def _moving_averages(self, means: Tensor, present: Tensor) -> Tensor:
        """The reference maps [K, h, w], after the update with ``means`` of the classes present."""
        if self.reference_maps.shape[1:] != means.shape[1:]:
            if self.reference_maps.numel() > 0:
                raise ValueError(
                    f"maps: of {tuple(means.shape[1:])}; those before were of "
                    f"{tuple(self.reference_maps.shape[1:])}"
                )
            self.reference_maps = torch.zeros_like(means)
        old = self.reference_maps.to(means.dtype)
        seen = self.has_reference[:, None, None]
        averages = torch.where(seen, self.ema_decay * old + (1 - self.ema_decay) * means, means)
        new = torch.where(present[:, None, None], averages, old)
        if not self.training:
            return torch.where(seen, old, means)
        self.reference_maps = new
        self.has_reference = self.has_reference | present
        return new

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        saved = state_dict.get(prefix + "reference_maps")
        if saved is not None and saved.ndim == 3 and len(saved) == self.num_classes:
            self.reference_maps = torch.zeros_like(saved, device=self.reference_maps.device)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def extra_repr(self) -> str:
        return (
            f"num_classes={self.num_classes}, distance={self.distance!r}, "
            f"reference={self.reference!r}, ema_decay={self.ema_decay}, alpha={self.alpha!r}"
        )


def _ssim_distances(a: Tensor, b: Tensor) -> Tensor:
    """1 - SSIM (Wang et al. 2004) of maps [N, h, w]: [N], of an 11x11 Gaussian window where it fits."""
    n, h, w = a.shape
    side = min(h, w)
    size = min(11, side if side % 2 == 1 else side - 1)
    offsets = torch.arange(size, dtype=a.dtype, device=a.device) - size // 2
    window = torch.exp(-((offsets / 1.5) ** 2) / 2)
    window = window / window.sum()
    stacked = torch.cat([a, b, a * a, b * b, a * b])[:, None]
    rows = nn.functional.conv2d(stacked, window.reshape(1, 1, 1, size))
    means = nn.functional.conv2d(rows, window.reshape(1, 1, size, 1)).flatten(1)
    mean_a, mean_b, square_a, square_b, product = means.split(n)
    c1, c2 = 1e-4, 9e-4
    both, levels = mean_a * mean_b, mean_a.square() + mean_b.square()
    numerator = (2 * both + c1) * (2 * (product - both) + c2)
    return 1 - (numerator / ((levels + c1) * (square_a + square_b - levels + c2))).mean(1)


def _check_finite(maps: Tensor) -> None:
    """One NaN, even of an image that does not count, would reach every class's moving average."""
    if torch.compiler.is_compiling():
        return
    # A rank that raised alone would leave the others waiting for its sums.
    if _sum_over_ranks((~torch.isfinite(maps.detach())).any().to(torch.float32)) > 0:
        raise ValueError("maps: a value is not finite")


def _distributed() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def _sum_over_ranks(values: Tensor) -> Tensor:
    """The sum over all ranks, through which gradients of all ranks' losses flow."""
    return _AllReduce.apply(values) if _distributed() else values


class _AllReduce(torch.autograd.Function):
    """A sum over ranks has as its gradient the sum of the ranks' gradients."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        values = values.clone()
        dist.all_reduce(values)
        return values

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        gradient = gradients[0].contiguous().clone()
        dist.all_reduce(gradient)
        return gradient


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f'{name}: "{value}"; one of {", ".join(allowed)}')
    return value
