"""What the program makes of each model, beside PyTorch."""

import os
import re
import shlex
import subprocess
import tempfile

import numpy as np
from exporting import KINDS
from maps import compare_maps
from safetensors.numpy import load_file
from table import Row, read_table, write_table

# Of the largest logit, or of 1. Where PyTorch's own float32 is further from float64 than an eighth of this, eight times that: some
# networks amplify rounding, and Winograd convolutions round more than direct ones.
LOGITS = 1e-4
# Of maps in [0, 1].
MAPS = 1e-3


def compare(directory, program, table, names):
    """Prints a line for each model, and keeps it in the file `table`, where rows of other models stay. Returns the exit
    code: 1 if anything is wrong."""
    rows = read_table(table)
    found = set()
    for name in names:
        for kind in KINDS:
            path = os.path.join(directory, f"{name}-{kind}.onnx")
            row = one(name, kind, path, os.path.join(directory, f"{name}.safetensors"), program)
            print(*row.texts(), sep=" | ", flush=True)
            rows[name, kind] = row
            write_table(table, rows)
            found.add(row.verdict)
    return 1 if found & {"WRONG", "panicked"} else 0


def one(name, kind, path, reference, program):
    """The row of one file."""
    if not os.path.exists(path):
        reason = open(path + ".failed", encoding="utf-8").read() if os.path.exists(path + ".failed") else "not there"
        return Row(name, kind, "not exported", reason=re.sub("\x1b\\[[0-9;]*m", "", reason))  # without colours
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.safetensors")
        command = [*shlex.split(program), path, reference, out]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        opened = dict(zip(("seconds", "layer", "layout"), run.stdout.strip("\n").split("\t")))
        if run.returncode:
            reason = run.stderr.strip().splitlines()[-1].replace(os.path.dirname(path) + "/", "")
            verdict = "panicked" if "panicked" in run.stderr else "refused"
            return Row(name, kind, verdict, **opened, reason=reason)
        known = load_file(reference)
        tensors = load_file(out)
    logits, expected, rounding = tensors["logits"], known["logits"], float(known["rounding"][0])
    if logits.shape != expected.shape:
        return Row(name, kind, "WRONG", **opened, reason=f"logits {logits.shape} instead of {expected.shape}")
    error = float(np.abs(logits - expected).max() / max(1, np.abs(expected).max()))
    measured = {"logits": error, "rounding": rounding}
    maps = compare_maps(name, tensors)
    if maps is not None:
        measured |= dict(zip(("module", "gradients", "maps"), maps))
    agree = error <= max(LOGITS, 8 * rounding) and measured.get("maps", 0) <= MAPS
    return Row(name, kind, "loaded" if agree else "WRONG", **opened, **measured)
