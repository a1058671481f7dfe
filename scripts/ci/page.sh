#!/usr/bin/env bash
# Opens the page of a comparison in a headless Chromium: every number of the JSON is in it, no request leaves it, it fits a phone,
# and every text can be read in light and dark. RUN_GLUE_SCREENSHOTS may name a folder for pictures.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v chromium >/dev/null; then
    apt-get update -q && apt-get install -y -q --no-install-recommends chromium
fi
RUN_GLUE_CHROMIUM=$(command -v chromium) \
    scripts/ci/ignored.sh cli page_in_chromium::the_page_is_complete_readable_and_asks_for_nothing
