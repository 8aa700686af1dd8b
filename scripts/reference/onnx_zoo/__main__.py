"""Classifiers that people have, exported twice and compared with PyTorch.

    python scripts/reference/onnx_zoo export DIR [NAME ...]     # with random weights, 4 classes, in DIR
    python scripts/reference/onnx_zoo compare DIR PROGRAM [NAME ...]   # a table

NAME is one of architectures.py (all of them by default). PROGRAM is the example `zoo` of mitsume-onnx:
`PROGRAM MODEL IMAGES OUT`. scripts/test-onnx-zoo.sh installs what is needed (torch, torchvision, timm, onnx, onnxscript,
onnxruntime, safetensors) and runs both.
"""

import sys

from architectures import TIMM, TORCHVISION


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("export", "compare"):
        print(__doc__)
        return 2
    everything = TIMM + [f"tv_{name}" for name in TORCHVISION]
    if sys.argv[1] == "export":
        from exporting import export

        return export(sys.argv[2], sys.argv[3:] or everything)
    from comparing import compare

    return compare(sys.argv[2], sys.argv[3], sys.argv[4:] or everything)


if __name__ == "__main__":
    sys.exit(main())
