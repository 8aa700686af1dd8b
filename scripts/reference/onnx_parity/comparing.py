"""A program's logits and maps beside the references, as a Markdown table."""

import glob
import os
import shlex
import subprocess
import sys
import tempfile

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file

from maps import METHODS, SIGNLESS

PROGRAM = "cargo run --release -q -p mitsume-engine --example onnx_maps --"
LOGITS, MAPS = 1e-4, 1e-3


def compare(directory, program):
    """Every pair in `directory`. Returns the exit code: 1 if any program run failed or any error is too large."""
    models = sorted(glob.glob(os.path.join(directory, "*.onnx")))
    models = [model for model in models if os.path.exists(reference_of(model))]
    if not models:
        print(f"no NAME.onnx with a NAME.safetensors in {directory}", file=sys.stderr)
        return 1
    print("| model | exporter | logits |", *(f"{method} |" for method in METHODS))
    print("| --- " * (3 + len(METHODS)) + "|")
    problems, flipped = [], 0
    for model in models:
        flipped += one(model, program, problems)
    print(f"\nLogits: largest difference over max(1, largest logit), at most {LOGITS:g} asked for. Maps, in [0, 1]:")
    print(f"largest difference, at most {MAPS:g} asked for; of the first image only where marked *.")
    print(f"{flipped} Eigen-CAM and Eigen-Grad-CAM maps are of the other sign of the component than pytorch-grad-cam's,")
    print("which its singular value decomposition leaves open.")
    print("\nToo large or failed:" if problems else "\nAll within the bounds.")
    print(*(f"- {problem}" for problem in problems), sep="\n")
    return 1 if problems else 0


def reference_of(model):
    return model.removesuffix(".onnx") + ".safetensors"


def one(model, program, problems):
    """One row. Appends to `problems`, and returns how many maps have the other sign."""
    name = os.path.basename(model).removesuffix(".onnx")
    with safe_open(reference_of(model), "numpy") as file:
        metadata = file.metadata()
    expected = load_file(reference_of(model))
    row = f"| {name} | {metadata['exporter']} {metadata['opset']} |"
    try:
        found = run(program, model)
        logits = logits_error(found["logits"], expected["logits"])
        errors = {method: map_error(method, found, expected) for method in METHODS if f"map.{method}" in expected}
    except (subprocess.CalledProcessError, OSError, KeyError, ValueError) as error:
        reason = getattr(error, "stderr", None) or f"{type(error).__name__}: {error}"
        # The last line says what is wrong, after whatever was logged.
        print(row, f"failed: {reason.strip().splitlines()[-1][:200].replace('|', '/')} |", flush=True)
        problems.append(f"{name}: failed")
        return 0
    one_image = {m for m in errors if len(expected[f"map.{m}"]) < len(expected["logits"])}
    cells = [f"{errors[m][0]:.1e}{'*' * (m in one_image)} |" if m in errors else "- |" for m in METHODS]
    print(row, f"{logits:.1e} |", *cells, flush=True)
    if not logits <= LOGITS:
        problems.append(f"{name}: logits {logits:.1e}")
    problems += [f"{name}: {method} {error:.1e}" for method, (error, _) in errors.items() if not error <= MAPS]
    return sum(flips for _, flips in errors.values())


def run(program, model):
    """The tensors that the program writes."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.safetensors")
        command = [*shlex.split(program), model, reference_of(model), out]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        return load_file(out)


def same_shape(what, found, expected):
    if found.shape != expected.shape:
        raise ValueError(f"{what} {list(found.shape)} instead of {list(expected.shape)}")


def logits_error(found, expected):
    same_shape("logits", found, expected)
    return float(np.abs(found - expected).max() / max(1, np.abs(expected).max()))


def map_error(method, found, expected):
    """The largest error over images, and for how many of them the other sign of a component is nearer.

    A program may make the maps of all images where the reference has the first one's only.
    """
    reference = expected[f"map.{method}"]
    maps = found[f"map.{method}"][: len(reference)]
    same_shape(f"map.{method}", maps, reference)
    error = np.abs(maps - reference).max((1, 2))
    if method not in SIGNLESS:
        return float(error.max()), 0
    other = np.abs(maps - expected[f"other.{method}"]).max((1, 2))
    return float(np.minimum(error, other).max()), int((other < error).sum())
