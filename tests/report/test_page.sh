#!/bin/bash
# once
# The report's page in a real browser, where chromium is installed: it is laid out without errors, on a phone nothing is
# wider than the screen but the drawing, which scrolls by itself.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
browser=$(command -v chromium || command -v chromium-browser)
if [ -z "$browser" ]; then
    echo "skip the page in a browser: chromium is not installed"
    exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failures=0
check() { # NAME STATUS
    if [ "$2" -eq 0 ]; then
        echo "ok $1"
    else
        echo "not ok $1"
        failures=$((failures + 1))
    fi
}
browse() { HOME=$work timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/profile" "$@" 2>"$work/err"; }

mkdir "$work/exercise" && cp tests/report/result.json "$work/exercise/report.json" &&
    "$LABCTL" report "$work/exercise" --as html >"$work/page.html"
check "the page is written" $?
# shellcheck disable=SC2016 # it is the browser's to expand
# The browser measures: what sticks out of the screen, and how many things of each kind there are.
sed 's|</body>|<script>onload=()=>{const w=document.documentElement,out=[...document.querySelectorAll("body *")].filter(e=>!e.closest(".wide")\&\&e.getBoundingClientRect().right>innerWidth+1).length;document.body.dataset.seen=`wide ${out} scroll ${w.scrollWidth>innerWidth} boxes ${document.querySelectorAll("svg rect").length} folded ${document.querySelectorAll("details:not([open])").length} events ${document.querySelectorAll(".bar i").length}`}</script></body>|' \
    "$work/page.html" >"$work/measured.html"
for width in 390 1000; do
    browse --window-size="$width,1200" --dump-dom "file://$work/measured.html" >"$work/dom"
    grep -o 'data-seen="[^"]*"' "$work/dom"
    grep -q 'data-seen="wide 0 scroll false boxes 3 folded 6 events 3"' "$work/dom"
    check "at $width columns all is there and nothing sticks out" $?
done
browse --window-size=1000,1600 --screenshot="$work/page.png" "file://$work/page.html" >"$work/out"
[ "$(stat -c %s "$work/page.png" 2>/dev/null || echo 0)" -gt 20000 ]
check "a screenshot shows something" $?
browse --print-to-pdf="$work/page.pdf" "file://$work/page.html" >"$work/out"
head -c 5 "$work/page.pdf" 2>/dev/null | grep -q '%PDF-'
check "it can be printed" $?
[ "$failures" -eq 0 ]
