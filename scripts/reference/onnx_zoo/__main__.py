"""Classifiers that people have, exported twice and compared with PyTorch.

    python scripts/reference/onnx_zoo export DIR [NAME ...]     # with random weights, 4 classes, in DIR
    python scripts/reference/onnx_zoo compare DIR PROGRAM TABLE [NAME ...]   # rows of the CSV file TABLE
    python scripts/reference/onnx_zoo summary TABLE             # counts, medians and largest differences

NAME is one of architectures.py (all of them by default). PROGRAM is the example `zoo` of mitsume-onnx:
`PROGRAM MODEL IMAGES OUT`. scripts/test-onnx-zoo.sh installs what is needed (torch, torchvision, timm, onnx, onnxscript,
safetensors) and runs all.
"""

import sys

from architectures import TIMM, TORCHVISION


def main():
    everything = TIMM + [f"tv_{name}" for name in TORCHVISION]
    match sys.argv[1:]:
        case ["export", directory, *names]:
            from exporting import export

            return export(directory, names or everything)
        case ["compare", directory, program, table, *names]:
            from comparing import compare

            return compare(directory, program, table, names or everything)
        case ["summary", table]:
            from table import summarise

            return summarise(table)
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
