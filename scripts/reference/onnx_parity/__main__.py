"""ONNX classifiers and their class activation maps, from PyTorch and pytorch-grad-cam.

    python scripts/reference/onnx_parity export DIR      thirteen torchvision architectures, random weights
    python scripts/reference/onnx_parity small DIR       tiny models of the same building blocks, for tests
    python scripts/reference/onnx_parity training DIR    ten training steps of tiny models, for tests
    python scripts/reference/onnx_parity handback DIR    models that mitsume trained, back in PyTorch
    python scripts/reference/onnx_parity compare DIR     `mitsume-onnx` beside both, as a Markdown table
    python scripts/reference/onnx_parity speed           and its speed beside onnxruntime's

The test data of mitsume-onnx is `small crates/mitsume-onnx/tests/models` and
`training crates/mitsume-onnx/tests/training`.

requirements: torch torchvision grad-cam onnx onnxscript onnxruntime safetensors
made with:    torch 2.15.0, torchvision 0.29.2, grad-cam 1.5.7, onnx 1.23.2, onnxruntime 1.32.0

Each model is a pair NAME.onnx and NAME.safetensors. The latter holds

    images      [2, 3, H, W] float32, as the network takes them
    logits      [2, K]
    targets     [2] int64: the class of each image's maps; the first is the predicted one, the second another
    map.METHOD  [M, h, w] at the layer's own resolution, after a ReLU and (x - min) / (max - min + 1e-8);
                M is 2, or 1 where only the first image's map was made (Score-CAM of the large models)
    other.METHOD  of Eigen-CAM and Eigen-Grad-CAM: the map of the component's other sign

and as metadata `layer`, the ONNX value whose maps these are; `layout`: how it lies, "nchw", "nhwc" or
"tokens"; `token_grid`, "14x14" where it is tokens after a class token, else empty; `architecture`, `exporter`,
`opset`; and `ablation`: "library" where pytorch-grad-cam's own AblationLayer was used, "zero" where one that
sets the feature map to zero as the paper does, because pytorch-grad-cam's gives an image's k-th map of a batch
k times -1e7 where the layer has negative values.
"""

import argparse

from comparing import PROGRAM, compare
from exporting import export
from handback import PROGRAM as HANDBACK_PROGRAM
from handback import handback
from small import small
from speed import PROGRAM as SPEED_PROGRAM
from speed import speed
from training import training


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("export", help="torchvision architectures")
    command.add_argument("directory")
    command.add_argument("--only", nargs="*", help="these architectures")
    command.add_argument("--score-cam-minutes", type=float, default=4.0, help="leave Score-CAM out above this")
    command.set_defaults(run=lambda a: export(a.directory, a.only, a.score_cam_minutes))
    command = commands.add_parser("small", help="tiny models for tests")
    command.add_argument("directory")
    command.set_defaults(run=lambda a: small(a.directory))
    command = commands.add_parser("training", help="training steps of tiny models")
    command.add_argument("directory")
    command.set_defaults(run=lambda a: training(a.directory))
    command = commands.add_parser("handback", help="trained models back in PyTorch and ONNX Runtime")
    command.add_argument("directory")
    command.add_argument("--program", default=HANDBACK_PROGRAM)
    command.set_defaults(run=lambda a: handback(a.directory, a.program))
    command = commands.add_parser("compare", help="a program's logits and maps beside the reference")
    command.add_argument("directory")
    command.add_argument("--program", default=PROGRAM)
    command.set_defaults(run=lambda a: compare(a.directory, a.program))
    command = commands.add_parser("speed", help="seconds beside onnxruntime and pytorch-grad-cam")
    command.add_argument("--program-speed", default=SPEED_PROGRAM)
    command.add_argument("--batch", type=int, default=16)
    command.add_argument("--only", nargs="*", help="these architectures")
    command.add_argument("--threads", type=int, default=2)
    command.add_argument("--no-maps", dest="maps", action="store_false", help="only what ONNX Runtime does, no Grad-CAM")
    command.set_defaults(run=lambda a: speed(a.program_speed, a.batch, a.only, a.threads, a.maps))
    arguments = parser.parse_args()
    raise SystemExit(arguments.run(arguments))


main()
