#!/usr/bin/env bash
# rustc with coverage counters, for scripts/fuzz.sh: cargo calls it with rustc and its arguments.
#
# Build scripts and macros, which are compiled without --target, get none; nor do the crates that compute with tensors,
# whose branches tell libFuzzer nothing of a parser and slow each input down.
set -euo pipefail
target=
name=
previous=
for argument in "$@"; do
  [ "$previous" != --crate-name ] || name=$argument
  [ "$argument" != --target ] || target=1
  previous=$argument
done
case $name in
  burn_store | burn_pack) ;;
  burn | burn_* | cubecl* | gemm* | macerator* | pulp | rayon* | mitsume_kernels) target= ;;
esac
[ -z "$target" ] || set -- "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=16
exec "$@"
