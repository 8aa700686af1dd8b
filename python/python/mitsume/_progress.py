"""Progress of long loops, by tqdm where it is installed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

#: Shorter loops show nothing.
MIN_STEPS = 8


def progress(steps: list[T], what: str) -> Iterable[T]:
    """``steps``, with a bar named ``what`` if there are many."""
    if len(steps) < MIN_STEPS:
        return steps
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return steps
    return tqdm(steps, desc=what, leave=False)
