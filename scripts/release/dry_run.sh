#!/usr/bin/env bash
# The steps of .github/workflows/release.yml on this machine, for its own kind of machine, and nothing is published: dry_run.sh [DIR]
# DIR gets the wheel and the archive. What `cargo build --release -p run-glue` compiled is taken as it is.
set -euo pipefail
# shellcheck source=scripts/release/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=$(realpath -m "${1:-$work/out}")
cd "$root"
began=$SECONDS
took() { echo "== $1: $((SECONDS - began)) s"; began=$SECONDS; }

version=$(scripts/release/check_version.sh)
scripts/release/check_version.sh "v$version" >/dev/null
if scripts/release/check_version.sh v999.0.0 2>/dev/null; then fail "a tag of another version was taken"; fi
scripts/release/notes.sh "$version" >"$work/notes.md"
took "version $version, in every file that names it"

# --allow-dirty: the tag's files have no changes, and a dry run may come before them.
cargo package --workspace --exclude run-glue-fuzz --no-verify --locked --allow-dirty 2>"$work/log" >&2 || { cat "$work/log"; fail "cargo package"; }
for crate in "${CARGO_TARGET_DIR:-target}"/package/*-"$version".crate; do
  bytes=$(wc -c <"$crate")
  echo "$(basename "$crate"): $((bytes / 1024)) KiB"
  # Registries take ten times as much; a file of the tests among them is an oversight.
  [ "$bytes" -lt 2000000 ] || fail "$(basename "$crate") has $bytes bytes"
done
took "crates"

maturin=$(command -v maturin || true)
if [ -z "$maturin" ] && python3 -m venv "$work/maturin" && "$work/maturin/bin/pip" install -q 'maturin>=1.8,<2'; then
  maturin=$work/maturin/bin/maturin
fi >"$work/log" 2>&1
if [ -z "$maturin" ]; then
  echo "left out: maturin cannot be installed, so there is no wheel: $(tail -n 1 "$work/log")"
  exit 0
fi
mkdir -p "$out"
"$maturin" build --release --locked --out "$out" --features "" 2>"$work/log" || { cat "$work/log"; fail "maturin"; }
wheel=$(find "$out" -name "run_glue-$version-*.whl")
python3 -m venv "$work/fresh"
"$work/fresh/bin/pip" install -q --no-index "$wheel"
# With nothing but what is in it.
installed() { env -i "HOME=$work" "$work/fresh/bin/run-glue" "$@"; }
installed --version
installed demo --task rte,stsb --format tsv --results_dir "$work/results" >"$work/log" 2>&1 || { cat "$work/log"; fail "the demo"; }
grep -P '^model\ttask\tscore' "$work/log"
took "$(basename "$wheel"), installed into a fresh environment and run"

target=$(installed --version | sed -n 's/^target: //p')
scripts/release/pack.sh "$wheel" "$target" "$out"
scripts/release/pack.sh "$wheel" "$target" "$work/again" >/dev/null
archive=$(archive_name "$version" "$target").$(archive_ending "$target")
cmp "$out/$archive" "$work/again/$archive"
mkdir -p "$work/releases"
ln -s "$out" "$work/releases/v$version"
RUN_GLUE_RELEASES=$work/releases scripts/release/fetch.sh "$work/installed"
cmp "$work/installed/bin/run-glue" "$work/fresh/bin/run-glue"
took "$archive, made twice, fetched and verified"
