#!/usr/bin/env bash
# Runs one of the experiments in the background of other work, and goes on where it was stopped.
#
#     evidence/run.sh NAME DATA RUNS
#
# NAME is an experiment here (experiment-1), DATA the folder with brain-tumor-mri/ and chest-xray/,
# RUNS a folder outside the repository for the run directories. Ctrl-C saves; the same command
# goes on. `evidence/collect.sh NAME RUNS` copies the records of the finished runs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=${1:?experiment} data=$(cd "${2:?data folder}" && pwd) runs=${3:?folder for the runs}
mitsume=${MITSUME:-$here/../target/release/mitsume}

mkdir -p "$runs"
cd "$runs"
# The configurations name the data by this link, so that no path of a machine is recorded.
ln -sfn "$data" data
exec nice -n 19 "$mitsume" sweep --config "$here/$name.toml" --out "$name"
