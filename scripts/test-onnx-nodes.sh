#!/usr/bin/env bash
# Runs ONNX's own test cases of operators through mitsume-onnx: `scripts/test-onnx-nodes.sh [VENV]` (default
# target/onnx-nodes), a Python environment that gets the onnx wheel if it has none. Prints for each operator how many cases
# passed, were refused or are wrong, and why; fails if any is wrong. Tolerances are ONNX's own: rtol 1e-3, atol 1e-7.
set -euo pipefail
cd "$(dirname "$0")/.."

# The last wheel of which the test data is a part; its opset, 23, is the last that is read here.
wheel="onnx==1.18.0"
venv="${1:-target/onnx-nodes}"
if ! [ -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
fi
if ! "$venv/bin/python" -c "import onnx" 2>/dev/null; then
  "$venv/bin/pip" install --quiet "$wheel"
fi
cases=$("$venv/bin/python" -c "
import os, onnx.backend.test
print(os.path.join(os.path.dirname(onnx.backend.test.__file__), 'data', 'node'))")
if ! [ -d "$cases" ]; then
  echo "test-onnx-nodes: there are no test cases in $cases: $wheel has them" >&2
  exit 2
fi
# The same packages each time, so that dependencies are built with the same features: once.
cargo build --quiet --release --example backend_tests
target/release/examples/backend_tests "$cases"
