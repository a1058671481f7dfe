#!/usr/bin/env bash
# What CHANGELOG.md says of a version, for the page of its release: notes.sh VERSION
set -euo pipefail
# shellcheck source=scripts/release/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

notes=$(awk -v heading="## [$1]" '/^(## |\[)/ { inside = 0 } inside { print } index($0, heading) == 1 { inside = 1 }' "$root/CHANGELOG.md")
[ -n "${notes//[[:space:]]/}" ] || fail "CHANGELOG.md says nothing of version $1"
printf '%s\n' "$notes"
