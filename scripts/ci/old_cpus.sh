#!/usr/bin/env bash
# Runs the tests of the numerics as x86-64 processors without AVX-512 (Haswell) and without AVX (Nehalem) see them, by
# QEMU's user-mode emulation: what is detected at run time is then really absent.
set -euo pipefail
cd "$(dirname "$0")/../.."
[[ $(uname -m) == x86_64 ]] || { echo "old_cpus.sh: only for x86-64"; exit 0; }
command -v qemu-x86_64 >/dev/null || apt-get install -y -q qemu-user >/dev/null

# The unit tests of `models` and its comparison with transformers' logits and gradients.
binaries=$(cargo test --release --locked --workspace --no-run --message-format=json 2>/dev/null |
    jq -r 'select(.profile.test and .executable != null)
           | select(.manifest_path | endswith("crates/models/Cargo.toml"))
           | select((.target.name == "models" and .target.kind[0] == "lib") or .target.name == "numerics") | .executable')
[[ $(wc -w <<<"$binaries") == 2 ]] || { echo "old_cpus.sh: expected two test programs, got: $binaries" >&2; exit 1; }
for cpu in Haswell Nehalem; do
    for binary in $binaries; do
        # Of the numerics of whole models, BERT's will do: emulation is slow.
        filter=()
        [[ $(basename "$binary") == numerics-* ]] && filter=(parity::)
        echo "-- $cpu: $(basename "$binary") ${filter[*]}"
        (cd crates/models && qemu-x86_64 -cpu "$cpu" "$binary" --quiet "${filter[@]}")
    done
done
