#!/usr/bin/env bash
# Checks the shell scripts with shellcheck, and action.yml, the workflows and the template for GitLab against the schemas of those
# services, which the package check-jsonschema carries. What is not there is left out, and said so.
set -euo pipefail
cd "$(dirname "$0")/../.."

if command -v shellcheck >/dev/null; then
  shellcheck --external-sources .ci/run scripts/*/*.sh
else
  echo "left out: there is no shellcheck"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q check-jsonschema==0.39.0; } >"$work/log" 2>&1; then
  echo "left out: check-jsonschema cannot be installed: $(tail -n 1 "$work/log")"
  exit 0
fi
check() { "$work/venv/bin/check-jsonschema" --builtin-schema "vendor.$1" "${@:2}"; }
check github-actions action.yml
check github-workflows .github/workflows/*.yml
check gitlab-ci templates/*.gitlab-ci.yml
