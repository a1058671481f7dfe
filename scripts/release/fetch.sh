#!/usr/bin/env bash
# Puts the released program of this version into DIR/bin, once its checksum was verified: fetch.sh DIR
#
# Exit code 3 where there is none for this machine, or it does not run here, so that it has to be compiled; 1 where the archive is not
# what its checksum says, which no compilation makes good. RUN_GLUE_RELEASES is the address or the folder of the releases, by default
# this repository's.
set -euo pipefail
# shellcheck source=scripts/release/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
[ $# = 1 ] || fail "usage: fetch.sh DIR"
releases=${RUN_GLUE_RELEASES:-https://github.com/run-glue/run-glue/releases/download}
if [[ $releases == /* ]]; then releases=file://$releases; fi
none() { echo "fetch.sh: $*" >&2; exit 3; }

machine="$(uname -s) $(uname -m)"
case $machine in
"Linux x86_64") target=x86_64-unknown-linux-gnu ;;
"Linux aarch64") target=aarch64-unknown-linux-gnu ;;
"Darwin x86_64") target=x86_64-apple-darwin ;;
"Darwin arm64") target=aarch64-apple-darwin ;;
MINGW*" x86_64" | MSYS*" x86_64") target=x86_64-pc-windows-msvc ;;
*) none "nothing is released for $machine" ;;
esac
version=$(version)
name=$(archive_name "$version" "$target")
file=$name.$(archive_ending "$target")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

get() { curl --proto '=https,file' --fail --silent --show-error --location --retry 3 --output "$work/$1" "$releases/v$version/$1"; }
get "$file.sha256" || none "version $version has no $file"
get "$file" || fail "$file cannot be downloaded, and $file.sha256 can"
cd "$work"
# The words of the file are not trusted, only its hash.
[ "$(cut -d ' ' -f 1 "$file.sha256")" = "$(checksum "$file" | cut -d ' ' -f 1)" ] || fail "$file is not what $file.sha256 says"
case $file in
*.zip) unzip -q "$file" ;;
*) tar -xzf "$file" ;;
esac
cd - >/dev/null
mkdir -p "$1/bin"
program=$(find "$work/$name" -maxdepth 1 -name 'run-glue*' -type f)
"$program" --version >/dev/null || none "$file does not run here"
cp "$program" "$1/bin/"
echo "$file, checksum verified"
