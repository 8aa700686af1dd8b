"""The metric as Quantus calls its own: ``metric(model=, x_batch=, y_batch=, a_batch=)``.

>>> import quantus
>>> from mitsume.quantus import GazeConsistency
>>> quantus.evaluate(
...     metrics={"Gaze consistency": GazeConsistency()},
...     xai_methods={"GradCAM": attributions},
...     model=model, x_batch=x_batch, y_batch=y_batch, call_kwargs={"all images": {}},
... )

Quantus itself is not needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import to_numpy
from ._consistency import ConsistencyResult, Distance, Measures, consistency


class GazeConsistency:
    """Deviation of each image's attribution from the mean attribution of its class, over the images
    that the model predicts correctly. Lower is more consistent.

    Unlike the measures of Quantus it compares images with one another: call it with all images of
    the evaluation, not batch by batch.

    Parameters
    ----------
    distance
        "squared-l2" (the definition) or "l2" (as published with the thesis).
    normalise
        Scale each attribution by its minimum and maximum first (Eq. 2). Without it they must lie
        in [0, 1].
    measures
        "none", "grid" or "all", as of ``mitsume.consistency``.
    return_aggregate
        Return the average alone, in a list.
    """

    def __init__(
        self,
        distance: Distance = "squared-l2",
        *,
        normalise: bool = True,
        measures: Measures = "none",
        return_aggregate: bool = False,
    ) -> None:
        self.distance: Distance = distance
        self.normalise = normalise
        self.measures: Measures = measures
        self.return_aggregate = return_aggregate
        #: Of the last call: a number per image.
        self.last_results: list[float] = []
        #: Of every call.
        self.all_results: list[list[float]] = []
        #: Of the last call: per class, mean maps, and the other measures.
        self.result: ConsistencyResult | None = None

    def __call__(
        self,
        model: Any,
        x_batch: ArrayLike,
        y_batch: ArrayLike,
        a_batch: ArrayLike | None = None,
        s_batch: ArrayLike | None = None,
        explain_func: Callable[..., ArrayLike] | None = None,
        explain_func_kwargs: dict[str, Any] | None = None,
        device: str | None = None,
        batch_size: int = 64,
        **ignored: Any,
    ) -> list[float]:
        """A number per image; NaN for an image that the model does not predict correctly.

        Parameters
        ----------
        model
            A ``torch.nn.Module``, which must be in evaluation mode, or a function from images
            [N, C, H, W] to scores [N, K].
        x_batch
            Images [N, C, H, W].
        y_batch
            Class indices [N]: the labels, and the classes that the attributions are of.
        a_batch
            Attributions [N, h, w] or [N, 1, h, w]; without them ``explain_func`` makes them.
        s_batch, ignored
            Taken, because Quantus passes them to every measure, and not used.
        explain_func, explain_func_kwargs
            ``explain_func(model=, inputs=, targets=, **explain_func_kwargs)`` makes attributions.
        device
            Of PyTorch; default that of the model's parameters.
        batch_size
            Images that are predicted at once.
        """
        images, labels = to_numpy(x_batch), to_numpy(y_batch)
        if a_batch is None:
            if explain_func is None:
                raise ValueError("a_batch: give attributions, or explain_func to make them")
            options = explain_func_kwargs or {}
            a_batch = explain_func(model=model, inputs=images, targets=labels, **options)
        result = consistency(
            a_batch,
            labels,
            predicted_classes(model, images, device, batch_size),
            distance=self.distance,
            normalise=self.normalise,
            measures=self.measures,
        )
        self.result = result
        scores = [result.value] if self.return_aggregate else result.deviations.tolist()
        self.last_results = scores
        self.all_results.append(scores)
        return scores


def predicted_classes(
    model: Any, images: NDArray[Any], device: str | None, batch_size: int
) -> NDArray[np.int64]:
    """The class of the highest score, [N]."""
    if batch_size < 1:
        raise ValueError(f"batch_size: {batch_size}; at least 1")
    score = torch_scores(model, device) if hasattr(model, "named_parameters") else model
    classes = []
    for begin in range(0, len(images), batch_size):
        batch = images[begin : begin + batch_size]
        scores = to_numpy(score(batch))
        if scores.ndim != 2 or len(scores) != len(batch):
            found = f"scores of shape {scores.shape} for {len(batch)} images"
            raise ValueError(f"model: {found}; [N, K] is needed")
        classes.append(scores.argmax(axis=1))
    return np.concatenate(classes) if classes else np.empty(0, dtype=np.int64)


def torch_scores(model: Any, device: str | None) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """A ``torch.nn.Module`` as a function of arrays."""
    import torch

    if model.training:
        raise ValueError("model: in training mode, where predictions change; call model.eval()")
    parameter = next(model.parameters(), torch.empty(0))
    place = parameter.device if device is None else device

    def score(images: NDArray[Any]) -> NDArray[Any]:
        with torch.no_grad():
            scores = model(torch.as_tensor(images, dtype=parameter.dtype, device=place))
            return scores.float().cpu().numpy()

    return score
