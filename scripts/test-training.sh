#!/usr/bin/env bash
# Trains six classifiers with mitsume and with PyTorch, from the same weights on the same batches, and compares losses and running
# statistics: `scripts/test-training.sh [FOLDER]` (default target/training-reference). FOLDER gets a Python environment with PyTorch
# if it has none; PYTHON names another one to use. Prints the table of docs/training.md; fails if anything is further apart than rounding takes it.
set -euo pipefail
cd "$(dirname "$0")/.."

folder="${1:-target/training-reference}"
mkdir -p "$folder"
python="${PYTHON:-$folder/venv/bin/python}"
needed="import torch, torchvision, onnx, onnxscript, safetensors, numpy, PIL"
if [ -z "${PYTHON:-}" ]; then
  if ! [ -x "$python" ]; then
    python3 -m venv "$folder/venv"
  fi
  if ! "$python" -c "$needed" 2>/dev/null; then
    scripts/install-torch.sh "$folder/venv/bin/pip"
    "$folder/venv/bin/pip" install --quiet onnx onnxscript safetensors numpy pillow
  fi
fi
if ! "$python" -c "$needed"; then
  echo "test-training: $python lacks a package (above): torch, torchvision, onnx, onnxscript, safetensors, numpy, pillow" >&2
  exit 2
fi
# The same packages each time, so that dependencies are built with the same features: once.
cargo build --quiet --release --bin mitsume --example epoch_order
"$python" scripts/reference/training_runs "$folder/runs"
