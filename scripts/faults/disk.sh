#!/usr/bin/env bash
# Fills the disk at each write of a run in its turn, and looks at what is left and what was said: disk.sh BINARY. Needs jq, and strace or the
# right to mount.
#
# By strace the Nth call that writes gets "no space left on device", and so do all that follow; then there is room again. By a tmpfs of
# growing size one of the two folders is full, while the other one has room.
set -euo pipefail
binary=$(realpath "$1")
work=$(mktemp -d)
mounted=()
cleared() {
  for disk in "${mounted[@]}"; do umount "$disk" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleared EXIT
# shellcheck source=scripts/faults/common.sh
source "$(dirname "$0")/common.sh"
writes=write,pwrite64,writev,ftruncate,fallocate,fsync,fdatasync,mkdir,mkdirat
tries=0 wrong=()

one_run "$work/alone"
"${command[@]}" >"$work/alone.log" 2>&1 || fail "$(tail -3 "$work/alone.log")"
outcome "$work/alone" >"$work/alone.outcome"

note() {
  wrong+=("$*")
  echo "$*"
}

# said NAME CODE LOG: a run on a full disk fails, and says why.
said() {
  case $2 in
    0) ;;
    1 | 2) grep -q 'disk is full\|No space left\|os error 28' "$3" || note "$1: it does not say that the disk is full: $(tail -1 "$3")" ;;
    *) note "$1: exit code $2: $(tail -1 "$3")" ;;
  esac
}

# goes_on NAME FOLDER: with room again, it ends as one that always had it.
goes_on() {
  one_run "$2"
  if ! "${command[@]}" >"$2.log" 2>&1; then
    note "$1: it does not go on: $(grep -m 1 '^error' "$2.log" || tail -1 "$2.log")"
  elif ! diff "$work/alone.outcome" <(outcome "$2") >"$2.diff"; then
    note "$1: it ends as another one: $(head -3 "$2.diff" | tr '\n' ' ')"
  elif [ -n "$(scratch "$2")" ]; then
    note "$1: it leaves $(scratch "$2" | tr '\n' ' ')"
  fi
}

by_calls() {
  local total at code folder=$work/full
  one_run "$work/counted"
  strace -f -qq -e trace="$writes" -o "$work/calls" "${command[@]}" >/dev/null 2>&1
  total=$(grep -c '(' "$work/calls")
  echo "$total calls that write"
  for at in $(seq 1 "$total"); do
    tries=$((tries + 1)) code=0
    one_run "$folder"
    strace -f -qq -e trace="$writes" -e inject="$writes:error=ENOSPC:when=$at+" -o /dev/null "${command[@]}" >"$work/log" 2>&1 || code=$?
    # What it says on a full standard error cannot be read: only the code is looked at.
    case $code in 0 | 1 | 2) ;; *) note "full from write $at: exit code $code" ;; esac
    goes_on "full from write $at" "$folder"
    rm -rf "$folder" "$folder".*
  done
}

# by_size WHICH: the folder `out` or `results` lies on a disk of its own, of so many kilobytes.
by_size() {
  local which=$1 size code folder=$work/small other need
  need=$(du -sk "$work/alone/$which" | cut -f 1)
  other=$([ "$which" = out ] && echo results || echo out)
  for size in $(seq 4 8 $((need * 3 + 8))); do
    tries=$((tries + 1)) code=0
    mkdir -p "$folder/$which"
    mount -t tmpfs -o size="${size}k" tmpfs "$folder/$which"
    mounted+=("$folder/$which")
    one_run "$folder"
    "${command[@]}" >"$work/log" 2>&1 || code=$?
    said "$which of $size KB" "$code" "$work/log"
    if [ "$code" != 0 ]; then
      # What was computed to the end lies where there was room: the record, or the model.
      if grep -q 'ends with the weights\|train_runtime' "$work/log"; then
        case $other in
          results) [ -n "$(find "$folder/results" -name 'seed-*.json')" ] || note "$which of $size KB: trained to the end, and no record" ;;
          out) [ -e "$folder/out/model.safetensors" ] || note "$which of $size KB: trained to the end, and no model" ;;
        esac
      fi
    fi
    mount -o remount,size=64m "$folder/$which"
    if [ "$code" = 0 ]; then
      # It ended well, without checkpoints where they had no room, and is not to be done again.
      [ -e "$folder/out/model.safetensors" ] || note "$which of $size KB: it ended, and there is no model"
      [ -n "$(find "$folder/results" -name 'seed-*.json')" ] || note "$which of $size KB: it ended, and there is no record"
    else
      goes_on "$which of $size KB" "$folder"
    fi
    umount "$folder/$which"
    rm -rf "$folder" "$folder".*
  done
}

if command -v strace >/dev/null; then by_calls; else echo "left out: full disks at each write, since there is no strace"; fi
if mkdir -p "$work/tried" && mount -t tmpfs -o size=4096 tmpfs "$work/tried" 2>/dev/null; then
  umount "$work/tried"
  by_size results
  by_size out
else
  echo "left out: small disks, since none may be mounted here"
fi
echo "$tries full disks, ${#wrong[@]} not survived"
[ "${#wrong[@]}" = 0 ]
