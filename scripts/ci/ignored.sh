#!/usr/bin/env bash
# Runs tests that are left out elsewhere since they need more than a toolchain: ignored.sh PROGRAM [NAME...], where PROGRAM is a
# crate's tests/PROGRAM; without names all of its ignored tests. A name that no test has is a failure, not "0 passed".
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(mktemp)
trap 'rm "$out"' EXIT
exact=()
[[ $# == 1 ]] || exact=(--exact)
# Of the whole workspace: with its features, so that nothing is compiled anew.
cargo test --release --locked --workspace --test "$1" -- --ignored "${exact[@]}" "${@:2}" | tee "$out"
wanted=$(($# > 1 ? $# - 1 : 1))
passed=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$out")
[[ ${passed:-0} -ge $wanted ]] || { echo "ignored.sh: ${passed:-0} of $wanted tests of $1 were run" >&2; exit 1; }
