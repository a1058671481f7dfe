#!/usr/bin/env bash
# Sends SIGINT and SIGTERM to runs while they read, tokenize, train, evaluate and predict many made-up rows:
#
#     scripts/faults/signals.sh BINARY [COUNT] [ROWS]
#
# Each ends within a second, with 130, and leaves no process behind; two signals are as one, as GNU timeout sends them; no step that was made
# is lost; and the command that goes on comes to what an undisturbed run does. COUNT: how many signals (60); ROWS: of the training data
# (400,000). Needs jq and ps.
set -euo pipefail
# Each job has a group of its own, as in a terminal, and does not ignore SIGINT, as those of a script do.
set -m
binary=$(realpath "$1")
count=${2:-60}
rows=${3:-400000}
work=$(mktemp -d)
job=
cleared() {
  [ -z "$job" ] || kill -KILL -- "-$job" 2>/dev/null || true
  rm -rf "$work"
}
trap cleared EXIT
# shellcheck source=scripts/faults/common.sh
source "$(dirname "$0")/common.sh"
# Kept tokens, apart from the user's.
export RUN_GLUE_CACHE=$work/cache
limit=1000 longest=0 signals=0 wrong=()
declare -A met=()
hows=(INT TERM "INT twice" "TERM twice")
if command -v timeout >/dev/null; then hows+=(timeout); else echo "left out: timeout, which is not there"; fi

now() { date +%s%3N; }

# made_up FILE ROWS SEED: rows of words of which most stand nowhere else.
made_up() {
  awk -v rows="$2" -v seed="$3" 'BEGIN {
    srand(seed)
    print "label,text"
    for (row = 0; row < rows; row++) {
      line = int(2 * rand()) ","
      for (word = 0; word < 12; word++) line = line sprintf("w%d ", 1000000 * rand())
      print line
    }
  }' >"$work/$1"
}
made_up train.csv "$rows" 1
made_up validation.csv $((rows / 8)) 2
made_up test.csv $((rows / 8)) 3
cut -d , -f 2 "$work/train.csv" >"$work/lines"

# Kinds of commands, each for a folder, in the array `command`.
a_run() {
  command=("$binary" --task_name made_up --model "$demo/model" --train_file "$work/train.csv" --validation_file "$work/validation.csv"
    --test_file "$work/test.csv" --do_train --do_eval --do_predict --output_dir "$1/out" --results_dir "$1/results"
    --max_steps 200 --logging_steps 1 --eval_strategy steps --eval_steps 100 --save_steps 50 --save_total_limit 1
    --learning_rate 1e-3 --per_device_train_batch_size 8 --max_seq_length 64)
}
a_run_anew() {
  a_run "$1"
  command+=(--overwrite_output_dir)
}
two_runs() {
  a_run "$1"
  command+=(--seeds 2 --workers 2)
}
predictions() { command=("$binary" predict "$work/alone-a_run/out" --file "$work/lines"); }

# came_of KIND FOLDER: what must not depend on signals.
came_of() { if [ "$1" = predictions ]; then sha256sum <"$2.said"; else outcome "$2"; fi; }

# steps FOLDER: of each run there the last step that it has logged, and its log.
steps() {
  # Folders take their names meanwhile, which is no error.
  find "$1" -name log.jsonl -size +0 -exec awk -F '"step": *' 'NF > 1 { last = $2 + 0 } END { print last + 0, FILENAME }' {} \; 2>/dev/null || true
}

# newest FOLDER: the step of the newest checkpoint there.
newest() { (find "$1" -maxdepth 1 -name 'checkpoint-*' 2>/dev/null || true) | sed 's/.*-//' | sort -n | tail -n 1; }

# models FOLDER: those of runs that have trained to the end.
models() { find "$1" -name model.safetensors -not -path '*/checkpoint-*' -not -path '*/.checkpoint-*' 2>/dev/null || true; }

# going: whether a process of the job's group is left.
going() { ps -e -o pgid= -o stat= | awk -v group="$job" '$1 == group && $2 !~ /^Z/ { found = 1 } END { exit !found }'; }

# alone KIND: lets a command of that kind end. In milliseconds it took `whole`; the training of a single run began after `from` and was over
# after `to`.
alone() {
  local kind=$1 folder=$work/alone-$1 began
  mkdir -p "$folder"
  rm -rf "$RUN_GLUE_CACHE"
  "$kind" "$folder"
  began=$(now) from=0 to=0
  "${command[@]}" >"$folder.said" 2>"$folder.log" &
  job=$!
  while kill -0 "$job" 2>/dev/null; do
    if [ "$from" = 0 ] && [ -e "$folder/out/log.jsonl" ]; then from=$(($(now) - began)); fi
    if [ "$to" = 0 ] && [ -e "$folder/out/model.safetensors" ]; then to=$(($(now) - began)); fi
    sleep 0.01
  done
  wait "$job" || fail "$kind: $(tail -n 3 "$folder.log")"
  whole=$(($(now) - began)) job=
  came_of "$kind" "$folder" >"$folder.outcome"
}

# signalled KIND MILLISECONDS HOW: starts a command of that kind, sends it a signal after so long, and then lets it go on.
signalled() {
  local kind=$1 how=$3 folder=$work/signalled name seconds whom sent took watch last log kept said
  local code=0 trained=0 phase=before named="" what=()
  seconds=$(($2 / 1000)).$(printf '%03d' $(($2 % 1000)))
  name="$kind, $how after $seconds s"
  mkdir -p "$folder"
  rm -rf "$RUN_GLUE_CACHE"
  "$kind" "$folder"
  if [ "$how" = timeout ]; then command=(timeout --preserve-status --signal INT "$seconds" "${command[@]}"); fi
  "${command[@]}" >"$folder.said" 2>"$folder.log" &
  job=$!
  # A terminal sends SIGINT to all processes, a queue sends SIGTERM to the one that it has started.
  case $how in INT*) whom=-$job ;; *) whom=$job ;; esac
  sleep "$seconds"
  steps "$folder" >"$folder.steps"
  if [ -s "$folder.steps" ]; then phase=training; fi
  if [ -n "$(models "$folder")" ]; then phase=after; fi
  sent=$(now)
  if [ "$how" != timeout ]; then kill -s "${how%% *}" -- "$whom" 2>/dev/null || true; fi
  case $how in
    *twice)
      sleep 0.2
      kill -s "${how%% *}" -- "$whom" 2>/dev/null || true
      ;;
  esac
  # One that heeds nothing is not waited for.
  (sleep 20 && kill -KILL -- "-$job") 2>/dev/null &
  watch=$!
  disown "$watch"
  wait "$job" 2>/dev/null || code=$?
  took=$(($(now) - sent))
  # Its workers, too.
  while going && [ "$took" -le "$limit" ]; do
    sleep 0.01
    took=$(($(now) - sent))
  done
  if going; then what+=("processes of it go on"); fi
  kill -KILL -- "-$watch" "-$job" 2>/dev/null || true
  job=
  if [ "$took" -gt "$limit" ]; then what+=("it ends after $took ms"); fi
  if [ "$took" -gt "$longest" ]; then longest=$took; fi
  said=$(tail -n 1 "$folder.log")
  case $code in
    130) ;;
    # It was over before.
    0) phase=late ;;
    # SIGTERM as every program takes it: of one that has nothing to keep, or has only just been started.
    143) [ "$kind" = predictions ] || [ ! -s "$folder.log" ] || what+=("exit code 143: $said") ;;
    *) what+=("exit code $code: $said") ;;
  esac
  while read -r last log; do
    trained=$((trained + last))
    kept=$(newest "$(dirname "$log")")
    if [ "${kept:-0}" -lt "$last" ]; then what+=("step $last was made, and ${kept:-none} is kept"); fi
  done <"$folder.steps"
  if [ "$kind" = a_run_anew ]; then
    kind=a_run
    if [ "$code" = 130 ] && [ "$trained" -gt 0 ]; then
      named=yes
      grep -q 'the same command without --overwrite_output_dir.* goes on' "$folder.log" || what+=("it names another command: $said")
    fi
  fi
  "$kind" "$folder"
  if ! "${command[@]}" >"$folder.said" 2>"$folder.log"; then
    what+=("it does not go on: $(grep -m 1 '^error' "$folder.log" || tail -n 1 "$folder.log")")
  elif ! came_of "$kind" "$folder" | diff "$work/alone-$kind.outcome" - >"$folder.diff"; then
    what+=("it ends as another one: $(head -n 3 "$folder.diff" | tr '\n' ' ')")
  elif [ -n "$(scratch "$folder")" ]; then
    what+=("it leaves $(scratch "$folder" | tr '\n' ' ')")
  elif [ -n "$named" ] && ! grep -q 'going on from' "$folder.log"; then
    what+=("the command that it names starts anew")
  fi
  signals=$((signals + 1))
  met[$phase]=$((${met[$phase]:-0} + 1))
  if [ "${#what[@]}" -gt 0 ]; then
    wrong+=("$name")
    printf '%s\n' "${what[@]/#/$name: }"
  fi
  rm -rf "$folder" "$folder".*
}

# spread KIND FROM TO TIMES: so many signals between two moments.
spread() {
  local at
  for ((at = 0; at < $4; at++)); do
    signalled "$1" $(($2 + ($3 - $2) * (2 * at + 1) / (2 * $4))) "${hows[signals % ${#hows[@]}]}"
  done
}

part=$((count / 6))
alone a_run
echo "a run of $rows rows: $from ms until it trains, $((to - from)) ms of training, $((whole - to)) ms of evaluations and predictions"
spread a_run 0 "$from" "$part"
spread a_run "$from" "$to" "$part"
spread a_run "$to" "$whole" "$part"
spread a_run_anew "$from" "$to" "$part"
alone two_runs
spread two_runs 0 "$whole" "$part"
alone predictions
spread predictions 0 "$whole" $((count - 5 * part))
echo "${met[before]:-0} before a training or without one, ${met[training]:-0} in it, ${met[after]:-0} after it, ${met[late]:-0} when all was over"
echo "the longest end took $longest ms"
echo "$signals signals, ${#wrong[@]} not heeded"
[ "${#wrong[@]}" = 0 ]
