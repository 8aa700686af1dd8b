"""Checks of arguments, which name them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def to_numpy(values: Any) -> NDArray[Any]:
    """``values`` as an array: tensors of PyTorch leave their device and their graph."""
    if hasattr(values, "detach"):
        values = values.detach()
        if str(values.dtype) == "torch.bfloat16":
            values = values.float()
        values = values.cpu()
    return np.asarray(values)


def maps(cams: ArrayLike, name: str = "cams") -> NDArray[Any]:
    """Maps [N, h, w] as float32 or float64; a channel axis of length 1 is dropped."""
    array = to_numpy(cams)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 3:
        raise ValueError(f"{name}: shape {array.shape}; maps [N, h, w] are needed")
    if array.dtype in (np.float32, np.float64):
        return array
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    raise ValueError(f"{name}: type {array.dtype}; numbers are needed")


def indices(values: ArrayLike, name: str) -> NDArray[np.int64]:
    """Class indices [N]."""
    array = to_numpy(values)
    if array.ndim != 1:
        raise ValueError(f"{name}: shape {array.shape}; one class index per map, [N], is needed")
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name}: type {array.dtype}; whole numbers are needed")
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{name}: {array.max()} is no class index")
    return array.astype(np.int64, copy=False)


def number_of_classes(num_classes: int | None) -> int | None:
    """A positive number, or None."""
    if num_classes is not None and not 1 <= int(num_classes) <= 1 << 16:
        raise ValueError(f"num_classes: {num_classes}; 1 to {1 << 16}")
    return None if num_classes is None else int(num_classes)


def choice(value: str, allowed: tuple[str, ...], name: str) -> str:
    """``value``, one of ``allowed``."""
    if value not in allowed:
        raise ValueError(f'{name}: "{value}"; one of {", ".join(allowed)}')
    return value


def optional(value: float | None) -> float:
    """NaN for a number that is not defined."""
    return float("nan") if value is None else float(value)
