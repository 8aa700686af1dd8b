"""Evaluations of images in folders: ``evaluate`` and ``report``.

The work is done by the program ``mitsume`` in a process of its own: it is the same code, a damaged
file cannot end this interpreter, and Ctrl-C stops it as on a command line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._consistency import ConsistencyResult, consistency
from ._progress import ActivityBar


class MitsumeError(RuntimeError):
    """A command that failed; the message is what it printed."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        #: 1: the work failed, 2: the request was wrong, 130: interrupted.
        self.exit_code = exit_code


@dataclass(frozen=True)
class Maps:
    """Maps of an evaluation, in the order of its images."""

    #: [N, h, w], in [0, 1).
    cams: NDArray[np.float32]
    #: [N]
    labels: NDArray[np.int64]
    #: [N]
    predictions: NDArray[np.int64]


class Evaluation(Mapping[str, Any]):
    """The object of ``mitsume eval --json``, and the maps on demand.

    >>> evaluation = mitsume.evaluate("resnet18.onnx", "photos", preset="imagenet")
    >>> evaluation["kappa"], evaluation.maps().cams.shape
    """

    def __init__(self, values: dict[str, Any], folder: tempfile.TemporaryDirectory[str]) -> None:
        self._values = values
        # Kept, because it is deleted with the last reference to it.
        self._folder = folder

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def value(self) -> float:
        """squared-l2 over the correct images (with ``explain="predicted"`` all); NaN without one."""
        value = self["consistency"]["squared_l2"]
        return float("nan") if value is None else float(value)

    def maps(self) -> Maps:
        """Maps, labels and predictions; read from a file in the system's temporary folder."""
        arrays = read_safetensors(Path(self._folder.name) / "cams.safetensors")
        return Maps(
            cams=arrays["cams"],
            labels=arrays["labels"].astype(np.int64),
            predictions=arrays["predictions"].astype(np.int64),
        )

    def consistency(self, **options: Any) -> ConsistencyResult:
        """The result of ``mitsume.consistency`` for the maps, with its options."""
        maps = self.maps()
        # Maps of the predicted class are grouped by it, right or wrong.
        predicted = self["model"].get("explain") == "predicted"
        labels = maps.predictions if predicted else maps.labels
        options.setdefault("num_classes", len(self["data"]["classes"]))
        return consistency(maps.cams, labels, maps.predictions, **options)

    def __repr__(self) -> str:
        if self.get("task") == "multi-label":
            auc = self["macro"]["auc"]
            return f"Evaluation(squared-l2={self.value:.6g}, macro AUC={auc})"
        return (
            f"Evaluation(squared-l2={self.value:.6g}, kappa={self['kappa']:.4g}, "
            f"accuracy={self['accuracy']:.4g})"
        )


def evaluate(
    model: str | os.PathLike[str], data: str | os.PathLike[str], **options: Any
) -> Evaluation:
    """Evaluates ``model``, an ONNX file or a run directory, on the class folders in ``data``.

    ``options`` are those of ``mitsume eval``, with underscores: ``preset="imagenet"``,
    ``target_layer="layer4"``, ``method="layer-cam"``, ``classes="names.txt"``, ``flip=True``, ``explain="predicted"``, ...

    Raises
    ------
    MitsumeError
        The message of the program.
    """
    for name in ("json", "cams", "data", "model"):
        if name in options:
            raise ValueError(f"{name}: not an option here")
    folder = tempfile.TemporaryDirectory(prefix="mitsume-")
    cams = Path(folder.name) / "cams.safetensors"
    arguments = ["eval", "--model", os.fspath(model), "--data", os.fspath(data)]
    output = run([*arguments, "--cams", str(cams), "--json", *flags(options)])
    return Evaluation(json.loads(output), folder)


def report(
    directories: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], **options: Any
) -> Path:
    """Writes one HTML report of run directories or evaluations; returns its path.

    ``directories`` is one of them, a folder that holds several, or a list, which needs ``output``, the
    page to write. ``options`` are those of ``mitsume report``, with underscores.

    Raises
    ------
    MitsumeError
        The message of the program.
    """
    one = isinstance(directories, (str, os.PathLike))
    listed = [directories] if one else list(directories)
    output = run(["report", *map(os.fspath, listed), *flags(options)])
    return Path(output.strip().splitlines()[-1])


def run(arguments: list[str]) -> str:
    """What ``mitsume`` prints with ``arguments``. Its progress is shown by tqdm where that is
    installed; its notes follow on stderr at the end.

    Raises
    ------
    MitsumeError
        With the last lines of stderr.
    """
    command = [sys.executable, "-m", "mitsume", *arguments]
    environment = {**os.environ, "MITSUME_PROGRESS": "json"}
    pipe = subprocess.PIPE
    output: list[str] = []
    messages = ""
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, env=environment, encoding="utf-8", errors="replace"
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        stdout = process.stdout
        # Both pipes are read at once, so that neither fills.
        reader = threading.Thread(target=lambda: output.append(stdout.read()))
        reader.start()
        try:
            with ActivityBar() as bar:
                for line in process.stderr:
                    if not bar.show(line):
                        messages += line
        except KeyboardInterrupt:
            # It was interrupted too, and saves what it has.
            process.wait()
            raise
        finally:
            reader.join()
    if process.returncode != 0:
        raise MitsumeError(messages.strip() or "mitsume failed", process.returncode)
    if messages:
        print(messages, end="", file=sys.stderr)
    return output[0]


def flags(options: dict[str, Any]) -> list[str]:
    """Options as arguments: underscores are hyphens, True is a flag, a list repeats it."""
    arguments: list[str] = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        values = value if isinstance(value, (list, tuple)) else [value]
        for one in values:
            if one is True:
                arguments.append(flag)
            elif one is not False and one is not None:
                arguments += [flag, os.fspath(one) if isinstance(one, os.PathLike) else str(one)]
    return arguments


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file that the program wrote."""
    types = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U32": "<u4", "U16": "<u2"}
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    arrays: dict[str, NDArray[Any]] = {}
    for name, entry in header.items():
        if name != "__metadata__":
            arrays[name] = np.memmap(
                path,
                dtype=types[entry["dtype"]],
                mode="c",
                offset=8 + length + entry["data_offsets"][0],
                shape=tuple(entry["shape"]),
            )
    return arrays
