#!/usr/bin/env bash
# Kills runs, starts them again, and compares what comes of them with a run that was let alone:
#
#     scripts/faults/kills.sh BINARY [COUNT] [ONLY]
#
# First at every call of the system that renames, removes, makes or flushes something, in its turn (by strace, where there is one), in a run
# that keeps its best checkpoint and in a sweep of four workers; then COUNT times (100) at random. ONLY: calls, sweep or random.
set -euo pipefail
binary=$(realpath "$1")
count=${2:-100}
only=${3:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=scripts/faults/common.sh
source "$(dirname "$0")/common.sh"
calls=("rename,renameat,renameat2" "unlink,unlinkat,rmdir" "fsync,fdatasync" "mkdir,mkdirat" "link,linkat")
kills=0 unlike=()

# alone KIND: what a command of that kind comes to when nothing disturbs it.
alone() {
  "$1" "$work/alone-$1"
  "${command[@]}" >"$work/alone-$1.log" 2>&1 || fail "$1: $(tail -3 "$work/alone-$1.log")"
  outcome "$work/alone-$1" >"$work/alone-$1.outcome"
  [ -z "$(scratch "$work/alone-$1")" ] || fail "$1 leaves $(scratch "$work/alone-$1")"
}

# goes_on KIND FOLDER NAME: starts what was killed there again, and compares.
goes_on() {
  local kind=$1 folder=$2 name=$3 what=""
  kills=$((kills + 1))
  "$kind" "$folder"
  if ! "${command[@]}" >"$folder.log" 2>&1; then
    what="does not go on: $(grep -m 1 '^error' "$folder.log" || tail -1 "$folder.log")"
  elif ! diff "$work/alone-$kind.outcome" <(outcome "$folder") >"$folder.diff"; then
    what="ends as another one: $(head -3 "$folder.diff" | tr '\n' ' ')"
  elif [ -n "$(scratch "$folder")" ]; then
    what="leaves $(scratch "$folder" | tr '\n' ' ')"
  fi
  if [ -n "$what" ]; then
    unlike+=("$kind, $name: $what")
    echo "$kind, $name: $what"
  fi
  rm -rf "$folder" "$folder".*
}

# at_calls KIND: kills the run once at each call of each kind, where it is about to be made.
at_calls() {
  local kind=$1 set total at folder
  for set in "${calls[@]}"; do
    "$kind" "$work/counted"
    strace -f -qq -e trace="$set" -o "$work/counted.calls" "${command[@]}" >/dev/null 2>&1
    total=$(grep -c '(' "$work/counted.calls" || true)
    rm -rf "$work/counted" "$work/counted.calls"
    echo "$kind: $total calls of $set"
    for at in $(seq 1 "$total"); do
      folder=$work/killed
      "$kind" "$folder"
      # `when` counts the calls of each thread by itself, so not every number is met.
      # In a shell of its own, which says nothing of the kill.
      (strace -f -q -e trace="$set" -e inject="$set:signal=KILL:when=$at" -o "$work/calls" "${command[@]}" || true) >/dev/null 2>&1
      if grep -q 'killed by SIGKILL' "$work/calls"; then
        goes_on "$kind" "$folder" "killed at call $at of $set"
      else
        rm -rf "$folder"
        break
      fi
    done
  done
}

# at_random KIND TIMES: kills the program and its workers after some part of the time that it takes.
at_random() {
  local kind=$1 times=$2 started took at folder
  "$kind" "$work/timed"
  started=$(date +%s%N)
  "${command[@]}" >/dev/null 2>&1
  took=$((($(date +%s%N) - started) / 1000))
  rm -rf "$work/timed"
  for at in $(seq 1 "$times"); do
    folder=$work/killed
    "$kind" "$folder"
    setsid "${command[@]}" >/dev/null 2>&1 &
    local group=$!
    sleep "$(awk -v took="$took" -v part="$RANDOM" 'BEGIN { printf "%.6f", took * part / 32768 / 1e6 }')"
    kill -KILL -- "-$group" 2>/dev/null || true
    wait "$group" 2>/dev/null || true
    goes_on "$kind" "$folder" "killed at random, time $at of $times"
  done
}

alone one_run
alone a_sweep
if [ -z "$only" ] || [ "$only" = calls ]; then
  if command -v strace >/dev/null; then at_calls one_run; else echo "left out: kills at calls, since there is no strace"; fi
fi
if [ -z "$only" ] || [ "$only" = sweep ]; then
  if command -v strace >/dev/null; then at_calls a_sweep; fi
fi
if [ -z "$only" ] || [ "$only" = random ]; then
  at_random one_run $((count / 2))
  at_random a_sweep $((count - count / 2))
fi
echo "$kills kills, ${#unlike[@]} not survived"
[ "${#unlike[@]}" = 0 ]
