#!/usr/bin/env bash
# The GPU's kernels on Mesa's software Vulkan, and the backend ndarray: their tests, and the self-test of both.
#   kernels.sh needed   says yes where the files that decide what comes of these are others than those that passed last
#   kernels.sh build    compiles them
#   kernels.sh run      runs them, and on success writes down which files passed, in scripts/ci/kernels.passed, which is committed
# They take a third of the gate's time, and nothing but these files can change them: what passed is not run again. A run every week, and
# RUN_GLUE_KERNELS=1, do it all the same.
set -euo pipefail
cd "$(dirname "$0")/../.."
passed=scripts/ci/kernels.passed
target=${CARGO_TARGET_DIR:-target}

# Without optimisation but for what Cargo.toml names: that takes longer than it saves here. Without autotune, which would compile every
# product there is. Both packages in one call: the same features, and so no crate is compiled twice.
dev() {
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 cargo "$1" -p run-glue-models -p run-glue --locked --no-default-features \
    --features run-glue/flex,run-glue/ndarray,run-glue/wgpu "${@:2}"
}

# One hash over the operations, the layers and models made of them, the training step, the self-test, and the versions of what
# they are built on.
state() {
  {
    git ls-files -- crates/models/Cargo.toml crates/models/src/ops crates/models/src/layers crates/models/src/encoder \
      crates/models/src/backends crates/models/src/*.rs crates/models/src/torch_rng crates/models/src/peft/attach.rs \
      crates/trainer/src/training/step.rs crates/trainer/src/training/step_gradients.rs crates/trainer/src/training/optimizer \
      crates/run-glue/src/selftest crates/run-glue/tests/fixtures/trajectory |
      LC_ALL=C sort | xargs -d '\n' sha256sum
    grep -A 1 -E '^name = "(burn|cubecl|wgpu|naga|ndarray|half|bytemuck)' Cargo.lock
  } | sha256sum | cut -d ' ' -f 1
}

case "${1:-}" in
needed)
  if [ "${RUN_GLUE_KERNELS:-}" = 1 ] || [ "$(cat "$passed" 2>/dev/null)" != "$(state)" ]; then echo yes; else echo no; fi
  ;;
build)
  dev test --lib --no-run
  dev build
  ;;
run)
  compgen -G '/usr/share/vulkan/icd.d/*.json' >/dev/null || apt-get install -y -q mesa-vulkan-drivers
  dev test --lib -- wgpu ndarray cube gpus
  "$target/debug/run-glue" selftest --backend ndarray | tail -n 1 &
  ndarray=$!
  "$target/debug/run-glue" selftest --backend wgpu | tail -n 1
  wait "$ndarray"
  state >"$passed"
  ;;
*)
  echo "usage: kernels.sh needed|build|run" >&2
  exit 2
  ;;
esac
