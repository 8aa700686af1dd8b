#!/usr/bin/env bash
# Runs the fuzz targets: scripts/fuzz.sh [LIMIT] [TARGET...]
#
# LIMIT: a time for each target (60s, the default), a number of executions (10000000), or both, whichever is reached
# first (200000,60s).
# TARGET: a target's name; formats, all that need no tensors; models, those that do (they compile Burn with counters).
# Without one all run, one after the other.
#
# An input that makes a target panic, take more than 10 seconds or more than its memory ends the run with exit code 1 and
# is left in fuzz/found. A target begins with the inputs in fuzz/corpus/TARGET, and keeps what it finds new in fuzz/grown/TARGET.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

limit=${1:-60s}
shift || true
limits=()
for one in ${limit//,/ }; do
  case $one in
    *s) limits+=("-max_total_time=${one%s}") ;;
    *) limits+=("-runs=$one") ;;
  esac
done
limit=${limits[*]}
formats=$(cd formats/src/bin && ls ./*.rs | sed 's|./||; s|\.rs||')
models=$(cd models/src/bin && ls ./*.rs | sed 's|./||; s|\.rs||')
[ $# -gt 0 ] || set -- formats models
targets=()
for name in "$@"; do
  case $name in
    formats) mapfile -t -O "${#targets[@]}" targets <<<"$formats" ;;
    models) mapfile -t -O "${#targets[@]}" targets <<<"$models" ;;
    *) targets+=("$name") ;;
  esac
done

# libFuzzer needs counters, which stable Rust's LLVM inserts when asked through its passes (scripts/fuzz-rustc.sh).
# `fuzzing` makes the PNG decoder pass over checksums.
export RUSTC_WRAPPER="$PWD/../scripts/fuzz-rustc.sh"
export RUSTFLAGS="--cfg fuzzing"
host=$(rustc -vV | sed -n 's/^host: //p')
# One call for each package, so that its targets are linked side by side.
formats_bins=() models_bins=()
for target in "${targets[@]}"; do
  if [ -f "formats/src/bin/$target.rs" ]; then
    formats_bins+=(--bin "$target")
  else
    models_bins+=(--bin "$target")
  fi
done
build() {
  local package=$1
  shift
  [ $# -eq 0 ] || cargo build --quiet --release --locked --target "$host" -p "mitsume-fuzz-$package" "$@"
}
build formats "${formats_bins[@]}"
build models "${models_bins[@]}"

# Files that targets write are small: in memory where there is such a folder.
[ -w /dev/shm ] && TMPDIR=/dev/shm
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/fuzz.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# Runs one target, and prints what it did once it is done.
run_target() {
  local target=$1 longest=4096
  # Longest input; -timeout is in seconds.
  case $target in
    png | jpeg | tiff | webp | bmp | gif | dicom | npz | npy | cams_safetensors | shard) longest=16384 ;;
  esac
  local grown=${FUZZ_GROWN:-grown}/$target log
  mkdir -p "$grown" found
  log=$(mktemp "$TMPDIR/log.XXXXXX")
  local options=($limit "-max_len=$longest" -timeout=10 -rss_limit_mb=4096 -print_final_stats=1
    -reload=0 "-artifact_prefix=found/$target-")
  # A run of a number of executions that can be repeated.
  [ -z "${FUZZ_SEED:-}" ] || options+=("-seed=$FUZZ_SEED")
  if ! "target/$host/release/$target" "${options[@]}" "$grown" "corpus/$target" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "fuzz: $target: the input that did it is the newest of fuzz/found/$target-*" >&2
    return 1
  fi
  printf '\n== %s\n%s\n' "$target" "$(sed -n \
    's/^stat::number_of_executed_units: */executions: /p; s/^stat::average_exec_per_sec: */a second: /p' "$log")"
}
export limit host
export -f run_target

printf '%s\n' "${targets[@]}" | xargs -P "${FUZZ_JOBS:-1}" -I TARGET bash -euo pipefail -c 'run_target TARGET || exit 255' || exit 1
