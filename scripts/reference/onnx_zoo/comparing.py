"""What the program makes of each model, beside PyTorch."""

import os
import shlex
import subprocess
import tempfile

import numpy as np
from exporting import KINDS
from safetensors.numpy import load_file

LOGITS = 1e-4


def compare(directory, program, names):
    """A line for each model, and counts. Returns the exit code: 1 if anything is wrong."""
    counts = {kind: {} for kind in KINDS}
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
    """The verdict, and the default layer with the largest difference, or the reason."""
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
        found, expected = load_file(out)["logits"], load_file(reference)["logits"]
    if found.shape != expected.shape:
        return "WRONG", f"{layer} | logits {found.shape} instead of {expected.shape}"
    error = float(np.abs(found - expected).max() / max(1, np.abs(expected).max()))
    return ("loaded" if error <= LOGITS else "WRONG"), f"{layer} | {error:.1e}"


def directory_of(path):
    return os.path.dirname(path) + "/"
