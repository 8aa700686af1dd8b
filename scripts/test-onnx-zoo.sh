#!/usr/bin/env bash
# Classifiers that people have (timm, torchvision), exported by both of PyTorch's exporters with random weights, and what
# mitsume-onnx makes of them beside PyTorch: `scripts/test-onnx-zoo.sh [FOLDER] [ARCHITECTURE ...]` (default
# target/onnx-zoo, all of them). FOLDER gets a Python environment with what is needed (several GB with PyTorch), and the models,
# which are exported once. Each model gets a row of docs/onnx-zoo.csv: whether it is loaded, refused (with the reason) or WRONG,
# the default layer, and the differences to PyTorch; rows of other models stay. Fails if any is wrong.
set -euo pipefail
cd "$(dirname "$0")/.."

folder="${1:-target/onnx-zoo}"
shift $(($# > 0 ? 1 : 0))
python="$folder/venv/bin/python"
if ! [ -x "$python" ]; then
  python3 -m venv "$folder/venv"
fi
if ! "$python" -c "import torch, torchvision, timm, onnx, onnxscript, safetensors" 2>/dev/null; then
  scripts/install-torch.sh "$folder/venv/bin/pip"
  "$folder/venv/bin/pip" install --quiet "timm==1.0.31" onnx onnxscript safetensors numpy
fi
# The same packages each time, so that dependencies are built with the same features: once.
cargo build --quiet --release --example zoo
"$python" scripts/reference/onnx_zoo export "$folder/models" "$@"
"$python" scripts/reference/onnx_zoo compare "$folder/models" target/release/examples/zoo docs/onnx-zoo.csv "$@"
"$python" scripts/reference/onnx_zoo summary docs/onnx-zoo.csv
