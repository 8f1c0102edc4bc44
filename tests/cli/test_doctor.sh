#!/bin/bash
# labctl doctor: the verdict, its formats and its exit status; and nothing of the machine changed.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failures=0
check() { # NAME STATUS: the status of what was tried
    if [ "$2" -eq 0 ]; then
        echo "ok $1"
    else
        echo "not ok $1"
        failures=$((failures + 1))
        cat "$work/out" "$work/err"
    fi
}

snapshot() {
    ip link
    cat /proc/self/mounts
    nft list ruleset 2>&1
    ls /run
}

snapshot >"$work/before"
"$LABCTL" doctor >"$work/out" 2>"$work/err"
status=$?
snapshot >"$work/after"
check "a machine that runs these tests can run labs" "$status"
[ ! -s "$work/err" ]
check "nothing on stderr" $?
cmp -s "$work/before" "$work/after"
check "the machine is as it was" $?
[ "$(tail -n 1 "$work/out")" = "This machine can run labs." ]
check "the last line is the verdict" $?
missing=0
for area in isolation files network filter impairment devices programs limits; do grep -qx "$area" "$work/out" || missing=1; done
check "every area has a heading" "$missing"
grep -Eq '^  user-namespace +ok +clone' "$work/out"
check "a row has name, state and backend" $?
grep -Eq '^  netem +(ok +qdisc netem|missing +add qdisc netem .*: )' "$work/out"
check "netem was tried" $?
if grep -Eq '^  netem +missing' "$work/out"; then
    grep -A 3 -E '^  netem +missing' "$work/out" | grep -q 'modprobe sch_netem'
    check "the remedy stands under what is missing" $?
fi

"$LABCTL" -q doctor >"$work/out" 2>"$work/err" && ! grep -qx network "$work/out" && grep -qx "This machine can run labs." "$work/out"
check "-q prints the verdict alone" $?
"$LABCTL" doctor --format json >"$work/out" 2>"$work/err" && grep -q '^  "version": 1,$' "$work/out" &&
    grep -q '^  "able": true,$' "$work/out" && grep -q '"name": "overlay"' "$work/out"
check "json has version, verdict and rows" $?
[ "$(grep -c '"name":' "$work/out")" -eq "$(grep -c '"remedy":' "$work/out")" ] && [ "$(grep -c '"name":' "$work/out")" -gt 40 ]
check "json rows are whole" $?
"$LABCTL" doctor veth overlay >"$work/out" 2>"$work/err" && [ "$(grep -c '^  [a-z]' "$work/out")" -eq 2 ]
check "only what is named is tried" $?
"$LABCTL" doctor vteh >"$work/out" 2>"$work/err"
[ $? -eq 2 ] && grep -q "there is no capability 'vteh'; did you mean 'veth'?" "$work/err"
check "an unknown name is a usage error with the nearest one" $?

# Where user namespaces are used up, no lab can be built: said so, with the setting, and by the exit status.
unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$1" doctor' sh "$LABCTL" >"$work/out" 2>"$work/err"
[ $? -eq 3 ] && grep -q '^This machine cannot run labs; missing: user-namespace, ' "$work/out" &&
    grep -q 'sysctl -w user.max_user_namespaces=' "$work/out"
check "without user namespaces: the setting that helps, status 3" $?
[ "$failures" -eq 0 ]
