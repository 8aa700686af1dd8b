"""Every DICOM file that PyPI's pydicom ships: how mitsume reads it, beside pydicom.

    cargo build --release -p mitsume-data --example decode
    python scripts/reference/dicom.py target/release/examples/decode

Needs pydicom and numpy. Images that both read are compared pixel by pixel, of files of several frames each frame:
modality LUT, first window, MONOCHROME1 inverted. Ends with an error where one differs by more than two grey levels, or three of
a JPEG with colours of half the width, which decoders enlarge in ways of their own.
"""

import json
import os
import subprocess
import sys

import numpy as np
import pydicom
from pydicom.pixels import apply_modality_lut, apply_voi_lut

folder = os.path.join(os.path.dirname(pydicom.__file__), "data")
files = sorted(
    os.path.join(root, name) for root, _, names in os.walk(folder) for name in names if name.endswith(".dcm")
)
lines = subprocess.run([sys.argv[1], *files], capture_output=True, text=True, check=True).stdout.splitlines()
counts, reasons, names = {"same": 0, "differs": 0, "not read": 0, "pydicom does not read it": 0}, {}, set()


def expected(data, frame):
    values = data.pixel_array if frame is None else data.pixel_array[frame - 1]
    if data.get("SamplesPerPixel", 1) == 3:
        return values.reshape(-1)
    values = apply_modality_lut(values, data)
    windowed = "WindowWidth" in data or "VOILUTSequence" in data
    if windowed:
        values = apply_voi_lut(values, data).astype(np.float64)
        half = 2 ** (data.BitsStored - 1)
        stored = [-half, half - 1] if data.PixelRepresentation else [0, 2 * half - 1]
        stored = apply_modality_lut(np.array(stored), data)
        low, high = (values.min(), values.max()) if "VOILUTSequence" in data else sorted(stored)
        if "VOILUTSequence" in data:
            low, high = 0, 2 ** int(data.VOILUTSequence[0].LUTDescriptor[2]) - 1
    else:
        low, high = float(values.min()), float(values.max())
    grey = (values.astype(np.float64) - low) / max(high - low, 1e-9) * 255
    return (255 - grey if data.PhotometricInterpretation == "MONOCHROME1" else grey).reshape(-1)


for line in lines:
    found = json.loads(line)
    path, _, frame = found["path"].partition("#")
    frame = int(frame) if frame else None
    name = os.path.relpath(found["path"], folder)
    if "error" in found:
        counts["not read"] += 1
        reasons.setdefault(found["error"], []).append(name)
        data = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        for value in (data.get("PatientName"), data.get("PatientID")):
            if value and len(str(value)) > 3:
                assert str(value) not in found["error"], name
        continue
    try:
        data = pydicom.dcmread(path)
        theirs = expected(data, frame)
    except Exception as error:  # Whatever pydicom lacks on this machine.
        counts["pydicom does not read it"] += 1
        continue
    ours = np.array(found["data"], dtype=np.float64)
    if found["mode"].endswith("16"):
        ours *= 255 / 65535
    far = np.abs(ours - np.clip(theirs, 0, 255)).max() if ours.shape == theirs.shape else np.inf
    limit = 3 if data.PhotometricInterpretation == "YBR_FULL_422" else 2
    counts["same" if far <= limit else "differs"] += 1
    if far > limit:
        print(f"differs by {far:.1f}: {name} {found['mode']}")
print(counts)
for reason, which in reasons.items():
    print(f"{len(which):3} {reason}: {', '.join(which[:4])}")
sys.exit(counts["differs"] > 0)
