#!/usr/bin/env bash
# Tests the Python package: builds it by pip as a user does, installs it into an environment of its
# own in the target folder, and runs pytest. Needs Python 3.10 or later with venv, which it installs
# where apt-get can; fails where it cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."

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
# What the main workspace compiled is used again.
export CARGO_TARGET_DIR="$target"
environment="$target/python-environment"
python3 -m venv --clear "$environment"
pip="$environment/bin/pip"
# pip builds a wheel: maturin comes from pyproject.toml's build-system.
"$pip" install -q "./python[test]"

size="$(du -sm "$environment"/lib/python3*/site-packages/mitsume | cut -f1)"
echo "installed: $size MB"
"$environment/bin/python" -m pytest -q python/tests
# The command in the environment is the program.
"$environment/bin/mitsume" --version
