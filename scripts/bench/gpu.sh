#!/usr/bin/env bash
# The GPU path on this machine: self-test, steps, whole runs and kernel times, beside the PyTorch that is here. Builds and
# downloads nothing: it takes a binary made elsewhere by `cargo build --release --features cuda` (strip it to carry it).
#
#   scripts/bench/gpu.sh --binary run-glue [--out DIR] [--stages LIST] [--seconds N] [--data GLUE] [--model DIR]
#                        [--device cuda|cuda:N|cpu] [--python PYTHON] [--tiny]
#
#   --out      folder for the results: gpu.md, gpu.json, and what each command printed   [gpu-bench]
#   --stages   of selftest, steps, jobs, profile, in any order, with commas              [all four]
#   --seconds  for everything; what does not fit is left out, and said                   [570]
#   --data     folder with mrpc/ and stsb/ as the Hub's nyu-mll/glue has them            [made-up texts]
#   --model    checkpoint of the runs                                                    [random BERT-base]
#   --tiny     small shapes, to try the script itself, also with --device cpu
#
# A stage that fails is said at the end and does not stop the others. Exit code 1 where one failed, 2 for wrong flags.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=run-glue out=${OUT:-gpu-bench} stages=selftest,steps,jobs,profile seconds=570 data='' model='' device=cuda
python=python3 tiny=''

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }
wrong() { echo "error: $*" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --tiny) tiny=1 ;;
    -h | --help) usage; exit 0 ;;
    --binary | --out | --stages | --seconds | --data | --model | --device | --python)
      [ $# -ge 2 ] || wrong "$1 needs a value"
      printf -v "${1#--}" %s "$2"
      shift ;;
    *) wrong "unknown flag $1; --help lists the flags" ;;
  esac
  shift
done
for stage in ${stages//,/ }; do
  case $stage in selftest | steps | jobs | profile) ;; *) wrong "--stages: there is no stage $stage" ;; esac
done
[[ $seconds =~ ^[0-9]+$ ]] || wrong "--seconds is $seconds, expected a whole number"
binary=$(command -v "$binary") || wrong "--binary: there is no such program"
binary=$(realpath "$binary")
mkdir -p "$out" || wrong "--out: $out cannot be made"
out=$(realpath "$out")
[ -z "$data" ] || [ -d "$data/mrpc" ] || wrong "--data: there is no $data/mrpc"
: >"$out/stages.jsonl"

left() { echo $((seconds - SECONDS)); }
say() { echo "[$SECONDS s] $*" >&2; }
json_text() { printf '%s' "$1" | tr -d '\000-\037\\"' | cut -c1-400; }
# told NAME OUTCOME: a line of stages.jsonl.
told() { printf '{"name": "%s", "outcome": "%s", "at": %d}\n' "$1" "$(json_text "$2")" "$SECONDS" >>"$out/stages.jsonl"; }
# attempt NAME LIMIT COMMAND...: standard output to NAME.json, the rest to NAME.log, in at most LIMIT seconds.
attempt() {
  local name=$1 limit=$2 code
  shift 2
  [ "$limit" -le "$(left)" ] || limit=$(left)
  if [ "$limit" -lt 5 ]; then
    say "$name: left out, no time is left"
    told "$name" "left out: no time is left"
    return 1
  fi
  say "$name"
  timeout --kill-after=5 "$limit" "$@" >"$out/$name.json" 2>"$out/$name.log"
  code=$?
  case $code in
    0) told "$name" ok; return 0 ;;
    124 | 137) told "$name" "FAILED: not done after $limit s" ;;
    *) told "$name" "FAILED ($code): $(grep -v '^$' "$out/$name.log" | tail -1)" ;;
  esac
  say "$name FAILED ($code), see $out/$name.log"
  return 1
}

if [ "$device" = cpu ]; then ours=(--use_cpu) torch_device=cpu; else ours=(--device "$device") torch_device=$device; fi
torch=()
if "$python" -c 'import torch' 2>/dev/null; then
  torch=("$python" "$here/torch_step.py" --device "$torch_device")
  # Kernels are compiled on this machine: without a toolkit, the compiler and headers of PyTorch's packages serve.
  packages=$("$python" -c 'import os, torch; print(os.path.join(os.path.dirname(os.path.dirname(torch.__file__)), "nvidia"))')
  while read -r library; do
    LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$(dirname "$library")
  done < <(find "$packages" -name 'libnvrtc.so.1[0-9]' 2>/dev/null)
  export LD_LIBRARY_PATH
  if [ -z "${CUDA_PATH:-}" ] && [ ! -d /usr/local/cuda/include ]; then
    header=$(find "$packages" -name cuda_fp16.h 2>/dev/null | head -1)
    [ -z "$header" ] || export CUDA_PATH=${header%/include/*}
  fi
else
  told torch "left out: $python has no PyTorch"
fi

#      name        model of configs.json   batch length
shapes="base-32    BERT-base  32 128
        large-32   BERT-large 32 128
        base-128   BERT-base  128 128"
precisions="bf16 f32 tf32"
job_model=BERT-base job_epochs=3 job_batch=32 warmup=5 steps=20
if [ -n "$tiny" ]; then
  shapes="tiny-4 BERT-tiny 4 16
          tiny-8 BERT-tiny 8 16"
  job_model=BERT-tiny job_epochs=1 job_batch=8 warmup=1 steps=2
fi
[ "$device" != cpu ] || precisions="bf16 f32"
# config NAME: its file.
config() { printf '%s' "$here/configs/$1.json"; }
flag() { if [ "$1" != f32 ]; then echo "--$1"; fi; }

selftest() {
  attempt selftest-f32 150 "$binary" selftest --json "${ours[@]}"
  for precision in $precisions; do
    [ "$precision" = f32 ] || attempt "selftest-$precision" 90 "$binary" selftest --json "${ours[@]}" "--$precision"
  done
}

steps() {
  local plan=$out/plan.jsonl
  : >"$plan"
  attempt peak-f32 60 "$binary" bench --peak "${ours[@]}"
  for precision in $precisions; do
    while read -r name shape batch length; do
      # shellcheck disable=SC2046 # no flag for f32
      attempt "ours-$name-$precision" 90 "$binary" bench --config "$(config "$shape")" --batch_size "$batch" \
        --length "$length" --warmup "$warmup" --steps "$steps" "${ours[@]}" $(flag "$precision")
      printf '{"name": "%s", "precision": "%s", "config": "%s", "batch": %d, "length": %d}\n' \
        "$name" "$precision" "$(config "$shape")" "$batch" "$length" >>"$plan"
    done <<<"$shapes"
  done
  [ ${#torch[@]} -gt 0 ] || return 0
  attempt torch-eager 150 "${torch[@]}" --plan "$plan" --warmup "$warmup" --steps "$steps" --seconds 140
  attempt torch-compile 240 "${torch[@]}" --plan "$plan" --warmup "$warmup" --steps "$steps" --compile --seconds 230
}

# Lines of data of a task: made_up ROWS LABELS SEED, where labels are whole numbers below LABELS, or scores up to 5.
made_up() {
  awk -v rows="$1" -v labels="$2" -v seed="$3" 'BEGIN {
    srand(seed)
    for (i = 0; i < rows; i++) {
      for (part = 1; part <= 2; part++) {
        words = 10 + int(30 * rand()); text[part] = ""
        for (j = 0; j < words; j++) text[part] = text[part] "w" int(800 * rand()) " "
      }
      label = labels ? int(labels * rand()) : sprintf("%.2f", 5 * rand())
      printf "{\"sentence1\": \"%s\", \"sentence2\": \"%s\", \"label\": %s, \"idx\": %d}\n", text[1], text[2], label, i
    }
  }'
}

jobs() {
  local glue=$data folder=$model rows=3600
  [ -z "$tiny" ] || rows=64
  if [ -z "$glue" ]; then
    glue=$out/glue
    for task in mrpc:2 stsb:0; do
      mkdir -p "$glue/${task%:*}"
      made_up "$rows" "${task#*:}" 1 >"$glue/${task%:*}/train.jsonl"
      made_up $((rows / 8)) "${task#*:}" 2 >"$glue/${task%:*}/validation.jsonl"
    done
  fi
  if [ -z "$folder" ]; then
    folder=$out/model
    rm -rf "$folder"
    attempt model 60 "$binary" bench --config "$(config "$job_model")" --save_model "$folder" || return 1
  fi
  for task in mrpc stsb; do
    attempt "job-ours-$task" 100 "$here/timed.sh" "$binary" --task "$task" --model "$folder" --dataset_dir "$glue" --bf16 \
      --num_train_epochs "$job_epochs" --per_device_train_batch_size "$job_batch" --learning_rate 2e-5 --save_strategy no \
      --output_dir "$out/job-$task" --overwrite_output_dir true --results_dir "$out/results" --rerun true "${ours[@]}"
    [ ${#torch[@]} -gt 0 ] && attempt "job-torch-$task" 100 "$here/timed.sh" "$python" "$here/hf_job.py" --task "$task" \
      --data "$glue/$task" --model "$folder" --bf16 --epochs "$job_epochs" --batch "$job_batch" --learning-rate 2e-5 \
      --device "$torch_device"
  done
}

profile() {
  local name shape batch length
  read -r name shape batch length <<<"$shapes"
  local step=("$binary" bench --config "$(config "$shape")" --batch_size "$batch" --length "$length" --warmup 3 --steps 5
    "${ours[@]}" --bf16)
  if [ "$device" = cpu ]; then
    attempt profile-ours 60 "${step[@]}"
  elif command -v nsys >/dev/null; then
    attempt profile-run 90 nsys profile --force-overwrite true --output "$out/profile" "${step[@]}" &&
      attempt profile-kernels 60 nsys stats --report cuda_gpu_kern_sum --format csv "$out/profile.nsys-rep"
  else
    told profile-kernels "left out: there is no nsys; times of kernels are not measured"
  fi
  [ ${#torch[@]} -gt 0 ] && attempt profile-torch 60 "${torch[@]}" --config "$(config "$shape")" --lengths \
    "$(yes "$length" | head -n "$batch" | paste -sd,)" --warmup 3 --steps 5 --bf16 --profile
}

for stage in ${stages//,/ }; do
  if [ "$(left)" -lt 10 ]; then told "$stage" "left out: no time is left"; else "$stage"; fi
done
say "results are in $out"
if "$python" -c '' 2>/dev/null; then
  "$python" "$here/gpu_table.py" "$out" | tee "$out/gpu.md"
else
  echo "there is no $python to make the table: the results are the JSON files in $out" >&2
  cat "$out/stages.jsonl"
fi
! grep -q FAILED "$out/stages.jsonl"
