"""The metric of maps that come batch by batch: ``GazeConsistency``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _arrays
from ._consistency import ConsistencyResult, from_score
from ._mitsume import Streaming


class GazeConsistency:
    """Sums of the maps so far: memory does not grow with the number of images.

    It computes "squared-l2" (the definition), its chance-corrected form, accuracy and kappa. The
    form "l2" needs the class means before the maps, so only ``consistency`` has it.

    Parameters
    ----------
    num_classes
        K.
    grid
        Rows and columns of the common grid (default 7).
    normalise
        Whether each map is first scaled to [0, 1) by its minimum and maximum (default False).

    Examples
    --------
    >>> metric = GazeConsistency(num_classes=4)
    >>> for cams, labels, predictions in batches:
    ...     metric.update(cams, labels, predictions)
    >>> metric.compute().value
    """

    def __init__(self, num_classes: int, *, grid: int = 7, normalise: bool = False) -> None:
        if not 1 <= grid <= 64:
            raise ValueError(f"grid: {grid}; 1 to 64")
        classes = _arrays.number_of_classes(num_classes)
        if classes is None:
            raise ValueError("num_classes: None; how many classes are there?")
        self._settings = {"num_classes": classes, "grid": int(grid), "normalise": bool(normalise)}
        self.reset()

    @property
    def num_classes(self) -> int:
        """K."""
        return int(self._settings["num_classes"])

    @property
    def images(self) -> int:
        """Images so far."""
        return self._sums.images()

    def update(self, cams: ArrayLike, labels: ArrayLike, predictions: ArrayLike) -> None:
        """Adds a batch: maps [N, h, w], class indices [N] and [N]; see ``consistency``.

        On an error nothing is added.
        """
        self._sums.update(
            _arrays.maps(cams),
            _arrays.indices(labels, "labels"),
            _arrays.indices(predictions, "predictions"),
        )

    def merge(self, other: GazeConsistency) -> None:
        """Adds the images of another one with the same settings, of another process for instance."""
        self._sums.merge(other._sums)

    def compute(self) -> ConsistencyResult:
        """The result so far. ValueError before the first image."""
        score = self._sums.score()
        mean_maps = self._sums.mean_maps()
        if score is None or mean_maps is None:
            raise ValueError("no maps yet: call update first")
        return from_score(score, "squared-l2", mean_maps, np.empty(0))

    def reset(self) -> None:
        """Forgets all images."""
        self._sums = Streaming(
            self._settings["num_classes"],
            grid=self._settings["grid"],
            normalise=bool(self._settings["normalise"]),
        )

    def __getstate__(self) -> dict[str, Any]:
        return {"settings": self._settings, "state": self._sums.state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._settings = dict(state["settings"])
        self._sums = Streaming.from_state(np.ascontiguousarray(state["state"], dtype=np.float64))

    def __repr__(self) -> str:
        return f"GazeConsistency(num_classes={self.num_classes}, images={self.images})"
