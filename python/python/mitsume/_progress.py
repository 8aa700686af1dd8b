"""Progress of long loops, by tqdm where it is installed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from types import TracebackType
from typing import Any, TypeVar

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


class ActivityBar:
    """The progress that the program ``mitsume`` writes as lines of JSON, as a bar."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._activity = ""

    def __enter__(self) -> ActivityBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def show(self, line: str) -> bool:
        """Shows ``line`` if it is one of progress; says whether it was."""
        if not line.startswith('{"activity":'):
            return False
        state = json.loads(line)
        try:
            from tqdm.auto import tqdm
        except ImportError:
            return True
        if state["activity"] != self._activity or self._bar is None:
            self._close()
            self._activity = state["activity"]
            self._bar = tqdm(total=state["total"], desc=self._activity, leave=False)
        self._bar.update(state["done"] - self._bar.n)
        return True

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
