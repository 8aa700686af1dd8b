"""A layer's output, for maps of the same forward pass."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ._maps import class_weights, gradients, weighted_maps


class CamRecorder:
    """Keeps the last output of a layer, for maps without a second forward pass.

    It holds one batch's output until the maps are made, the next batch comes, or it is closed; the
    hook is removed by ``close``, at the end of a ``with`` block, and with the recorder itself.

    Parameters
    ----------
    model
        The network, possibly in ``DistributedDataParallel`` or ``DataParallel``'s ``module``.
    layer
        The layer, or its name as in ``model.named_modules()``.
    layout
        Of its output: "nchw" (default), "nhwc", or "tokens" [N, T, C].
    token_grid
        (rows, columns) of "tokens"; the tokens before them, as class tokens, are left out.

    Examples
    --------
    >>> with CamRecorder(model, "layer4") as recorder:
    ...     logits = model(images)
    ...     maps = recorder.maps(logits, labels)
    """

    def __init__(
        self,
        model: nn.Module,
        layer: str | nn.Module,
        *,
        layout: str = "nchw",
        token_grid: tuple[int, int] | None = None,
    ) -> None:
        if layout not in ("nchw", "nhwc", "tokens"):
            raise ValueError(f'layout: "{layout}"; one of nchw, nhwc, tokens')
        if (layout == "tokens") != (token_grid is not None):
            raise ValueError(f'token_grid: {token_grid}; it belongs to layout="tokens"')
        self._layout, self._token_grid = layout, token_grid
        self._recorded: _Recorded = _Recorded()
        self._handle = _layer(model, layer).register_forward_hook(self._recorded.hook)

    @property
    def activations(self) -> Tensor:
        """The layer's last output. RuntimeError without one."""
        return self._recorded.output()

    def maps(
        self,
        logits: Tensor,
        labels: Tensor,
        *,
        alpha: str = "detached",
        head: nn.Linear | None = None,
    ) -> Tensor:
        """Normalised Grad-CAM maps [N, h, w] of the last forward pass; its output is let go.

        Parameters
        ----------
        logits, labels
            [N, K] of that pass, and class indices [N].
        alpha
            "detached" (default) or "full", of which the gradient is exact; ``ConsistencyLoss.alpha``.
        head
            The linear layer, if only a global average pool (and dropout, whose mask is left out) is
            between; see ``grad_cam``. It spares the backward pass for alpha.
        """
        if alpha not in ("full", "detached"):
            raise ValueError(f'alpha: "{alpha}"; full or detached')
        create_graph = alpha == "full"
        output = self.activations
        self._recorded.clear()
        features = self._as_nchw(output)
        if head is not None:
            weights = class_weights(features, head, labels, create_graph=create_graph)
        else:
            # Of the output itself: the logits do not depend on a rearranged copy.
            found = gradients(output, logits, labels, create_graph=create_graph)
            found = self._as_nchw(found)
            weights = found.to(torch.promote_types(found.dtype, torch.float32)).mean(dim=(2, 3))
        return weighted_maps(features, weights)

    def close(self) -> None:
        """Removes the hook and lets the last output go."""
        self._handle.remove()
        self._recorded.clear()

    def __enter__(self) -> CamRecorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            self.close()

    def _as_nchw(self, values: Tensor) -> Tensor:
        if self._layout == "tokens":
            rows, columns = self._token_grid or (0, 0)
            if values.ndim != 3 or values.shape[1] < rows * columns:
                raise ValueError(
                    f"token_grid: {self._token_grid} for an output of {tuple(values.shape)}"
                )
            tokens = values[:, values.shape[1] - rows * columns :]
            return tokens.transpose(1, 2).unflatten(2, (rows, columns))
        if values.ndim != 4:
            raise ValueError(
                f"layer: its output is of shape {tuple(values.shape)}; for [N, T, C] give "
                'layout="tokens" and token_grid'
            )
        return values.permute(0, 3, 1, 2) if self._layout == "nhwc" else values


class _Recorded:
    """What the hook keeps; it knows nothing of the recorder, so that this one can be collected."""

    def __init__(self) -> None:
        self._output: Tensor | None = None
        self._version = 0

    def hook(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if not isinstance(output, Tensor):
            raise TypeError(f"the hooked layer's output is a {type(output).__name__}, not a tensor")
        self._output = output
        self._version = 0 if output.is_inference() else output._version

    def output(self) -> Tensor:
        if self._output is None:
            raise RuntimeError("no output recorded: run the model first, once for each call")
        if not self._output.is_inference() and self._output._version != self._version:
            raise RuntimeError(
                "the hooked layer's output was changed in place by the next layer (inplace=True); "
                "hook that layer instead"
            )
        return self._output

    def clear(self) -> None:
        self._output = None

    def __reduce__(self) -> Any:
        # Copies of the hooked model: an output in a graph cannot be copied.
        return _Recorded, ()


def _layer(model: nn.Module, layer: str | nn.Module) -> nn.Module:
    if isinstance(layer, nn.Module):
        if not any(module is layer for module in model.modules()):
            raise ValueError(f"layer: this {type(layer).__name__} is not a module of the model")
        return layer
    names = dict(model.named_modules())
    for name in (layer, f"module.{layer}"):
        if name and name in names:
            return names[name]
    close = ", ".join([name for name in names if name][-5:])
    raise ValueError(f'layer: "{layer}" is not a module of the model; its last ones are {close}')
