#!/usr/bin/env bash
# Runs the tests of the kernels for 64-bit ARM, where they use NEON: natively on such a machine, elsewhere under
# QEMU's emulation of one. Installs the Rust target with rustup, and the cross linker and QEMU where apt-get can.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(uname -m)" = aarch64 ] || [ "$(uname -m)" = arm64 ]; then
  exec cargo test --release -p mitsume-kernels
fi
if ! command -v qemu-aarch64 >/dev/null || ! command -v aarch64-linux-gnu-gcc >/dev/null; then
  if ! command -v apt-get >/dev/null; then
    echo "test-arm: qemu-aarch64 and aarch64-linux-gnu-gcc are needed; install them and run this again" >&2
    exit 1
  fi
  sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update -q
  "${sudo[@]}" apt-get install -y -q --no-install-recommends qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
fi
rustup target add aarch64-unknown-linux-gnu

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
cargo test --release --target aarch64-unknown-linux-gnu -p mitsume-kernels
