#!/usr/bin/env bash
# Runs a plan by GNU parallel: check_parallel.sh BINARY. Two workers, one of which is killed in the middle of a run; in the end
# every run is done once, and the table is that of a single process. Needs jq; without parallel it is left out.
set -euo pipefail
command -v parallel >/dev/null || { echo "left out: there is no GNU parallel"; exit 0; }
# shellcheck disable=SC2034
binary=$(realpath "$1")
work=$(mktemp -d)
# shellcheck source=scripts/cluster/common.sh
source "$(dirname "$0")/common.sh"
trap 'rm -rf "$work"' EXIT

twelve_runs "$work/a sweep"
cd "$work/a sweep"
run-glue plan "twelve runs.toml" --format shell --output list
[ "$(wc -l <list)" = 12 ] || fail "not twelve lines: $(cat list)"
if command -v shellcheck >/dev/null; then shellcheck --shell=sh list; fi
mkdir logs
parallel --will-cite --jobs 2 --joblog jobs --results logs/first/'{#}'/ <list >/dev/null 2>&1 &
parallel=$!
# A run in training, by the files that it has open.
victim() {
  local pid
  for pid in $(pgrep -x run-glue); do
    [ "$(readlink "/proc/$pid/cwd")" = "$PWD" ] || continue
    if grep -q ': step ' "$(readlink "/proc/$pid/fd/2")" 2>/dev/null; then
      echo "$pid"
      return
    fi
  done
}
until pid=$(victim) && [ -n "$pid" ]; do sleep 0.1; done
kill -KILL "$pid"
if wait $parallel; then fail "nothing was killed"; fi
[ "$(records results | wc -l)" = 11 ] || fail "not eleven records: $(records results)"
parallel --will-cite --jobs 2 --joblog jobs --resume-failed --results logs/again/'{#}'/ <list >/dev/null 2>&1
all_once results logs/*/*/stderr
same_as_one_process results
echo "every run was done once, with the numbers of a single process"
