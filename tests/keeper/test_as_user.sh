#!/bin/bash
# once
# The keeper's test programs again, as an ordinary user.
set -u
build=$(dirname "$LABCTL")
if [ "$(id -u)" -ne 0 ]; then
    echo "skip keeper-as-user: the programs have just run as an ordinary user"
    exit 0
fi
for program in "$build"/tests/keeper/test_*; do
    case $program in *.d) continue ;; esac
    [ -x "$program" ] || continue
    name=keeper-as-user-${program##*/test_}
    if output=$(tests/as-user timeout 200 "$program" 2>&1); then
        echo "ok $name"
    else
        echo "not ok $name"
        echo "$output" | grep -v '^\[ *\(RUN\|OK\)' | tail -n 30
    fi
done
