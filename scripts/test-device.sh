#!/usr/bin/env bash
# Tests --device: `scripts/test-device.sh [DEVICE]`, one of webgpu (default), vulkan, cuda, metal, rocm.
# Builds with that feature and compares with PyTorch's fixtures, pytorch-grad-cam's maps of the small ONNX models, and
# what the CPU gives, all to 1e-3. On a machine without a graphics card, webgpu and vulkan run on Mesa's software adapter,
# which is installed where apt-get can. Fails where there is no adapter. Not part of .ci/run: its build is long.
set -euo pipefail
cd "$(dirname "$0")/.."

device="${1:-webgpu}"
case "$device" in
  webgpu | vulkan)
    if [ "$(uname)" = Linux ] && ! { command -v vulkaninfo >/dev/null && vulkaninfo --summary >/dev/null 2>&1; }; then
      if ! command -v apt-get >/dev/null; then
        echo "test-device: a Vulkan driver and vulkaninfo are needed; install them and run this again" >&2
        exit 1
      fi
      as_root=()
      if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
      "${as_root[@]}" apt-get update -q
      "${as_root[@]}" apt-get install -y -q --no-install-recommends mesa-vulkan-drivers libvulkan1 vulkan-tools
      vulkaninfo --summary >/dev/null || { echo "test-device: no Vulkan adapter" >&2; exit 1; }
    fi
    ;;
  cuda | metal | rocm) ;;
  *)
    echo "test-device: no device named \"$device\": one of webgpu, vulkan, cuda, metal, rocm" >&2
    exit 2
    ;;
esac

export MITSUME_TEST_DEVICE="$device"
# Mesa complains where there is none.
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-$(mktemp -d)}"
# The same packages each time, so that dependencies are built with the same features: once.
packages=(--release --features "mitsume-cli/$device")
cargo clippy "${packages[@]}" --all-targets -- -D warnings
cargo test "${packages[@]}" --test levels
cargo test "${packages[@]}" --test onnx
cargo test "${packages[@]}" --test cli device::
