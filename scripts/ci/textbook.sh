#!/usr/bin/env bash
# The commands of docs/textbook.md as they stand there, in miniature: textbook.sh BINARY SHARED, where SHARED/hub/datasets has copies of
# the Hub's datasets. The numbers of rows are smaller, and the models are the demo's; everything else is the document's. Needs jq.
set -euo pipefail
binary=$(realpath "$1")
datasets=$2/hub/datasets
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
for dataset in stanfordnlp/imdb nyu-mll/glue; do
  if [ ! -d "$datasets/$dataset" ]; then
    echo "left out: there is no $datasets/$dataset"
    exit 0
  fi
done
datasets=$(realpath "$datasets")
model=$root/crates/trainer/demo/model
cd "$work"

# A file sorted by class, as TTC-4900 is.
{
  echo category,text
  for class in dunya ekonomi kultur saglik siyaset spor teknoloji; do
    for row in $(seq 20); do echo "$class,the $class film of number $row was seen"; done
  done
} >ttc4900.csv

# The document's commands, one after the other.
awk '/^```sh$/ { on = 1; n++; next } /^```$/ { on = 0 } on { print > ("command-" n) }' "$root/docs/textbook.md"
commands=(command-*)
[ "${#commands[@]}" = 6 ] || fail "docs/textbook.md has other commands than this script knows"
sed -i \
  -e "s#--dataset_name \(stanfordnlp/imdb\|nyu-mll/glue\)#--dataset_name $datasets/\1#" \
  -e "s#--model \(distilbert-base-uncased\|dbmdz/bert-base-turkish-cased\)#--model $model#" \
  -e 's/train\[:2000\]+train\[-2000:\]/train[:20]+train[-20:]/' \
  -e 's/test\[:500\]+test\[-500:\]/test[:5]+test[-5:]/' \
  -e 's/test\[500:1000\]+test\[-1000:-500\]/test[5:10]+test[-10:-5]/' \
  -e 's/train\[:1000\]/train[:50]/' command-*
# What all runs have besides.
run-glue() {
  local small=(--use_cpu --results_dir "$work/results" --max_seq_length 32 --max_train_samples 100 --learning_rate 1e-3)
  [ "$1" = predict ] && small=()
  "$binary" "$@" "${small[@]}"
}
# run_command N: runs it; what it says goes into N.out and N.log.
run_command() {
  # shellcheck disable=SC1090
  . "./command-$1" >"$1.out" 2>"$1.log" || { cat "$1.log"; fail "command $1 of docs/textbook.md"; }
}
# table FOLDER METRICS NAME:ROWS...: the parts with their rows, and a number for each metric.
table() {
  local file=$1/final_eval.json metrics=$2
  shift 2
  [ "$(jq -r '.[] | "\(.name):\(.rows)"' "$file" | xargs)" = "$*" ] || { cat "$file"; fail "$file: the parts are not $*"; }
  jq -e --arg metrics "$metrics" 'all(.[]; . as $part | all($metrics | split(",")[]; $part[.] | type == "number"))' "$file" \
    >/dev/null || { cat "$file"; fail "$file has not all of $metrics"; }
  local lines
  lines="$(wc -l <"${file%.json}.csv") $(wc -l <"${file%.json}.md")"
  [ "$lines" = "$(($# + 1)) $(($# + 2))" ] || fail "$file: csv and md have $lines lines"
}
says() { grep -q -- "$2" "$1" || { cat "$1"; fail "$1 does not say $2"; }; }

echo "film reviews"
run_command 1
table imdb accuracy,f1,precision,recall,loss train:40 validation:10 test:10
[ "$(jq -c .id2label imdb/config.json)" = '{"0":"NEG","1":"POS"}' ] || fail "the names of the labels"
[ "$(cut -f2 imdb/predict_results_imdb.txt | tail -n +2 | grep -cE '^(NEG|POS)$')" = 10 ] || fail "the predictions have other names"
says 1.log "POS  *20  *5  *5  ##"
says 1.out "final evaluation"

echo "news"
run_command 2
table news accuracy,f1_macro,precision_macro,recall_macro train:70 validation:35 test:35
[ "$(jq '.id2label | length' news/config.json)" = 7 ] || fail "not seven classes"
says 2.log "class  *train  *validation  *test"
# As pandas puts them: DataFrame.sample(frac=1, random_state=42).
says 2.log "dunya  *11  *6  *3  #"
says 2.log "teknoloji  *7  *6  *7  #"
says 2.out "^teknoloji  *[01]\.[0-9]"
run_command 3
# Seven labels, each with its probability, which are 1 together.
awk -F '\t' '{ for (i = 2; i <= NF; i += 2) { sum += $i; if (i > 2 && $i > $(i - 2)) bad = 1 } }
  END { exit bad || NF != 14 || NR != 1 || sum < 0.9999 || sum > 1.0001 }' 3.out || { cat 3.out; fail "the probabilities of a text"; }

echo "similar sentences"
run_command 4
table stsb mse,rmse,mae,pearson,spearmanr train:100 validation:750 test:750
jq -e 'all(.[]; (.rmse * .rmse - .mse | fabs) < 1e-9 * (1 + .mse))' stsb/final_eval.json >/dev/null || fail "rmse is not the root of mse"
run_command 5
grep -qE '^-?[0-9]+\.[0-9]{6}$' 5.out || { cat 5.out; fail "the score of a pair is not a number alone"; }
run_command 6
table stsb-again mse,rmse,mae,pearson,spearmanr validation:750 'validation[750:]:750' 'train[:50]:50'
same() { jq -c --argjson at "$2" '.[$at] | [.mse, .mae, .pearson]' "$1/final_eval.json"; }
[ "$(same stsb 1)" = "$(same stsb-again 0)" ] || fail "the saved model has other scores on the validation rows"
[ "$(same stsb 2)" = "$(same stsb-again 1)" ] || fail "the saved model has other scores on the test rows"
