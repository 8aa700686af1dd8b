"""Grad-CAM maps as differentiable expressions (Eqs. 1 and 2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: Added to the range of a map (Eq. 2).
EPSILON = 1e-8


def grad_cam(
    activations: Tensor,
    logits_or_head: Tensor | nn.Linear,
    labels: Tensor,
    *,
    create_graph: bool = False,
) -> Tensor:
    """Normalised Grad-CAM maps of each image's label.

    Parameters
    ----------
    activations
        Output A of the hooked layer, [N, C, h, w], in the graph of the logits.
    logits_or_head
        Logits [N, K]; or the linear layer, if all that follows A is a global average pool, possibly
        dropout, and that layer. Then alpha is its weights / (h w), which needs no backward pass; a
        dropout mask is left out of it.
    labels
        Class indices [N].
    create_graph
        False (default): alpha is held constant (``alpha="detached"``). True: gradients flow through
        alpha too (``alpha="full"``), exactly.

    Returns
    -------
    Maps [N, h, w] in [0, 1), float32 (float64 of float64 activations); all zero where the weighted
    sum is constant.

    Raises
    ------
    ValueError
        Shapes that do not fit, or labels out of range.
    RuntimeError
        Activations that the logits do not depend on.
    """
    if activations.ndim != 4:
        raise ValueError(f"activations: shape {tuple(activations.shape)}; [N, C, h, w] is needed")
    alpha = class_weights(activations, logits_or_head, labels, create_graph=create_graph)
    return weighted_maps(activations, alpha)


def class_weights(
    activations: Tensor,
    logits_or_head: Tensor | nn.Linear,
    labels: Tensor,
    *,
    create_graph: bool,
) -> Tensor:
    """alpha [N, C] of Eq. 1 for activations [N, C, h, w]; arguments of ``grad_cam``."""
    if isinstance(logits_or_head, nn.Linear):
        check_classes("labels", labels, logits_or_head.out_features, len(activations))
        channels = activations.shape[1]
        if logits_or_head.in_features != channels:
            raise ValueError(
                f"logits_or_head: a linear layer of {logits_or_head.in_features} inputs for "
                f"{channels} channels; all that is between must be a global average pool"
            )
        pixels = activations.shape[2] * activations.shape[3]
        alpha = logits_or_head.weight[labels] / pixels
        return alpha if create_graph else alpha.detach()
    gradient = gradients(activations, logits_or_head, labels, create_graph=create_graph)
    return _full(gradient).mean(dim=(2, 3))


def gradients(
    activations: Tensor, logits: Tensor, labels: Tensor, *, create_graph: bool
) -> Tensor:
    """Gradients of each image's label's logit with respect to ``activations``, of their shape."""
    if logits.ndim != 2 or len(logits) != len(activations):
        raise ValueError(
            f"logits: shape {tuple(logits.shape)}; [{len(activations)}, K] is needed"
        )
    check_classes("labels", labels, logits.shape[1], len(logits))
    scores = logits.gather(1, labels[:, None]).sum()
    if not (activations.requires_grad and scores.requires_grad):
        raise RuntimeError("activations have no gradients: run the model outside torch.no_grad()")
    (found,) = torch.autograd.grad(
        scores, activations, create_graph=create_graph, retain_graph=True, allow_unused=True
    )
    if found is None:
        raise RuntimeError("the logits do not depend on the activations")
    return found


def weighted_maps(activations: Tensor, alpha: Tensor) -> Tensor:
    """Normalised maps [N, h, w] of activations [N, C, h, w] and weights [N, C]."""
    with torch.autocast(activations.device.type, enabled=False):
        raw = torch.einsum("nc,nchw->nhw", _full(alpha), _full(activations))
        return normalise(raw.relu())


def normalise(raw: Tensor) -> Tensor:
    """Each map [N, h, w] scaled to [0, 1) (Eq. 2)."""
    low = raw.amin(dim=(1, 2), keepdim=True)
    high = raw.amax(dim=(1, 2), keepdim=True)
    return (raw - low) / (high - low + EPSILON)


def check_classes(name: str, indices: Tensor, classes: int, images: int) -> None:
    """ValueError unless ``indices`` are N class indices below ``classes``. Not in compiled code, in
    which looking at values is not possible."""
    if indices.ndim != 1 or len(indices) != images:
        raise ValueError(f"{name}: shape {tuple(indices.shape)}; [{images}] is needed")
    if indices.is_floating_point() or indices.is_complex() or indices.dtype == torch.bool:
        raise ValueError(f"{name}: type {indices.dtype}; class indices are needed")
    if torch.compiler.is_compiling() or images == 0:
        return
    low, high = int(indices.min()), int(indices.max())
    if low < 0 or high >= classes:
        raise ValueError(f"{name}: {low if low < 0 else high}; classes run from 0 to {classes - 1}")


def _full(values: Tensor) -> Tensor:
    return values if values.dtype == torch.float64 else values.float()
