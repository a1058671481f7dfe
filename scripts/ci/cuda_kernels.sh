#!/usr/bin/env bash
# Compiles every CUDA kernel of a training step with NVRTC for compute capability 9.0, on a machine without a GPU: a stand-in for
# the driver (cuda_kernels/driver.c) takes the kernels and runs none. CUDA_PATH names a folder whose include/ has CUDA's headers,
# NVRTC the folder of libnvrtc.so.12 or .13. NVIDIA's wheels nvidia-cuda-nvrtc, nvidia-cuda-runtime and nvidia-cuda-cccl have both.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${CUDA_PATH:?a folder whose include/ has cuda_fp16.h}" "${NVRTC:?the folder of libnvrtc.so}"
stand_in=$(mktemp -d)
trap 'rm -r "$stand_in"' EXIT
cc -shared -fPIC -w -o "$stand_in/libcuda.so.1" scripts/ci/cuda_kernels/driver.c
ln -s libcuda.so.1 "$stand_in/libcuda.so"
LD_LIBRARY_PATH=$stand_in:$NVRTC cargo test --release --locked -p models --features cuda --test backends -- \
    --ignored --nocapture cuda_kernels_compile
