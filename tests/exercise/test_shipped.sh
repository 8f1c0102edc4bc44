#!/bin/bash
# once
# Every shipped scenario starts as an exercise: nothing is earned yet, and with its end the lab is gone.  That it can be
# solved, and not by a wrong fix, is what tests/prove shows.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"

begin() { # FILE: everything of one exercise, in its own directory for state
    local file=$1 name lab out
    name=$(basename "$file" .yaml)
    lab=x-$name
    lab=${lab:0:32}
    out=$work/$name
    export XDG_STATE_HOME=$work/state-$name
    "$LABCTL" --lab "$lab" start "$file" >"$out.log" 2>&1 && echo "ok $name starts" || { echo "not ok $name starts"; sed 's/^/    /' "$out.log"; return; }
    "$LABCTL" --lab "$lab" --format json status >"$out.json" 2>"$out.log"
    sed -n '/^  "points"/,/}/p' "$out.json" | grep -qE '"tasks": 0,' && echo "ok $name: nothing is earned yet" || { echo "not ok $name: nothing is earned yet"; cat "$out.json" "$out.log"; }
    "$LABCTL" --lab "$lab" abandon >"$out.log" 2>&1 && ! "$LABCTL" list | grep -q "^$lab " && echo "ok $name leaves no lab" || { echo "not ok $name leaves no lab"; cat "$out.log"; }
}

# Some at a time: most of it is waiting for what does not answer.
for file in scenarios/*.yaml; do
    begin "$file" >"$work/$(basename "$file").out" 2>&1 &
    while [ "$(jobs -rp | wc -l)" -ge 4 ]; do wait -n; done
done
wait
cat "$work"/*.out
! grep -q '^not ok' "$work"/*.out
