#!/bin/bash
# once
# What `labctl new` writes is whole: the topology is built and its checks pass, the scenario is proved.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
name=new-$$
work=$(mktemp -d) || exit 1
trap 'timeout 20 "$LABCTL" -q down "$name" >/dev/null 2>&1; rm -rf "$work"' EXIT
export XDG_STATE_HOME=$work/state
failures=0
say() { # STATUS NAME
    if [ "$1" -eq 0 ]; then
        echo "ok $2"
        return
    fi
    echo "not ok $2"
    sed 's/^/    /' "$work/log"
    failures=$((failures + 1))
}
cd "$work" || exit 1
"$LABCTL" new topology "$name" >log 2>&1 && timeout 60 "$LABCTL" up "$name.yaml" >log 2>&1
say $? "the new topology is built"
timeout 60 "$LABCTL" --lab "$name" check >log 2>&1
say $? "its checks pass"
timeout 30 "$LABCTL" down "$name" >log 2>&1
say $? "it is taken down"
"$LABCTL" new scenario "$name-exercise" >log 2>&1 && timeout 200 "$LABCTL" prove "$name-exercise.yaml" >log 2>&1
say $? "the new scenario is proved"
[ "$failures" -eq 0 ]
