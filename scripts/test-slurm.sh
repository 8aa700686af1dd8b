#!/usr/bin/env bash
# Tests `sweep --launcher slurm` and `eval --launcher slurm` against a real Slurm of one node:
# submits a small sweep, ends one task with SIGTERM (as preemption does) and another with SIGKILL in
# the middle, and checks that the sweep completes with the numbers of the local launcher; evaluates a
# model in shards, with one that fails at first, and compares with one process. Installs Slurm and MUNGE where
# apt-get can, starts its own daemons in a folder of its own, and stops them. Needs root.
# The log is left in the target folder (slurm-test.log).
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" -ne 0 ]; then
  exec sudo --preserve-env=PATH,CARGO_HOME,RUSTUP_HOME,CARGO_TARGET_DIR "$0" "$@"
fi
if ! command -v slurmctld >/dev/null || ! command -v munged >/dev/null || ! command -v pkill >/dev/null; then
  if ! command -v apt-get >/dev/null; then
    echo "test-slurm: slurm-wlm, munge and procps are needed; install them and run this again" >&2
    exit 1
  fi
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends slurm-wlm munge procps
fi

target="${CARGO_TARGET_DIR:-target}"
# With an example: dependencies then have the features that tests compile them with, and are built once.
cargo build --release --bin mitsume --example check
mitsume="$(realpath "$target/release/mitsume")"
log="$(realpath "$target")/slurm-test.log"
exec > >(tee "$log") 2>&1

work="$(mktemp -d)"
chmod 755 "$work"
export SLURM_CONF="$work/slurm.conf"
stop() {
  status=$?
  scancel --user=root 2>/dev/null || true
  for daemon in slurmd slurmctld munged; do
    [ -f "$work/$daemon.pid" ] || continue
    pid="$(cat "$work/$daemon.pid")"
    kill "$pid" 2>/dev/null || continue
    # They write into the folder as they end: munged its seed, the others their state.
    timeout 30 tail --pid="$pid" -f /dev/null || true
  done
  if [ "$status" -ne 0 ]; then
    tail -n 30 "$work"/*.log "$work"/sweep/slurm/*.log 2>/dev/null || true
    echo "test-slurm: FAILED"
  fi
  rm -rf "$work"
}
trap stop EXIT

say() { printf '== %s\n' "$*"; }
fail() { echo "test-slurm: $*"; exit 1; }
# wait_for SECONDS WHAT COMMAND...
wait_for() {
  local left=$1 what=$2
  shift 2
  until "$@"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || fail "gave up waiting for $what"
    sleep 1
  done
}

say "starting MUNGE and Slurm"
dd if=/dev/urandom of="$work/munge.key" bs=128 count=1 status=none
chmod 400 "$work/munge.key"
# The folder is root's alone to write, which munged asks for; --force because it runs as root.
munged --force --socket="$work/munge.socket" --key-file="$work/munge.key" \
  --pid-file="$work/munged.pid" --log-file="$work/munged.log" --seed-file="$work/munge.seed"
host="$(hostname -s)"
cat > "$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
SlurmUser=root
SlurmdUser=root
SlurmctldPort=16817
SlurmdPort=16818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
MailProg=/bin/true
ReturnToService=2
JobRequeue=1
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES State=UP MaxTime=60
CONF
mkdir -p "$work/state" "$work/spool"
slurmctld
slurmd
node_idle() { sinfo --noheader --format=%T | grep -q -e idle -e mixed; }
wait_for 60 "the node" node_idle
sinfo --version
sinfo

say "a sweep of four cells, locally"
"$mitsume" data synth "$work/phantoms" --train 60 --test 20 --size 64 >/dev/null
cat > "$work/sweep.toml" <<CONF
models = ["level2"]
lambdas = [0, 50]
seeds = [0, 1]
[data.phantoms]
train = "$work/phantoms/Training"
valid = "$work/phantoms/Testing"
[run.data]
image_size = 64
[run.train]
epochs = 48
batch_size = 16
[run.consistency]
t0 = 2
t1 = 4
[slurm]
partition = "test"
time = "30"
memory = "1G"
cpus = 1
CONF
"$mitsume" sweep --config "$work/sweep.toml" --out "$work/local" --jobs 2

say "the same on Slurm"
job="$("$mitsume" sweep --config "$work/sweep.toml" --out "$work/sweep" --launcher slurm)"
squeue --array
refused=0
"$mitsume" sweep --out "$work/sweep" --launcher slurm || refused=$?
[ "$refused" -eq 2 ] || fail "a second submission while the first is queued: exit code $refused"

checkpoint_of() { [ -f "$work/sweep/runs/$(sed -n "$1p" "$work/sweep/slurm/cells.txt")/checkpoint/progress.json" ]; }
wait_for 120 "a checkpoint of task 1" checkpoint_of 1
say "SIGTERM to task 1, as at the end of its time: it saves and requeues itself"
# scancel would wait for an end that the requeue puts off, while the other tasks go on.
timeout 5 scancel --batch --signal=TERM "${job}_1" &
wait_for 120 "a checkpoint of task 2" checkpoint_of 2
say "SIGKILL to the program of task 2, as an out-of-memory killer does it"
pkill --signal KILL --full -- "--cell $(sed -n 2p "$work/sweep/slurm/cells.txt") " \
  || fail "task 2 ended before it could be killed"
wait_for 120 "a checkpoint of task 3" checkpoint_of 3
say "requeue of task 3, as preemption does it"
scontrol requeue "${job}_3"

restarted() { scontrol show job "${job}_$1" | grep -q 'Restarts=[1-9]'; }
for task in 1 3; do
  wait_for 120 "the requeue of task $task" restarted "$task"
  scontrol show job "${job}_$task" | grep -o -e 'ArrayTaskId=[0-9]*' -e 'Restarts=[0-9]*' -e 'JobState=[A-Z]*'
  # Slurm lets a requeued job wait for a minute or two; this need not.
  scontrol update "jobid=${job}_$task" starttime=now || true
done
queue_empty() { [ -z "$(squeue --noheader)" ]; }
wait_for 600 "the array and the analysis" queue_empty
tail -n 3 "$work"/sweep/slurm/*.log

say "the killed cell, by the same command"
"$mitsume" sweep --out "$work/sweep" --dry-run --json | grep -c '"finished"' | grep -qx 3 \
  || fail "three cells should be finished and the killed one not"
"$mitsume" sweep --out "$work/sweep" --launcher slurm
wait_for 600 "the second array" queue_empty
[ -f "$work/sweep/report.html" ] || fail "the dependent job wrote no report"
[ -f "$work/sweep/analysis.json" ] || fail "the dependent job wrote no analysis"

say "comparing with the local launcher"
for run in "$work"/local/runs/*; do
  name="$(basename "$run")"
  other="$work/sweep/runs/$name"
  cmp "$run/steps.csv" "$other/steps.csv"
  cmp "$run/weights.safetensors" "$other/weights.safetensors"
  # All but the last column, which is wall time.
  cmp <(sed 's/,[^,]*$//' "$run/epochs.csv") <(sed 's/,[^,]*$//' "$other/epochs.csv")
  cmp "$run/measures.csv" "$other/measures.csv"
  echo "$name: the same bits"
done
say "an evaluation in shards, the waiting interrupted and gone on with"
run="$(basename "$(find "$work/local/runs" -mindepth 1 -maxdepth 1 | sort | head -n 1)")"
"$mitsume" data synth "$work/many" --train 1 --test 60 --size 64 >/dev/null
cat > "$work/it's slurm.toml" <<CONF
[slurm]
partition = "test"
memory = "1G"
cpus = 1
options = ["--comment=shards"]
# A shard takes a moment, so that there is time to look at the queue.
setup = ["sleep 2"]
CONF
cd "$work"
evaluate=("$mitsume" eval --run "local/runs/$run" --data "many/Testing" --batch-size 8 --measures all)
"${evaluate[@]}" --out whole >/dev/null
sharded=("${evaluate[@]}" --out "in shards" --shards 5 --launcher slurm --slurm "it's slurm.toml")
"${sharded[@]}" >/dev/null 2>interrupted.log &
waiting=$!
submitted() { [ -f "$work/in shards/slurm/job-after" ]; }
wait_for 60 "the submission of the shards" submitted
kill -TERM "$waiting"
status=0
wait "$waiting" || status=$?
[ "$status" -eq 130 ] || fail "interrupted waiting has exit code $status"
grep -q "the jobs go on" interrupted.log || fail "interrupted waiting does not say that the jobs go on"
squeue --array
"${sharded[@]}" --json > merged.json
for file in eval.json images.csv maps.safetensors class_means.npy; do
  cmp "whole/$file" "in shards/$file"
done
cmp whole/eval.json merged.json
[ ! -e "in shards/shards" ] || fail "shards are left after the merge"
grep -q -- "--comment=shards" "in shards/slurm/array.sh"
echo "five shards: the bytes of one process"

say "shards that fail are named, and only they are made again"
sed -i 's/^setup.*/setup = ["[ \\"${SLURM_ARRAY_TASK_ID:-0}\\" != 2 ] || [ -e again ] || exit 7"]/' "it's slurm.toml"
sharded=("${evaluate[@]}" --out again-shards --shards 3 --launcher slurm --slurm "it's slurm.toml")
status=0
"${sharded[@]}" >/dev/null 2>failed.log || status=$?
[ "$status" -eq 1 ] || { cat failed.log; fail "a missing shard has exit code $status"; }
grep -q "1 of 3 shards are missing" failed.log || { cat failed.log; fail "the missing shard is not named"; }
touch again
"${sharded[@]}" >/dev/null
grep -qx "2/3" again-shards/slurm/shards.txt || fail "another shard was made again"
[ "$(wc -l < again-shards/slurm/shards.txt)" -eq 1 ] || fail "finished shards were made again"
cmp whole/eval.json again-shards/eval.json
cmp whole/maps.safetensors again-shards/maps.safetensors
say "passed"
