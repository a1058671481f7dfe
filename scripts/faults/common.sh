# shellcheck shell=bash
# Short runs of the demo's model, and what must be the same of a run however it came to its end. To be sourced; `binary` is the program and
# `work` the folder of it all. Needs jq and sha256sum.

: "${binary:?}" "${work:?}"

repository=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
demo=$repository/crates/trainer/demo
export HF_HUB_OFFLINE=1

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# one_run FOLDER: the command of a run there that keeps its best checkpoint and one other, in the array `command`.
# shellcheck disable=SC2034
one_run() {
  command=("$binary" --task rte --model "$demo/model" --dataset_dir "$demo/glue" --output_dir "$1/out" --results_dir "$1/results"
    --max_steps 8 --save_steps 1 --eval_strategy steps --eval_steps 1 --save_total_limit 1 --load_best_model_at_end
    --learning_rate 1e-3 --max_eval_samples 40 --per_device_train_batch_size 8)
}
# a_sweep FOLDER: that of eight runs of two tasks, a part of which begins where another one ended, by four workers.
# shellcheck disable=SC2034
a_sweep() {
  command=("$binary" --task "mnli,rte" --model "$demo/model" --dataset_dir "$demo/glue" --output_dir "$1/out" --results_dir "$1/results"
    --max_steps 4 --save_steps 2 --save_total_limit 1 --learning_rate 1e-3 --max_eval_samples 40 --per_device_train_batch_size 8
    --init_from mnli --seeds 4 --workers 4)
}

# outcome FOLDER: what must not depend on how a run came to its end: hashes of models and numbers of records.
outcome() {
  (
    cd "$1" || exit
    find out -name '*.safetensors' -type f | sort | xargs -d '\n' --no-run-if-empty sha256sum
    find out -name trainer_state.json | sort | xargs -d '\n' --no-run-if-empty jq --compact-output --sort-keys \
      '[.best_metric, .global_step, [.log_history[] | with_entries(select(.key | test("runtime|per_second|flos") | not))]]'
    find results -name 'seed-*.json' ! -name '*.predictions.json' | sort | xargs -d '\n' --no-run-if-empty jq --compact-output --sort-keys \
      '[.task, .seed, .settings_hash, .metrics, [.log_history[]? | .loss], .init_from.settings_hash]'
    find results -name 'seed-*.json' | sort
  ) 2>&1
}

# scratch FOLDER: what a run writes on the way and should leave nothing of.
scratch() {
  find "$1" \( -name '.writing-*' -o -name '.tmp*' -o -name '.checkpoint-*' -o -name '*.partial' -o -name '*.incomplete' \
    -o -name '.run-glue.unfinished' \) -print
}
