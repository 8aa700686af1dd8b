#!/bin/sh
# Times `mitsume bench step` and its PyTorch peer in turns and prints the table of ratios.
#
#   benches/run.sh [--venv DIR] [--mitsume PROGRAM] [--levels "1 2 3 4 5"] [--rounds N]
#
# PyTorch comes from PyPI into a virtual environment (made at --venv if missing). Both run on the same
# number of threads, in turns, so that a machine that slows down slows both; PyTorch runs in both memory layouts
# and the faster counts. Each cell is the best of the rounds' medians.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv="$here/../target/pytorch-venv"
mitsume="$here/../target/release/mitsume"
levels="1 2 3 4 5"
rounds=2
batch=32
size=224
threads=$(getconf _NPROCESSORS_ONLN)
while [ $# -gt 0 ]; do
    case "$1" in
        --venv) venv=$2 ;;
        --mitsume) mitsume=$2 ;;
        --levels) levels=$2 ;;
        --rounds) rounds=$2 ;;
        --batch) batch=$2 ;;
        --size) size=$2 ;;
        --threads) threads=$2 ;;
        *) echo "run.sh: unknown option $1" >&2; exit 2 ;;
    esac
    shift 2
done
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet torch numpy
fi
results=$(mktemp)
trap 'rm -f "$results"' EXIT
common="--batch $batch --size $size --threads $threads"
for round in $(seq "$rounds"); do
    for level in $levels; do
        for loss in ce cam; do
            for layout in channels_last contiguous; do
                # shellcheck disable=SC2086
                "$venv/bin/python" "$here/pytorch_peer.py" --level "$level" --loss "$loss" --layout "$layout" $common >> "$results"
            done
            # shellcheck disable=SC2086
            "$mitsume" bench step --level "$level" --loss "$loss" $common --json | tr -d '\n' >> "$results"
            echo >> "$results"
            echo "round $round level $level $loss done" >&2
        done
    done
done
"$venv/bin/python" "$here/table.py" "$results"
