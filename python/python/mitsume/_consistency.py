"""The metric on arrays: ``consistency``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _mitsume

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

Distance = Literal["squared-l2", "l2"]
Measures = Literal["none", "grid", "all"]

DISTANCES = ("squared-l2", "l2")
#: Random assignments of the permutation test, as of ``mitsume eval --measures all``.
PERMUTATIONS = 999


@dataclass(frozen=True)
class ConsistencyResult:
    """How consistently a classifier looks at the same place; lower values are more consistent.

    Numbers that are not defined are NaN: of a class without a correct image, for instance.
    """

    #: Average deviation of the correct images' maps from their class mean maps, by ``distance``.
    value: float
    #: "squared-l2", the definition, or "l2", the form published with the thesis.
    distance: str
    #: The same per class, [K].
    per_class: NDArray[np.float64]
    #: Images of each class, [K].
    images_per_class: NDArray[np.int64]
    #: Correct images of each class, [K].
    correct_per_class: NDArray[np.int64]
    #: Class mean maps of the correct images, [K, h, w].
    mean_maps: NDArray[np.float64]
    #: Deviation of each image's map from its class mean map, [N]; NaN for an image that is not
    #: correct. Empty where it was not kept (``GazeConsistency``).
    deviations: NDArray[np.float64]
    #: Share of the maps' variance on the common grid that the class explains, corrected for chance:
    #: 1 at most, about 0 by chance alone; higher is more consistent.
    chance_corrected: float
    #: Share of random assignments of images to classes that give at least as much; with
    #: ``measures="all"``.
    chance_p: float
    #: Accuracy of the classifier, in [0, 1].
    accuracy: float
    #: Cohen's kappa of the classifier.
    kappa: float
    #: Images.
    images: int
    #: Correct images, which the metric is of.
    correct: int
    #: Further measures by name (docs/measures.md), as of ``mitsume eval --json``.
    measures: dict[str, Any] = field(default_factory=dict)

    @property
    def num_classes(self) -> int:
        """K."""
        return len(self.per_class)

    def to_pandas(self, class_names: list[str] | None = None) -> pandas.DataFrame:
        """One row per class. Needs pandas."""
        import pandas

        return pandas.DataFrame(
            {
                "class": self._names(class_names),
                "images": self.images_per_class,
                "correct": self.correct_per_class,
                self.distance: self.per_class,
            }
        )

    def figure(self, class_names: list[str] | None = None, max_classes: int = 12) -> Figure:
        """The mean maps of the ``max_classes`` least consistent classes. Needs matplotlib."""
        from ._figure import NotebookFigure

        order = [k for k in np.argsort(-self.per_class) if not np.isnan(self.per_class[k])]
        shown = order[:max_classes]
        if not shown:
            raise ValueError("no class has a correct image")
        columns = min(4, len(shown))
        rows = -(-len(shown) // columns)
        figure = NotebookFigure(figsize=(2.6 * columns, 2.8 * rows), layout="constrained")
        axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
        names = self._names(class_names)
        for axis in axes:
            axis.axis("off")
        images = []
        for axis, k in zip(axes, shown):
            images.append(axis.imshow(self.mean_maps[k], vmin=0, vmax=1, cmap="viridis"))
            axis.set_title(f"{names[k]}\n{self.distance} {self.per_class[k]:.4f}", fontsize=9)
        figure.colorbar(images[0], ax=list(axes), shrink=0.8, label="mean map")
        return figure

    def _names(self, class_names: list[str] | None) -> list[str]:
        if class_names is None:
            return [str(k) for k in range(self.num_classes)]
        if len(class_names) != self.num_classes:
            raise ValueError(
                f"class_names: {len(class_names)} names for {self.num_classes} classes"
            )
        return list(class_names)

    def __repr__(self) -> str:
        return (
            f"ConsistencyResult({self.distance}={self.value:.6g}, "
            f"chance_corrected={self.chance_corrected:.4g}, kappa={self.kappa:.4g}, "
            f"correct={self.correct} of {self.images}, num_classes={self.num_classes})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{k}</td><td>{images}</td><td>{correct}</td><td>{value:.4f}</td></tr>"
            for k, (images, correct, value) in enumerate(
                zip(self.images_per_class, self.correct_per_class, self.per_class)
            )
            if images > 0
        )
        return (
            f"<p>{self.distance} <b>{self.value:.5f}</b> (lower is more consistent), "
            f"chance-corrected {self.chance_corrected:.3f}, kappa {self.kappa:.3f}, "
            f"{self.correct} of {self.images} images correct</p>"
            f"<table><tr><th>class</th><th>images</th><th>correct</th><th>{self.distance}</th></tr>"
            f"{rows}</table>"
        )


def consistency(
    cams: ArrayLike,
    labels: ArrayLike,
    predictions: ArrayLike,
    *,
    distance: Distance = "squared-l2",
    grid: int = 7,
    measures: Measures = "grid",
    num_classes: int | None = None,
    normalise: bool = False,
) -> ConsistencyResult:
    """Gaze consistency of class activation maps.

    Parameters
    ----------
    cams
        Maps [N, h, w] in [0, 1], of each image's label; float32 or float64 of any strides without a
        copy. Tensors of PyTorch are taken too.
    labels, predictions
        Class indices of the truth and of the classifier, [N], from 0. Only images whose prediction
        is their label count.
    distance
        "squared-l2", the definition (default), or "l2", the form published with the thesis.
    grid
        Rows and columns of the common grid on which maps of different size can be compared.
    measures
        "none", "grid" (default: the chance-corrected consistency, which costs little), or "all"
        (its permutation test; the cosine, Jensen-Shannon, earth mover's, Pearson, SSIM and region
        distances to the class mean map; soft IoU and SSIM of pairs of maps of one class, at most
        4096 of them, with the standard error of drawing these; and the maps' complexity).
    num_classes
        K; by default one more than the largest index.
    normalise
        Whether each map is first scaled to [0, 1) by its minimum and maximum (Eq. 2), as maps that
        are not normalised need.

    Raises
    ------
    ValueError
        Arrays whose shapes do not fit, class indices out of range, or values that are not finite or
        not in [0, 1].
    """
    _arrays.choice(distance, DISTANCES, "distance")
    _arrays.choice(measures, ("none", "grid", "all"), "measures")
    if not 1 <= grid <= 64:
        raise ValueError(f"grid: {grid}; 1 to 64")
    array = _arrays.maps(cams)
    found = _mitsume.score(
        array,
        _arrays.indices(labels, "labels"),
        _arrays.indices(predictions, "predictions"),
        {
            "classes": _arrays.number_of_classes(num_classes),
            "grid": None if measures == "none" else int(grid),
            "permutations": PERMUTATIONS if measures == "all" else 0,
            "normalise": bool(normalise),
            "distance": distance,
        },
    )
    return from_score(found["score"], distance, found["mean_maps"], found["deviations"])


def from_score(
    score: dict[str, Any],
    distance: str,
    mean_maps: NDArray[np.float64],
    deviations: NDArray[np.float64],
) -> ConsistencyResult:
    """The result of a score as the program writes it."""
    key = distance.replace("-", "_")
    measures = score.get("measures") or {}
    per_class = score["per_class"]

    def of_classes(name: str, kind: type) -> NDArray[Any]:
        return np.array([entry[name] for entry in per_class], dtype=kind)

    return ConsistencyResult(
        value=_arrays.optional(score["consistency"][key]),
        distance=distance,
        per_class=np.array([_arrays.optional(entry[key]) for entry in per_class]),
        images_per_class=of_classes("images", np.int64),
        correct_per_class=of_classes("correct", np.int64),
        mean_maps=mean_maps,
        deviations=deviations,
        chance_corrected=_arrays.optional(measures.get("chance_corrected")),
        chance_p=_arrays.optional(measures.get("chance_p")),
        accuracy=score["accuracy"],
        kappa=_arrays.optional(score["kappa"]),
        images=score["images"],
        correct=score["correct"],
        measures=measures,
    )
