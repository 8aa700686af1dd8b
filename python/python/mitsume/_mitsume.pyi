"""The extension module; see the Python sources beside it for what users call."""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__version__: str
METHODS: list[str]
PRESETS: dict[str, tuple[list[float], list[float]]]

Floats = NDArray[np.float32] | NDArray[np.float64]

def run(arguments: list[str]) -> int: ...
def score(
    cams: Floats,
    labels: NDArray[np.int64],
    predictions: NDArray[np.int64],
    settings: dict[str, Any],
) -> dict[str, Any]: ...
def pointing(
    map: NDArray[np.float32], mask: NDArray[np.bool_], tolerance: float
) -> dict[str, Any]: ...
def localisation(
    map: NDArray[np.float32], mask: NDArray[np.bool_], fraction: float
) -> dict[str, Any]: ...
def similarity(a: NDArray[np.float32], b: NDArray[np.float32]) -> dict[str, Any]: ...
def randomisation(
    original: NDArray[np.float32], stages: list[NDArray[np.float32]], layers: list[str], seed: int
) -> dict[str, Any]: ...
def perturbed_images(
    image: NDArray[np.float32],
    map: NDArray[np.float32],
    *,
    inserts: bool,
    step: int,
    baseline: str,
) -> NDArray[np.float32]: ...
def perturbation_curve(
    image: NDArray[np.float32],
    map: NDArray[np.float32],
    scores: list[float],
    *,
    inserts: bool,
    step: int,
    baseline: str,
) -> dict[str, Any]: ...
def road_images(
    image: NDArray[np.float32], map: NDArray[np.float32], percentiles: list[int], seed: int
) -> NDArray[np.float32]: ...
def road_result(
    original: float, scores: list[float], percentiles: list[int]
) -> dict[str, Any]: ...
@final
class Streaming:
    def __new__(cls, classes: int, *, grid: int, normalise: bool) -> Streaming: ...
    def update(
        self, cams: Floats, labels: NDArray[np.int64], predictions: NDArray[np.int64]
    ) -> None: ...
    def merge(self, other: Streaming) -> None: ...
    def score(self) -> dict[str, Any] | None: ...
    def mean_maps(self) -> NDArray[np.float64] | None: ...
    def images(self) -> int: ...
    def state(self) -> NDArray[np.float64]: ...
    @staticmethod
    def from_state(state: NDArray[np.float64]) -> Streaming: ...
@final
class Onnx:
    def __new__(
        cls,
        path: str,
        *,
        target_layers: list[str],
        layout: str | None,
        token_grid: list[int] | None,
        size: list[int] | None,
        channels: int | None,
    ) -> Onnx: ...
    def image(self) -> tuple[int, int, int]: ...
    def classes(self) -> int: ...
    def parameters(self) -> int: ...
    def target_layers(self) -> list[str]: ...
    def map_size(self) -> tuple[int, int]: ...
    def layers(self) -> list[dict[str, Any]]: ...
    def logits(self, images: NDArray[np.float32]) -> NDArray[np.float32]: ...
    def explain(
        self,
        images: NDArray[np.float32],
        *,
        method: str,
        flip: bool,
        targets: list[int] | None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]: ...
