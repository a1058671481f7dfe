#!/usr/bin/env bash
# Tells whether all that names the version names the same one, and prints it: check_version.sh [TAG]
set -euo pipefail
# shellcheck source=scripts/release/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

version=$(version)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-z.]+)?$ ]] || fail "Cargo.toml: no version in [workspace.package]: '$version'"
exact=${version//./\\.}
# That a file says this version, in the one way that it has of saying it: names FILE PATTERN
names() { grep -qE -- "$2" "$1" || fail "$1 does not name version $version: expected $2"; }

# The crates ask for each other by version.
while read -r line; do
  [[ $line == *"version = \"=$version\""* ]] || fail "Cargo.toml: another version than =$version: $line"
done < <(sed -n '/^\[workspace.dependencies\]/,/^\[/ { /path = "crates/p; }' Cargo.toml)
names Cargo.lock "^version = \"$exact\"$"
names CHANGELOG.md "^## \[$exact\] - [0-9]{4}-[0-9]{2}-[0-9]{2}$"
names CITATION.cff "^version: $exact$"
names docs/verify.md "uses: run-glue/run-glue@v$exact$"
names README.md "ghcr\.io/run-glue/run-glue:$exact "
names docs/clusters.md "ghcr\.io/run-glue/run-glue:$exact "
if [ $# -gt 0 ] && [ "$1" != "v$version" ]; then fail "the tag is $1, and the version is $version"; fi
echo "$version"
