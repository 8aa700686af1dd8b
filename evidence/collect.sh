#!/usr/bin/env bash
# Copies the records of finished runs into the repository: epochs.csv, measures.csv, config.toml; of
# runs whose measures were controlled also eval.json and controls.json.
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
    if [ -f "$run/controls/controls.json" ]; then
        mkdir -p "$to"/{evaluation,controls}
        cp "$run/evaluation/eval.json" "$to/evaluation"
        cp "$run/controls/controls.json" "$to/controls"
    fi
    # Runs record whole paths; the data is below a folder called data.
    find "$to" -type f -exec sed -i -E 's#"/[^"]*/(data/[^"]*)"#"\1"#' {} +
    if grep -rlE '"/|= "/' "$to"; then
        echo "$to holds an absolute path" >&2
        exit 1
    fi
done
