"""Tests of maps on arrays: localisation, faithfulness and sanity checks.

Maps are [N, H, W] and masks [N, H, W] of truth values. Functions that perturb images call
``model``, a function from images [M, C, H, W] (float32) to scores [M, K], usually probabilities;
an ``Onnx`` has ``logits``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _mitsume
from ._progress import progress

Model = Callable[[NDArray[np.float32]], ArrayLike]

__all__ = [
    "deletion",
    "insertion",
    "localisation",
    "pointing",
    "randomisation",
    "road",
    "similarity",
    "Curves",
    "Road",
]


def pointing(maps: ArrayLike, masks: ArrayLike, *, tolerance: float = 0.0) -> dict[str, Any]:
    """The pointing game (Zhang et al. 2018): does the maximum lie on the object?

    Returns
    -------
    "accuracy", and per image "hit" [N], "distance" [N] in pixels (0 on the object) and "maxima" [N],
    the number of pixels with the maximum. A hit is a distance of at most ``tolerance`` pixels
    (default 0).
    """
    maps, masks = _maps_and_masks(maps, masks)
    found = [_mitsume.pointing(m, k, float(tolerance)) for m, k in zip(maps, masks)]
    return {
        "accuracy": float(np.mean([one["hit"] for one in found])),
        **_columns(found, ("hit", "distance", "maxima")),
    }


def localisation(maps: ArrayLike, masks: ArrayLike, *, fraction: float = 0.05) -> dict[str, Any]:
    """Relevance mass and rank accuracy (Arras et al. 2022), and overlap of the top ``fraction``.

    Returns
    -------
    Arrays [N] by name (docs/measures.md), NaN where a map is constant; "mask_share" is what a
    uniform map would have.
    """
    maps, masks = _maps_and_masks(maps, masks)
    found = [_mitsume.localisation(m, k, float(fraction)) for m, k in zip(maps, masks)]
    return _columns(found, tuple(found[0]))


def similarity(a: ArrayLike, b: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """Spearman's rank correlation and structural similarity of maps [N, h, w] and [N, h, w].

    Returns
    -------
    "spearman" [N] and "ssim" [N]; NaN where one of the two is constant.
    """
    first, second = _single(a, "a"), _single(b, "b")
    if first.shape != second.shape:
        raise ValueError(f"b: shape {second.shape}; that of a, {first.shape}, is needed")
    found = [_mitsume.similarity(x, y) for x, y in zip(first, second)]
    return _columns(found, ("spearman", "ssim"))


def randomisation(
    maps: ArrayLike, randomised: ArrayLike, *, layers: Sequence[str] | None = None, seed: int = 0
) -> dict[str, Any]:
    """The cascading randomisation test (Adebayo et al. 2018) from maps.

    Parameters
    ----------
    maps
        Of the trained model, [N, h, w].
    randomised
        Of the model with random weights from the top down to each of S layers, [S, N, h, w].
    layers
        Names of the S layers (default "1", "2", ...).
    seed
        Of the bootstrap (default 0).

    Returns
    -------
    The object of ``mitsume trust --json``: similarities per stage, and the verdict.
    """
    original = _single(maps, "maps")
    stages = np.stack([_single(stage, "randomised") for stage in _arrays.to_numpy(randomised)])
    if stages.shape[1:] != original.shape:
        raise ValueError(f"randomised: shape {stages.shape}; [S, *{original.shape}] is needed")
    names = [str(i + 1) for i in range(len(stages))] if layers is None else list(layers)
    if len(names) != len(stages):
        raise ValueError(f"layers: {len(names)} names for {len(stages)} stages")
    return _mitsume.randomisation(original, list(stages), names, int(seed))


@dataclass(frozen=True)
class Curves:
    """Curves of deletion or insertion."""

    #: Fraction of pixels changed, [M].
    shares: NDArray[np.float64]
    #: Score of the target at each, [N, M].
    scores: NDArray[np.float64]
    #: Area under each curve, [N].
    area: NDArray[np.float64]

    @property
    def mean_area(self) -> float:
        """Mean over the images."""
        return float(self.area.mean())


def deletion(
    model: Model,
    images: ArrayLike,
    maps: ArrayLike,
    targets: ArrayLike,
    *,
    step: int | None = None,
    baseline: str = "zeros",
) -> Curves:
    """Deletion (Petsiuk et al. 2018): the most relevant pixels become ``baseline``.

    Parameters
    ----------
    images, maps, targets
        [N, C, H, W] as ``model`` takes them, [N, H, W] (enlarged to the images if smaller), and the
        class of each, [N].
    step
        Pixels changed at once (default the image's width).
    baseline
        "zeros" (default) or "blurred".
    """
    return _curves(model, images, maps, targets, step, baseline, inserts=False)


def insertion(
    model: Model,
    images: ArrayLike,
    maps: ArrayLike,
    targets: ArrayLike,
    *,
    step: int | None = None,
    baseline: str = "blurred",
) -> Curves:
    """Insertion (Petsiuk et al. 2018): the most relevant pixels are added to ``baseline``.

    Arguments as of ``deletion``.
    """
    return _curves(model, images, maps, targets, step, baseline, inserts=True)


@dataclass(frozen=True)
class Road:
    """Results of ROAD."""

    #: [P]
    percentiles: NDArray[np.int64]
    #: Score of the target with the most relevant pixels removed, [N, P].
    most_relevant_first: NDArray[np.float64]
    #: With the least relevant removed, [N, P].
    least_relevant_first: NDArray[np.float64]
    #: Half the difference of the mean changes, [N]; higher is more faithful.
    combined: NDArray[np.float64]


def road(
    model: Model,
    images: ArrayLike,
    maps: ArrayLike,
    targets: ArrayLike,
    *,
    percentiles: Sequence[int] = (20, 40, 60, 80),
    seed: int = 0,
) -> Road:
    """ROAD (Rong et al. 2022): removed pixels are imputed from their neighbours.

    Arguments as of ``deletion``; ``seed`` of the noise on imputed pixels (default 0).
    """
    images, maps, targets = _perturbed(images, maps, targets)
    found = []
    for image, map, target in progress(list(zip(images, maps, targets)), "road"):
        made = _mitsume.road_images(image, map, list(percentiles), int(seed))
        scores = _scores(model, np.concatenate([image[np.newaxis], made]), target)
        found.append(_mitsume.road_result(scores[0], scores[1:], list(percentiles)))
    return Road(
        percentiles=np.array(percentiles, dtype=np.int64),
        most_relevant_first=np.array([one["most_relevant_first"] for one in found]),
        least_relevant_first=np.array([one["least_relevant_first"] for one in found]),
        combined=np.array([one["combined"] for one in found]),
    )


def _curves(
    model: Model,
    images: ArrayLike,
    maps: ArrayLike,
    targets: ArrayLike,
    step: int | None,
    baseline: str,
    *,
    inserts: bool,
) -> Curves:
    images, maps, targets = _perturbed(images, maps, targets)
    if step is not None and step < 1:
        raise ValueError(f"step: {step}; 1 or more")
    options: dict[str, Any] = {
        "inserts": inserts,
        "step": images.shape[3] if step is None else int(step),
        "baseline": baseline,
    }
    found = []
    what = "insertion" if inserts else "deletion"
    for image, map, target in progress(list(zip(images, maps, targets)), what):
        made = _mitsume.perturbed_images(image, map, **options)
        scores = _scores(model, made, target)
        found.append(_mitsume.perturbation_curve(image, map, scores, **options))
    return Curves(
        shares=np.array(found[0]["shares"]),
        scores=np.array([one["scores"] for one in found]),
        area=np.array([one["area"] for one in found]),
    )


def _scores(model: Model, images: NDArray[np.float32], target: int) -> list[float]:
    scores = _arrays.to_numpy(model(images))
    if scores.ndim != 2 or len(scores) != len(images) or not 0 <= target < scores.shape[1]:
        raise ValueError(
            f"model: scores of shape {scores.shape} for {len(images)} images and class {target}"
        )
    return scores[:, target].astype(np.float64).tolist()


def _perturbed(
    images: ArrayLike, maps: ArrayLike, targets: ArrayLike
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    from ._onnx import enlarge

    array = _arrays.to_numpy(images).astype(np.float32, copy=False)
    if array.ndim != 4 or len(array) == 0:
        raise ValueError(f"images: shape {array.shape}; [N, C, H, W] is needed")
    given = _single(maps, "maps")
    classes = _arrays.indices(targets, "targets")
    for name, found in (("maps", given), ("targets", classes)):
        if len(found) != len(array):
            raise ValueError(f"{name}: {len(found)} for {len(array)} images")
    size = (array.shape[2], array.shape[3])
    if given.shape[1:] != size:
        given = np.stack([enlarge(map, size) for map in given])
    return np.ascontiguousarray(array), given, classes


def _single(maps: ArrayLike, name: str) -> NDArray[np.float32]:
    array = _arrays.to_numpy(maps)
    if array.ndim == 2:
        array = array[np.newaxis]
    array = _arrays.maps(array, name)
    if len(array) == 0:
        raise ValueError(f"{name}: no map")
    return array.astype(np.float32, copy=False)


def _maps_and_masks(
    maps: ArrayLike, masks: ArrayLike
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    given = _single(maps, "maps")
    mask = _arrays.to_numpy(masks)
    if mask.ndim == 2:
        mask = mask[np.newaxis]
    if mask.shape != given.shape:
        raise ValueError(f"masks: shape {mask.shape}; that of maps, {given.shape}, is needed")
    return given, mask.astype(np.bool_)


def _columns(found: list[dict[str, Any]], names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    def column(name: str) -> NDArray[Any]:
        values = [one[name] for one in found]
        return np.array([np.nan if value is None else value for value in values])

    return {name: column(name) for name in names}
