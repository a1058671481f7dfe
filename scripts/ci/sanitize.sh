#!/usr/bin/env bash
# Runs the unit tests of `models`, where all of the unsafe numerics live, under AddressSanitizer, at each vector level.
# The sanitizer is a compiler flag that the stable toolchain carries but does not offer without RUSTC_BOOTSTRAP.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$(rustc -vV | sed -n 's/^host: //p')
export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address" ASAN_OPTIONS=detect_leaks=0
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/sanitize
for level in "" v3 scalar; do
    echo "-- RUN_GLUE_SIMD=$level"
    RUN_GLUE_SIMD=$level cargo test --profile profiling --locked -p run-glue-models --lib --target "$target" --quiet
done
