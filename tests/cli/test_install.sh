#!/bin/bash
# What `make install` put anywhere runs from there: it finds its keeper and its scenarios.
# shellcheck disable=SC2154 # $work and $failures are of host.bash
. "$(dirname "$0")/host.bash"
prefix=$work/usr
tests/install "$(dirname "$LABCTL")" "$prefix/bin" "$prefix/libexec/labctl" "$prefix/share/labctl" "$prefix/share/man" ||
    exit 1
LABCTL=$prefix/bin/labctl
works() { # NAME COMMAND…
    local name=$1
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null
    check "$name" $?
}
works "an installed program makes a lab" "$LABCTL" up "$prefix/share/labctl/topologies/home-lan.yaml"
works "and ends it" "$LABCTL" down home-lan
cd "$work" || exit 1
works "a scenario is found by its name" "$LABCTL" start lossy-uplink
works "the exercise ends" "$LABCTL" down --all
[ "$failures" -eq 0 ]
