#!/usr/bin/env bash
# The whole upload of the leaderboard, from a run over all tasks: submission.sh BINARY. Test splits of the leaderboard's sizes are
# made up; the zip is checked here once more, by other means than the program's own. Needs unzip.
set -euo pipefail
binary=$(realpath "$1")
demo=$(realpath "$(dirname "$0")/../../crates/trainer/demo")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }

# Folder, split, columns, rows: https://huggingface.co/datasets/nyu-mll/glue
while read -r config split columns rows; do
  mkdir -p "$work/glue/$config"
  cp -n "$demo/glue/$config"/train-* "$demo/glue/$config"/validation* "$work/glue/$config" 2>/dev/null || true
  awk -v rows="$rows" -v columns="$columns" 'BEGIN {
    n = split("the cat dog man woman red big small sat ran jumped quick slow house city", words, " ")
    split(columns, names, ",")
    print "idx," columns ",label"
    for (i = 0; i < rows; i++) {
      line = i
      for (c in names) {
        text = ""
        for (w = 0; w <= (i * (c + 1)) % 4; w++) text = text " " words[1 + (i * 7 + w * 3 + c) % n]
        line = line "," text
      }
      print line ",-1"
    }
  }' >"$work/glue/$config/$split.csv"
done <<'SPLITS'
cola test sentence 1063
sst2 test sentence 1821
mrpc test sentence1,sentence2 1725
stsb test sentence1,sentence2 1379
qqp test question1,question2 390965
mnli test_matched premise,hypothesis 9796
mnli test_mismatched premise,hypothesis 9847
qnli test question,sentence 5463
rte test sentence1,sentence2 3000
wnli test sentence1,sentence2 146
ax test premise,hypothesis 1104
SPLITS

"$binary" --task all --model "$demo/model" --dataset_dir "$work/glue" --output_dir "$work/out" --results_dir "$work/results" \
  --do_train --max_steps 30 --learning_rate 1e-3 --glue_submission >"$work/log" 2>&1 || { cat "$work/log"; fail "the run"; }

# Name, rows, and what a value looks like: run_glue.py's authors name none of these; they are the leaderboard's own.
zip=$work/out/submission.zip
names=$(unzip -Z1 "$zip" | sort | tr '\n' ' ')
expected="AX.tsv CoLA.tsv MNLI-m.tsv MNLI-mm.tsv MRPC.tsv QNLI.tsv QQP.tsv RTE.tsv SST-2.tsv STS-B.tsv WNLI.tsv "
[ "$names" = "$expected" ] || fail "the zip has $names"
three='^(entailment|neutral|contradiction)$'
two='^(entailment|not_entailment)$'
while read -r name rows pattern; do
  unzip -p "$zip" "$name" | awk -F'\t' -v rows="$rows" -v pattern="$pattern" '
    NR == 1 { if ($0 != "index\tprediction") { print "header: " $0; bad = 1 } next }
    NF != 2 || $1 != NR - 2 || $2 !~ pattern { if (!bad) print "line " NR ": " $0; bad = 1 }
    { seen[$2] }
    END {
      if (NR != rows + 1) { print NR - 1 " rows, expected " rows; bad = 1 }
      if (length(seen) < 2) { print "one value only: nothing was predicted"; bad = 1 }
      exit bad
    }' || fail "$name"
done <<FILES
CoLA.tsv 1063 ^[01]$
SST-2.tsv 1821 ^[01]$
MRPC.tsv 1725 ^[01]$
STS-B.tsv 1379 ^([0-4](\.[0-9]+)?|5(\.0+)?)$
QQP.tsv 390965 ^[01]$
MNLI-m.tsv 9796 $three
MNLI-mm.tsv 9847 $three
QNLI.tsv 5463 $two
RTE.tsv 3000 $two
WNLI.tsv 146 ^[01]$
AX.tsv 1104 $three
FILES
echo "$zip: eleven files, as the leaderboard wants them"
