#!/usr/bin/env bash
# The binary on real GLUE data: end_to_end.sh BINARY SHARED, where SHARED/hub/datasets has a copy of the Hub's dataset
# repository and SHARED/get_minilm.sh, if it is there, fetches a pretrained encoder. Needs jq.
set -euo pipefail
binary=$(realpath "$1")
glue=$2/hub/datasets/nyu-mll/glue
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ ! -d "$glue" ]; then
  echo "left out: there is no $glue"
  exit 0
fi

fail() { echo "FAILED: $*" >&2; exit 1; }
# run NAME FLAGS...: into a folder of its own under $work.
run() {
  local name=$1
  shift
  "$binary" "$@" --dataset_dir "$glue" --results_dir "$work/results/$name" --output_dir "$work/$name" \
    >"$work/$name.log" 2>&1 || { cat "$work/$name.log"; fail "$name: run-glue $*"; }
}
# near A B TOLERANCE: absolute.
near() { awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { d = a - b; exit !(d <= t && -d <= t) }'; }
# logged NAME FIELD: the values of all training rows of the log.
logged() { jq -r ".log_history[] | select(.loss) | .$2" "$work/$1/trainer_state.json"; }
# same_log A B TOLERANCE: losses and gradient norms of two runs, relative.
same_log() {
  for field in loss grad_norm; do
    paste <(logged "$1" $field) <(logged "$2" $field) | awk -v t="$3" '
      { d = $1 - $2; if (d < 0) d = -d; if (NF != 2 || d > t * $1) bad = 1 } END { exit bad || NR == 0 }' ||
      fail "$1 and $2 differ in $field"
  done
}

echo "every task that has training rows, a few steps each"
rows() { jq --arg split "$2" ".dataset.splits[] | select(.split == \$split).rows" "$work"/results/"$1"/*/*/*[0-9a-f].json; }
while read -r task train validation; do
  run "$task" demo --task "$task" --max_steps 3 --max_eval_samples 64
  [ "$(rows "$task" train)" = "$train" ] || fail "$task: train rows"
  [ "$(rows "$task" validation)" = "$validation" ] || fail "$task: validation rows"
done <<'TASKS'
cola 8551 64
sst2 67349 64
mrpc 3668 64
stsb 5749 64
rte 2490 64
wnli 635 64
TASKS

echo "the exercises of docs/textbook.md, in miniature"
"$(dirname "$0")/textbook.sh" "$binary" "$2"

if [ ! -x "$2/get_minilm.sh" ] || ! "$2/get_minilm.sh" "$work/minilm"; then
  echo "left out: no pretrained encoder"
  exit 0
fi
echo "a pretrained encoder: 20 steps of RTE"
flags=(--task rte --model "$work/minilm" --logging_steps 1 --learning_rate 2e-5 --max_eval_samples 32)
run plain "${flags[@]}" --max_steps 20 --per_device_train_batch_size 32
# The same and its variants, for as many steps as show a difference.
flags+=(--max_steps 5)
run few "${flags[@]}" --per_device_train_batch_size 32
run again "${flags[@]}" --per_device_train_batch_size 32
run accumulated "${flags[@]}" --per_device_train_batch_size 8 --gradient_accumulation_steps 4
run padded "${flags[@]}" --per_device_train_batch_size 32 --pad_to_max_length true
cmp <(logged few loss) <(logged again loss) || fail "a run is not repeated bit for bit"
same_log few accumulated 1e-5
same_log few padded 1e-5
# The mean of the same 20 steps in the Hugging Face Trainer, whose dropout draws differ.
reference=$(jq '.runs.rte.loss_every_20_steps[0].loss' "$2/reference_results.json")
mean=$(logged plain loss | awk '{ sum += $1 } END { print sum / NR }')
near "$mean" "$reference" 0.01 || fail "mean loss $mean, the reference has $reference"
echo "mean loss $mean, the reference has $reference"

echo "data of one's own, as in docs/custom-data.md, on a few hundred rows"
# own NAME FLAGS...: as run, without GLUE's folder.
own() {
  local name=$1
  shift
  "$binary" "$@" --model "$work/minilm" --results_dir "$work/results/$name" --output_dir "$work/$name" \
    --max_seq_length 64 --num_train_epochs 1 --learning_rate 1e-4 \
    >"$work/$name.log" 2>&1 || { cat "$work/$name.log"; fail "$name: run-glue $*"; }
}
# has FILE PREFIX KEY...: finite numbers.
has() {
  local file=$work/$1 prefix=$2
  shift 2
  for key in "$@"; do
    jq -e ".${prefix}_$key | type == \"number\"" "$file" >/dev/null || fail "$file has no ${prefix}_$key"
  done
}
# classes NAME N: a table of N classes and an N x N matrix.
classes() {
  jq -e ".class_tables[0] | (.classes | length == $2) and (.confusion_matrix | length == $2)" \
    "$work"/results/"$1"/*/*/*[0-9a-f].json >/dev/null || fail "$1: no table of $2 classes"
}
own imdb --dataset_name "$2/hub/datasets/stanfordnlp/imdb" --do_train --do_eval --do_predict \
  --train_split_name 'train[:150]+train[-150:]' --validation_split_name 'test[:50]+test[-50:]' \
  --test_split_name 'test[50:100]+test[-100:-50]'
has imdb/eval_results.json eval accuracy f1_macro precision_macro recall_macro
has imdb/predict_results.json predict accuracy f1_macro precision_macro recall_macro
classes imdb 2
own news --train_file "$2/hub/ttc4900_eval.csv" --validation_split_percentage 20 --do_train --do_eval
has news/eval_results.json eval accuracy f1_macro precision_macro recall_macro
classes news 7
own halves --dataset_name "$glue" --dataset_config_name stsb --max_train_samples 300 --do_train --do_eval --do_predict \
  --validation_split_name 'validation[:50%]' --test_split_name 'validation[50%:]' \
  --metric_name mse,rmse,mae,pearson,spearmanr
has halves/eval_results.json eval mse rmse mae pearson spearmanr
has halves/predict_results.json predict mse rmse mae pearson spearmanr
