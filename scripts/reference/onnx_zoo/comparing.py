"""What the program makes of each model, beside PyTorch."""

import os
import shlex
import subprocess
import tempfile

import numpy as np
from exporting import KINDS
from maps import compare_maps
from safetensors.numpy import load_file

# Of the largest logit, or of 1. Where PyTorch's own float32 is further from float64 than an eighth of this, eight times that: some
# networks amplify rounding, and Winograd convolutions round more than direct ones.
LOGITS = 1e-4
# Of maps in [0, 1].
MAPS = 1e-3


def compare(directory, program, names):
    """A line for each model, and counts. Returns the exit code: 1 if anything is wrong."""
    counts = {kind: {} for kind in KINDS}
    print("| architecture | exporter | | seconds to open, default layer, layout, logits, PyTorch's rounding, module, gradients, maps |")
    print("| --- | --- | --- | --- |")
    for name in names:
        for kind in KINDS:
            path = os.path.join(directory, f"{name}-{kind}.onnx")
            verdict, text = one(path, os.path.join(directory, f"{name}.safetensors"), program)
            counts[kind][verdict] = counts[kind].get(verdict, 0) + 1
            print(f"| {name} | {kind} | {verdict} | {text} |", flush=True)
    for kind, counted in counts.items():
        print(kind, counted)
    return 1 if any("WRONG" in counted for counted in counts.values()) else 0


def one(path, reference, program):
    """The verdict, and the reason, or: seconds to open the file, the default layer, its layout, the largest difference
    of logits, PyTorch's own rounding error, the module that has the layer's values, and the largest differences of the
    gradients and of the Grad-CAM maps."""
    if not os.path.exists(path):
        reason = open(path + ".failed", encoding="utf-8").read() if os.path.exists(path + ".failed") else "not there"
        return "not exported", reason
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.safetensors")
        command = [*shlex.split(program), path, reference, out]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        layer = run.stdout.strip().replace("\t", " | ")
        if run.returncode:
            reason = run.stderr.strip().splitlines()[-1].replace(directory_of(path), "")
            return ("panicked" if "panicked" in run.stderr else "refused"), f"{layer} {reason}"
        known = load_file(reference)
        tensors = load_file(out)
        found, expected, rounding = tensors["logits"], known["logits"], float(known["rounding"][0])
    if found.shape != expected.shape:
        return "WRONG", f"{layer} | logits {found.shape} instead of {expected.shape}"
    error = float(np.abs(found - expected).max() / max(1, np.abs(expected).max()))
    allowed = max(LOGITS, 8 * rounding)
    name = os.path.basename(reference).removesuffix(".safetensors")
    maps = compare_maps(name, tensors)
    text = "no module" if maps is None else f"{maps[0]} | {maps[1]:.1e} | {maps[2]:.1e}"
    agree = error <= allowed and (maps is None or maps[2] <= MAPS)
    return ("loaded" if agree else "WRONG"), f"{layer} | {error:.1e} | {rounding:.1e} | {text}"


def directory_of(path):
    return os.path.dirname(path) + "/"
