#!/usr/bin/env bash
# Compiles every CUDA kernel of the self-test and of training steps in each precision with NVRTC, for compute capability 9.0, on
# a machine without a GPU: a stand-in for the driver (cuda_kernels/driver.c) takes the kernels and runs none, so all results are
# wrong, and only failures count. CUDA_PATH names a folder whose include/ has CUDA's headers, NVRTC the folder of libnvrtc.so.12 or
# .13. NVIDIA's wheels nvidia-cuda-nvrtc, nvidia-cuda-runtime and nvidia-cuda-cccl have both. Takes about ten minutes.
set -euo pipefail
[[ $# == 1 ]] || { echo "usage: cuda_kernels.sh RUN-GLUE (built with --features cuda)" >&2; exit 2; }
binary=$(realpath "$1")
cd "$(dirname "$0")/../.."
: "${CUDA_PATH:?a folder whose include/ has cuda_fp16.h}" "${NVRTC:?the folder of libnvrtc.so}"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cc -shared -fPIC -w -o "$work/libcuda.so.1" scripts/ci/cuda_kernels/driver.c
ln -s libcuda.so.1 "$work/libcuda.so"
run() { LD_LIBRARY_PATH=$work:$NVRTC RUN_GLUE_CACHE=$work/cache "$binary" "$@" --backend cuda; }

code=0
run selftest --json >"$work/selftest.json" || code=$?
[[ $code == 1 ]] || { echo "the self-test ended with code $code" >&2; exit 1; }
jq -r '.comparisons[] | select(.failure != null) | "\(.case): \(.failure)"' "$work/selftest.json" | sort -u >"$work/failures"
[[ ! -s $work/failures ]] || { cat "$work/failures" >&2; exit 1; }
echo "self-test: $(jq '.comparisons | length' "$work/selftest.json") comparisons, no kernel that does not compile"

config=crates/run-glue/tests/fixtures/trajectory/checkpoints/encoder/config.json
for precision in f32 tf32 bf16 fp16; do
    flags=(--config "$config" --batch_size 8 --length 64)
    [[ $precision == f32 ]] || flags+=("--$precision")
    run bench "${flags[@]}" >"$work/bench.json"
    jq -r --arg name "$precision" '"a step in \($name): \(.kernels.compiled) kernels compiled, \(.kernels.kept) kept, "
        + "\(.first_step_seconds | round) s"' "$work/bench.json"
done
