#!/usr/bin/env bash
# Makes the archive of a release and its checksum: pack.sh PROGRAM|WHEEL TARGET DIR [VARIANT]
#
# Of a wheel the program in it is taken, so that one compilation makes both. DIR gets run-glue-VERSION-TARGET[-VARIANT].tar.gz (.zip for
# Windows) and, beside it, a file .sha256 as `sha256sum --check` takes it. Where tar is GNU's, the same files make the same archive.
set -euo pipefail
# shellcheck source=scripts/release/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
[ $# -ge 3 ] || fail "usage: pack.sh PROGRAM|WHEEL TARGET DIR [VARIANT]"
from=$1 target=$2
mkdir -p "$3"
out=$(cd "$3" && pwd)
name=$(archive_name "$(version)" "$target" "${4:-}")
file=$name.$(archive_ending "$target")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

program=$from
if [[ $from == *.whl ]]; then
  python=$(command -v python3 || command -v python) || fail "$from cannot be unpacked without Python"
  "$python" -m zipfile -e "$from" "$work/wheel"
  program=$(find "$work/wheel" -path '*.data/scripts/run-glue*' -type f)
fi
[ -f "$program" ] || fail "$from: there is no program"

folder=$work/$name
mkdir "$folder"
case $target in
*-windows-*) cp "$program" "$folder/run-glue.exe" ;;
*) install -m 755 "$program" "$folder/run-glue" ;;
esac
for text in README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT; do install -m 644 "$root/$text" "$folder"; done

cd "$work"
rm -f "$out/$file"
if [[ $file == *.zip ]]; then
  if command -v 7z >/dev/null; then 7z a -tzip -bso0 "$out/$file" "$name"; else zip -qrX "$out/$file" "$name"; fi
elif tar --version | grep -q GNU; then
  date=${SOURCE_DATE_EPOCH:-$(git -C "$root" show --no-patch --format=%ct HEAD)}
  tar --sort=name --mtime="@$date" --owner=0 --group=0 --numeric-owner -c "$name" | gzip -n >"$out/$file"
else
  tar -czf "$out/$file" "$name"
fi
cd "$out"
checksum "$file" >"$file.sha256"
cat "$file.sha256"
