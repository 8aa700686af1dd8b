#!/usr/bin/env bash
# Which measure deserves trust: trains small networks on phantoms, measures every one on maps that
# mean nothing, removes the most relevant pixels and retrains. Minutes of two cores.
#
#     evidence/study.sh RUNS
#
# RUNS is a folder outside the repository. Ctrl-C saves; the same command goes on.
# `evidence/collect.sh measures RUNS` and `evidence/collect.sh roar RUNS` copy the records.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
runs=${1:?folder for the runs}
mitsume=${MITSUME:-$here/../target/release/mitsume}
test "${mitsume#/}" != "$mitsume" || mitsume=$PWD/$mitsume

mkdir -p "$runs"
cd "$runs"
[ -d data/phantoms ] || "$mitsume" data synth data/phantoms --train 200 --test 75 --size 64
nice -n 19 "$mitsume" sweep --config "$here/measures.toml" --out measures
for run in measures/runs/*/; do
    [ -f "$run/controls/controls.json" ] || nice -n 19 "$mitsume" controls --run "$run" \
        --data data/phantoms/Testing --masks data/phantoms/masks/Testing --out "$run/controls" \
        --seed "$(basename "${run##*seed}")" --quiet
done
[ -d data/removed ] || nice -n 19 "$mitsume" data remove --run measures/runs/phantoms-level4-lambda0-seed0 \
    --train data/phantoms/Training --test data/phantoms/Testing --share 0.2,0.5,0.8 --out data/removed
# The settings of the first run, on every set of images.
sed -n '/^\[data\./,/^$/p' data/removed/sweep.toml > roar.toml.sets
{
    echo 'models = ["level4"]'
    echo 'seeds = [0, 1, 2]'
    cat roar.toml.sets
    sed -n '/^\[run\.data\]/,$p' "$here/measures.toml"
} > roar.toml
rm roar.toml.sets
nice -n 19 "$mitsume" sweep --config roar.toml --out roar
