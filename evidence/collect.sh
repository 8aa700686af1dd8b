#!/usr/bin/env bash
# Copies the records of finished runs into the repository: epochs.csv, measures.csv, config.toml.
#
#     evidence/collect.sh NAME RUNS
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=${1:?experiment} runs=${2:?folder of the runs}

for run in "$runs/$name"/runs/*/; do
    # The final evaluation is written after the last epoch: what has it is finished.
    [ -f "$run/evaluation/eval.json" ] || continue
    to=$here/records/$name/$(basename "$run")
    mkdir -p "$to"
    cp "$run"/{epochs.csv,measures.csv,config.toml} "$to"
    # Runs record whole paths; the data is named by the link that run.sh makes.
    sed -i -E 's#"/[^"]*/(data/[^"]*)"#"\1"#' "$to/config.toml"
    if grep -lE '"/|= "/' "$to"/* ; then
        echo "$to holds an absolute path" >&2
        exit 1
    fi
done
