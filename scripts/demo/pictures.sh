#!/usr/bin/env bash
# Takes the pictures of a comparison's page that the README shows, docs/images/page-light.png and page-dark.png: two learning rates of the
# demo's model with three seeds each, in a headless Chromium. pictures.sh [BINARY], by default target/release/run-glue.
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/run-glue}")
images=$PWD/docs/images
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
mkdir -p "$images"
for rate in 1e-3 5e-4; do
    "$binary" demo --seeds 3 --learning_rate "$rate" --results_dir "$folder/results" --report_html none >/dev/null
done
"$binary" compare "$folder/results" --output "$folder/page.html" >/dev/null
# The numbers are those that Blink has for the dark theme and the light one.
for theme in dark:0 light:1; do
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$folder/${theme%:*}" \
        --blink-settings="preferredColorScheme=${theme#*:}" --window-size=1280,760 \
        --screenshot="$images/page-${theme%:*}.png" "file://$folder/page.html" 2>/dev/null
done
ls -l "$images"/page-*.png
