#!/usr/bin/env bash
# Runs a plan for a real Slurm: check_slurm.sh BINARY. Twelve runs over two workers; one worker is killed in the middle of a run,
# one is told that its time is over, and one loses its node. In the end every run is done once, and the table is that of a
# single process. Needs jq; where Slurm's daemons are not there or do not start, it says so and is left out.
set -euo pipefail
# shellcheck disable=SC2034
binary=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
# shellcheck source=scripts/cluster/common.sh
source "$here/common.sh"
# shellcheck source=scripts/cluster/with_slurm.sh
source "$here/with_slurm.sh"

log() { cat "logs/run-glue-twelve-runs-${job}_$1.out" 2>/dev/null; }
quietly() { "$@" >/dev/null 2>&1; }
# Tasks that are in the middle of a training, but for those that were met before.
met=""
in_training() {
  local task
  for task in $(squeue --noheader --states=running --format=%K --jobs="$job"); do
    if [[ " $met " != *" $task "* ]] && log "$task" | grep -q ': step '; then
      found=$task
      met="$met $task"
      return 0
    fi
  done
  return 1
}
ended() { [ -z "$(squeue --noheader --jobs="$1" 2>/dev/null)" ]; }

twelve_runs "$work/a sweep"
cd "$work/a sweep"
echo 'echo "the header was here"' >header.sh
run-glue plan "twelve runs.toml" --format slurm --workers 2 --logs logs --header header.sh --cpus_per_task 1 --gpus_per_task 1 --mem 400M --time 30 \
  --sbatch_arg comment="a check" --output "twelve runs.sbatch"
if command -v shellcheck >/dev/null; then shellcheck "twelve runs.sbatch"; fi
# What the script says on top is how it is submitted.
eval "$(sed -n 's/^#   \(job=.*\)/\1/p' "twelve runs.sbatch")"
echo "job $job, twelve tasks, two at a time"

# A task may end between two looks at it: then another one is taken.
until_so 30 in_training
until kill -KILL "$(program "${job}_$found")" 2>/dev/null; do until_so 30 in_training; done
killed=$found
until_so 30 in_training
told=$found
# scancel asks again where a job is about to be queued once more, and would meet it in its next life.
timeout 2 scancel --batch --signal=USR1 "${job}_$told" 2>/dev/null || true
node=""
until [ -n "$node" ]; do
  until_so 30 in_training
  node=$(squeue --noheader --states=running --format=%N --jobs="${job}_$found" 2>/dev/null || true)
done
lost=$found
scontrol update NodeName="$node" State=DOWN Reason="a check"
# While its job is being ended Slurm may refuse, and a node that answers may be taken back before it is asked.
back_in_service() {
  quietly scontrol update NodeName="$node" State=RESUME || scontrol show node "$node" | grep -qE 'State=(IDLE|MIXED|ALLOCATED) '
}
until_so 20 back_in_service
echo "task $killed was killed, $told told to save, and $lost lost its node"
until_so 120 ended "$job"

[ "$(state "${job}_$killed")" = FAILED ] || fail "the task that was killed is $(state "${job}_$killed")"
log "$killed" | grep -q 'results are in' && fail "the task that was killed had ended"
log "$told" | grep -q 'stopped after step' || fail "the task that was told to save did not: $(log "$told")"
log "$told" | grep -q 'going on from' || fail "the task that had saved did not go on: $(log "$told")"
[ "$(log "$lost" | grep -c 'the header was here')" = 2 ] || fail "the task without a node was not run again: $(log "$lost")"
[ "$(records results | wc -l)" = 11 ] || fail "not eleven records: $(records results)"
records results | sort | xargs -d '\n' sha256sum >before

# As a person would do the one that failed once more, with a table when it is done.
job=$(sbatch --parsable --array="$killed" "twelve runs.sbatch")
# shellcheck disable=SC2016
eval "$(sed -n 's/^#   \(sbatch .*\)/table=$(\1 --parsable)/p' "twelve runs.sbatch")"
until_so 60 ended "$job"
# shellcheck disable=SC2154
until_so 30 ended "$table"
sha256sum --check --quiet before || fail "a run was done once more"
all_once results logs/*
[ "$(cat logs/* | grep '^\[' | grep -vc ': ')" = 15 ] || fail "not fifteen starts: twelve runs, and three that were stopped"
grep -q '^| model ' results/comparison.md || fail "no table: $(cat slurm-"$table".out)"
same_as_one_process results
echo "every run was done once, with the numbers of a single process"
