# shellcheck shell=bash
# Twelve short runs of the demo's model and tasks, and what must have become of them, however they were run. To be sourced;
# `work` is the folder of it all, `binary` the program.

# Set by those who source this.
: "${work:?}" "${binary:?}"

demo=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../crates/trainer/demo")

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# twelve_runs FOLDER: a grid there, named "twelve runs.toml", and the program in the path.
twelve_runs() {
  mkdir -p "$1" "$work/bin"
  ln -sf "$binary" "$work/bin/run-glue"
  export PATH=$work/bin:$PATH
  # Long enough that a worker can be met in the middle of a run.
  cat >"$1/twelve runs.toml" <<GRID
log_level = "debug"
task = ["cola", "mrpc", "stsb", "rte"]
seeds = 3
model = "$demo/model"
dataset_dir = "$demo/glue"
output_dir = "out"
results_dir = "results"
num_train_epochs = 12
learning_rate = 1e-3
logging_steps = 2
GRID
}

# records FOLDER: the records in it.
records() { find "$1" -name '*.json' ! -name '*.predictions.json' ! -path '*/.*'; }

# numbers FOLDER: the table of its records, but for times and machines.
numbers() {
  run-glue compare "$1" --format json | jq --sort-keys '{tasks, level, models: [.models[] | {
    model, parameters, glue, glue_without_wnli,
    tasks: .tasks | map_values({score, interval, bootstrap, metrics, seeds, collapsed})}]}'
}

# metrics FOLDER: of each record what is the same in every run of the same numbers.
metrics() {
  records "$1" | sort | xargs -d '\n' jq --sort-keys '{task, seed, model: .model.id, metrics, losses: [.log_history[].loss]}'
}

# all_once FOLDER LOG...: every run has one record, and was ended once by all whose logs these are.
all_once() {
  local results=$1 runs
  shift
  runs=$(records "$results" | xargs -d '\n' jq --raw-output '"\(.task) \(.seed)"' | sort | uniq --count)
  [ "$(wc -l <<<"$runs")" = 12 ] || fail "not twelve runs: $runs"
  if grep -v '^ *1 ' <<<"$runs"; then fail "more than one record of these"; fi
  [ "$(cat "$@" | grep -c '^[a-z]*: results are in ')" = 12 ] || fail "not twelve times were results written"
}

# same_as_one_process FOLDER: its numbers are those of the same runs one after the other in one process.
same_as_one_process() {
  local alone=$work/alone
  twelve_runs "$alone"
  (cd "$alone" && run-glue "twelve runs.toml" >log 2>&1) || fail "one process: $(cat "$alone/log")"
  all_once "$alone/results" "$alone/log"
  diff <(numbers "$alone/results") <(numbers "$1") || fail "the table is another one than that of one process"
  diff <(metrics "$alone/results") <(metrics "$1") || fail "the records are other ones than those of one process"
}
