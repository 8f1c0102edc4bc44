#!/bin/bash
# Every topology that the project ships comes up, and all its checks pass.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

for file in topologies/*.yaml; do
    name=$(basename "$file" .yaml)
    holds "$name has no findings" sh -c "! \"$LABCTL\" validate --strict $file 2>&1 | grep -E 'error|warning'"
    "$LABCTL" up "$file" --name "$lab" >"$work/out" 2>&1
    report "$name comes up" $?
    holds "$name: all checks pass" "$LABCTL" --lab "$lab" check
    "$LABCTL" down "$lab" >/dev/null
done
