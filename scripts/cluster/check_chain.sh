#!/usr/bin/env bash
# Runs that begin where others ended, by a real Slurm: check_chain.sh BINARY. Two runs of MNLI are an array of their own, which six others
# wait for; one of the two is killed in the middle. What begins from it does it once more, and in the end every run was done once, begins where it
# should, and has the numbers of a single process. Needs jq; where Slurm does not start, it says so and is left out.
set -euo pipefail
binary=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
# shellcheck source=scripts/cluster/common.sh
source "$here/common.sh"
# shellcheck source=scripts/cluster/with_slurm.sh
source "$here/with_slurm.sh"

# chain FOLDER: a grid there, and the program in the path.
chain() {
  mkdir -p "$1" "$work/bin"
  ln -sf "$binary" "$work/bin/run-glue"
  export PATH=$work/bin:$PATH
  cat >"$1/chain.toml" <<GRID
log_level = "debug"
task = ["stsb", "rte", "mrpc", "mnli"]
seeds = 2
model = "$demo/model"
dataset_dir = "$demo/glue"
output_dir = "out"
results_dir = "results"
init_from = "mnli"
num_train_epochs = 12
learning_rate = 1e-3
logging_steps = 2
GRID
}
logs() { cat logs/*"_$1.out" 2>/dev/null; }
ended() { [ -z "$(squeue --noheader 2>/dev/null)" ]; }
in_training() { logs 0 | grep -q ': step '; }

chain "$work/chain"
cd "$work/chain"
run-glue plan chain.toml --format slurm --workers 2 --logs logs --cpus_per_task 1 --time 30 --output chain.sbatch
# What the script says on top is how it is submitted: MNLI's runs, then the others.
mapfile -t submissions < <(sed -n 's/^#   \(job=.*\)/\1/p' chain.sbatch)
[ "${#submissions[@]}" = 2 ] || fail "not two arrays: ${submissions[*]}"
eval "${submissions[0]}"
# shellcheck disable=SC2154
first=$job
eval "${submissions[1]}"
until_so 60 in_training
kill -KILL "$(program "${first}_0")"
until_so 240 ended

[ "$(state "${first}_0")" = FAILED ] || fail "the task that was killed did not fail"
[ "$(records results | wc -l)" = 8 ] || fail "not eight records: $(records results)"
[ "$(cat logs/* | grep -c '^[a-z]*: results are in ')" = 8 ] || fail "not eight times were results written"
beginnings=$(records results | sort | xargs -d '\n' jq --raw-output '"\(.task) \(.seed) \(.init_from.task) \(.init_from.seed) \(.init_from.settings_hash)"')
hash=$(records results/mnli | head -n 1 | xargs -d '\n' jq --raw-output .settings_hash)
for task in rte mrpc stsb; do
  for seed in 42 43; do
    grep -qx "$task $seed mnli $seed $hash" <<<"$beginnings" || fail "$task $seed does not begin where it should: $beginnings"
  done
done
before=$(cat logs/* | wc -l)
run-glue chain.toml --dry_run | grep -q '8 runs, 8 done already, 0 to do' || fail "not all is done: $(run-glue chain.toml --dry_run)"
[ "$(cat logs/* | wc -l)" = "$before" ] || fail "something was run once more"
mkdir "$work/alone"
chain "$work/alone"
(cd "$work/alone" && run-glue chain.toml >log 2>&1) || fail "one process: $(cat "$work/alone/log")"
diff <(numbers "$work/alone/results") <(numbers results) || fail "the table is another one than that of one process"
diff <(metrics "$work/alone/results") <(metrics results) || fail "the records are other ones than those of one process"
echo "every run was done once, and began where it should"
