"""Classifiers in ONNX files, without PyTorch: ``Onnx``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _mitsume
from ._progress import progress

#: Mean and standard deviation by which pixels in [0, 1] are normalised, by the preset's name.
PRESETS: dict[str, tuple[list[float], list[float]]] = _mitsume.PRESETS


@dataclass(frozen=True)
class Explanation:
    """Logits and maps of a batch of images."""

    #: [N, K]
    logits: NDArray[np.float32]
    #: Maps in [0, 1), [N, h, w], at the size of the hooked layer.
    maps: NDArray[np.float32]
    #: The class each map is of, [N].
    targets: NDArray[np.int64]

    @property
    def predictions(self) -> NDArray[np.int64]:
        """Class of the largest logit, [N]."""
        return self.logits.argmax(axis=1)

    def enlarged(self, size: tuple[int, int]) -> NDArray[np.float32]:
        """The maps enlarged to ``size`` = (height, width) bilinearly, pixel centres aligned."""
        return np.stack([enlarge(one, size) for one in self.maps])


class Onnx:
    """An image classifier in an ONNX file, hooked at a layer.

    Parameters
    ----------
    path
        The file.
    preset
        "imagenet" or "levels" normalise images in [0, 1] channel by channel (resizing is left to
        the caller); None (default) takes images as they are.
    target_layer
        Layer whose maps are made, by node, value or module name, or several; None (default) for the
        last one with a spatial extent. ``layers`` lists them.
    layout, token_grid
        How that layer's output lies, where the model does not tell: "nchw", "nhwc", "tokens", and
        (rows, columns) of its tokens.
    size, channels
        (height, width) and channels of the images, where the file leaves them open.

    Raises
    ------
    ValueError
        A file that cannot be read, an operator that is not supported, a layer that does not exist.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        preset: str | None = None,
        target_layer: str | list[str] | None = None,
        layout: str | None = None,
        token_grid: tuple[int, int] | None = None,
        size: tuple[int, int] | None = None,
        channels: int | None = None,
    ) -> None:
        if preset is not None:
            _arrays.choice(preset, tuple(PRESETS), "preset")
        layers = [] if target_layer is None else target_layer
        self._model = _mitsume.Onnx(
            os.fspath(path),
            target_layers=[layers] if isinstance(layers, str) else list(layers),
            layout=layout,
            token_grid=None if token_grid is None else list(token_grid),
            size=None if size is None else list(size),
            channels=channels,
        )
        self._preset = preset
        self._path = os.fspath(path)
        if preset is not None and self.image_shape[0] != 3:
            raise ValueError(f'preset: "{preset}" is for 3 channels; {self.image_shape[0]} found')

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of its images."""
        channels, height, width = self._model.image()
        return channels, height, width

    @property
    def num_classes(self) -> int:
        """K."""
        return self._model.classes()

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return self._model.parameters()

    @property
    def target_layers(self) -> list[str]:
        """The hooked layers."""
        return self._model.target_layers()

    @property
    def map_size(self) -> tuple[int, int]:
        """Rows and columns of a map."""
        rows, columns = self._model.map_size()
        return rows, columns

    def layers(self) -> list[dict[str, Any]]:
        """Every layer that can be hooked, in order, as ``mitsume layers --json``."""
        return self._model.layers()

    def logits(self, images: ArrayLike, *, batch_size: int = 32) -> NDArray[np.float32]:
        """Logits [N, K] of images [N, C, H, W]."""
        images = self._images(images)
        parts = progress(self._batches(len(images), batch_size), "logits")
        return np.concatenate([self._model.logits(self._prepared(images[p])) for p in parts])

    def explain(
        self,
        images: ArrayLike,
        *,
        method: str = "grad-cam",
        target: ArrayLike | int | None = None,
        flip: bool = False,
        batch_size: int = 32,
    ) -> Explanation:
        """Logits and maps of images.

        Parameters
        ----------
        images
            [N, C, H, W], channels first, of the model's size; in [0, 1] with a preset, else as the
            model takes them.
        method
            One of ``mitsume.METHODS`` (default "grad-cam").
        target
            Class whose logit is explained: one for all or one per image, [N]; None (default) for
            each image's predicted class.
        flip
            Whether each map is averaged with that of the mirrored image, mirrored back.
        batch_size
            Images per forward pass (default 32). Ctrl-C is noticed between two.
        """
        _arrays.choice(method, tuple(_mitsume.METHODS), "method")
        images = self._images(images)
        targets = self._targets(target, len(images))
        found = []
        for part in progress(self._batches(len(images), batch_size), method):
            found.append(
                self._model.explain(
                    self._prepared(images[part]),
                    method=method,
                    flip=flip,
                    targets=None if targets is None else targets[part].tolist(),
                )
            )
        logits, maps, explained = (np.concatenate(parts) for parts in zip(*found))
        return Explanation(logits=logits, maps=maps, targets=explained)

    def _images(self, images: ArrayLike) -> NDArray[Any]:
        array = _arrays.to_numpy(images)
        if array.ndim == 3:
            array = array[np.newaxis]
        if array.ndim != 4 or array.shape[1:] != self.image_shape or len(array) == 0:
            channels, height, width = self.image_shape
            raise ValueError(
                f"images: shape {array.shape}; [N, {channels}, {height}, {width}] is needed"
            )
        if array.dtype.kind != "f":
            raise ValueError(f"images: type {array.dtype}; floats are needed (divide bytes by 255)")
        return array

    def _targets(self, target: ArrayLike | int | None, images: int) -> NDArray[np.int64] | None:
        if target is None:
            return None
        targets = np.asarray(target)
        if targets.ndim == 0:
            targets = np.full(images, targets)
        targets = _arrays.indices(targets, "target")
        if len(targets) != images:
            raise ValueError(f"target: {len(targets)} classes for {images} images")
        outside = targets[(targets < 0) | (targets >= self.num_classes)]
        if len(outside):
            raise ValueError(f"target: {outside[0]}; classes run from 0 to {self.num_classes - 1}")
        return targets

    def _prepared(self, images: NDArray[Any]) -> NDArray[np.float32]:
        images = np.asarray(images, dtype=np.float32)
        if not np.isfinite(images).all():
            raise ValueError("images: a value is not finite")
        if self._preset is None:
            return images
        if images.min() < 0 or images.max() > 1:
            raise ValueError(
                f'images: values from {images.min():.3g} to {images.max():.3g}; preset '
                f'"{self._preset}" normalises images in [0, 1]'
            )
        mean, std = (
            np.array(values, dtype=np.float32)[:, np.newaxis, np.newaxis]
            for values in PRESETS[self._preset]
        )
        return (images - mean) / std

    @staticmethod
    def _batches(images: int, batch_size: int) -> list[slice]:
        if batch_size < 1:
            raise ValueError(f"batch_size: {batch_size}; 1 or more")
        return [slice(at, at + batch_size) for at in range(0, images, batch_size)]

    def __repr__(self) -> str:
        return (
            f"Onnx({self._path!r}, target_layer={' + '.join(self.target_layers)!r}, "
            f"num_classes={self.num_classes})"
        )


def enlarge(map: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """``map`` [h, w] at ``size`` = (height, width), bilinearly with pixel centres aligned."""
    for axis, length in enumerate(size):
        old = map.shape[axis]
        at = np.clip((np.arange(length) + 0.5) * old / length - 0.5, 0, old - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, old - 1)
        share = np.expand_dims((at - low).astype(map.dtype), 1 - axis)
        map = map.take(low, axis) * (1 - share) + map.take(high, axis) * share
    return map
