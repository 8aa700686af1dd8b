#!/bin/sh
# Times `mitsume bench` and its PyTorch peers in turns and prints the table of ratios.
#
#   benches/run.sh [--what step|eval] [--venv DIR] [--mitsume PROGRAM] [--levels "1 2 3 4 5"] [--rounds N]
#                  [--batch N] [--size PIXELS] [--threads N] [--preset thesis|published]
#                  [--precision float32|bfloat16]
#
# PyTorch comes from PyPI into a virtual environment (made at --venv if missing). Both run on the same
# number of threads, in turns, so that a machine that slows down slows both; PyTorch runs in both memory layouts
# and the faster counts. Each cell is the best of the rounds. With --precision bfloat16 (steps only) the table
# has ours in float32 too.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv="$here/../target/pytorch-venv"
mitsume="$here/../target/release/mitsume"
what=step
levels="1 2 3 4 5"
rounds=2
batch=32
size=224
preset=published
precision=float32
threads=$(getconf _NPROCESSORS_ONLN)
while [ $# -gt 0 ]; do
    case "$1" in
        --what) what=$2 ;;
        --venv) venv=$2 ;;
        --mitsume) mitsume=$2 ;;
        --levels) levels=$2 ;;
        --rounds) rounds=$2 ;;
        --batch) batch=$2 ;;
        --size) size=$2 ;;
        --threads) threads=$2 ;;
        --preset) preset=$2 ;;
        --precision) precision=$2 ;;
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

own() {
    "$mitsume" bench "$@" --json | tr -d '\n' >> "$results"
    echo >> "$results"
}

step() {
    for loss in ce cam; do
        for layout in channels_last contiguous; do
            # shellcheck disable=SC2086
            "$venv/bin/python" "$here/pytorch_step.py" --level "$1" --loss "$loss" --layout "$layout" \
                --preset "$preset" --precision "$precision" $common >> "$results"
        done
        # shellcheck disable=SC2086
        own step --level "$1" --loss "$loss" --precision "$precision" $common
        # shellcheck disable=SC2086
        [ "$precision" = float32 ] || own step --level "$1" --loss "$loss" $common
    done
}

evaluation() {
    images=128
    [ "$1" = 5 ] && images=64
    for peer in "hooks channels_last" "single channels_last" "single contiguous"; do
        # shellcheck disable=SC2086
        set -- "$1" $peer
        # shellcheck disable=SC2086
        "$venv/bin/python" "$here/pytorch_eval.py" --level "$1" --way "$2" --layout "$3" --images "$images" \
            $common >> "$results"
    done
    # shellcheck disable=SC2086
    own eval --level "$1" --images "$images" $common
}

for round in $(seq "$rounds"); do
    for level in $levels; do
        case "$what" in
            step) step "$level" ;;
            eval) evaluation "$level" ;;
            *) echo "run.sh: --what is step or eval" >&2; exit 2 ;;
        esac
        echo "round $round level $level done" >&2
    done
done
"$venv/bin/python" "$here/table.py" "$results"
