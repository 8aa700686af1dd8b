#!/usr/bin/env bash
# Tests the Python package: builds it by pip as a user does, installs it into an environment of its
# own in the target folder, and runs pytest. Needs Python 3.10 or later with venv, which it installs
# where apt-get can; fails where it cannot be had.
#
#     scripts/test-python.sh [numpy|all]
#
# "all" adds the tests with PyTorch, torchmetrics, Lightning, pytorch-grad-cam and Captum, which it
# installs too.
set -euo pipefail
cd "$(dirname "$0")/.."

part=${1:-numpy}
case $part in
numpy) extra=test; tests=(python/tests --ignore=python/tests/pytorch) ;;
all) extra=test-torch; tests=(python/tests) ;;
*)
  echo "test-python: \"$part\" is neither numpy nor all" >&2
  exit 2
  ;;
esac

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  if ! command -v apt-get >/dev/null; then
    echo "test-python: Python 3.10 or later with venv is needed; install it and run this again" >&2
    exit 1
  fi
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" apt-get install -y -q --no-install-recommends python3 python3-venv
fi

mkdir -p "${CARGO_TARGET_DIR:-target}"
target="$(realpath "${CARGO_TARGET_DIR:-target}")"
# What the tests compiled is used again.
export CARGO_TARGET_DIR="$target"
environment="$target/python-environment"
python3 -m venv --clear "$environment"
pip="$environment/bin/pip"
# pip builds a wheel: maturin comes from pyproject.toml's build-system.
if [ "$part" = all ]; then
  scripts/install-torch.sh "$pip"
fi
"$pip" install -q "./python[$extra]"

size="$(du -sm "$environment"/lib/python3*/site-packages/mitsume | cut -f1)"
echo "installed: $size MB"
"$environment/bin/python" -m pytest -q "${tests[@]}"
# The command in the environment is the program.
"$environment/bin/mitsume" --version
