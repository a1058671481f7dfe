#!/usr/bin/env bash
# Opens the page of a comparison in a headless Chromium, on a phone, a tablet and a desk, in light and dark: every number of the JSON is
# in it, no request leaves it, it fits, its texts can be read, no column is out of sight without a word, and axe-core finds no serious
# fault. RUN_GLUE_SCREENSHOTS may name a folder for pictures, RUN_GLUE_AXE the file axe.min.js; where it does not, npm fetches it.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v chromium >/dev/null; then
    apt-get update -q && apt-get install -y -q --no-install-recommends chromium
fi
if [ -z "${RUN_GLUE_AXE:-}" ]; then
    folder=$(mktemp -d)
    trap 'rm -r "$folder"' EXIT
    # A pinned version: rules that a later one adds are no fault of a change.
    if command -v npm >/dev/null && npm install --silent --no-save --prefix "$folder" axe-core@4.14.1 >/dev/null; then
        export RUN_GLUE_AXE=$folder/node_modules/axe-core/axe.min.js
    else
        echo "left out: axe-core's rules, since npm is not here or does not get it"
    fi
fi
RUN_GLUE_CHROMIUM=$(command -v chromium) \
    scripts/ci/ignored.sh cli page_in_chromium::the_page_is_complete_readable_and_asks_for_nothing
