# What the scripts of a release share. To be sourced.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

fail() { echo "$(basename "$0"): $*" >&2; exit 1; }

# The version in Cargo.toml, which all crates have.
version() { sed -n '/^\[workspace.package\]/,/^\[/ s/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml"; }

# The name of an archive without its ending: archive_name VERSION TARGET [VARIANT]
archive_name() { echo "run-glue-$1-$2${3:+-$3}"; }

# Its ending, as people of that system expect it.
archive_ending() {
  case $1 in
  *-windows-*) echo zip ;;
  *) echo tar.gz ;;
  esac
}

# The checksum of files, in the form that `sha256sum --check` takes.
checksum() {
  if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}
