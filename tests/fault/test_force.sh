#!/bin/bash
# as user
# Whether a fault is in force is what it changes, whatever else somebody has done to the interface in its node: made it
# the port of a bridge of his own, given it another MTU or another hardware address.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"
lab=force
on() { "$LABCTL" --lab "$lab" "$@" >"$work/out" 2>&1; }
force() { on fault status && grep -q "in force: $1 " "$work/out"; }
shown() { on exec switch ip link show "$1" && grep -q "$2" "$work/out"; }

cat >"$work/lab.yaml" <<YAML
lab: $lab
bridges: { office: {} }
nodes:
  switch:
    interfaces: { p1: { bridge: office }, p2: { link: cable }, p3: { link: spare } }
    run: [ "ip link add br0 type bridge", "ip link set p1 master br0", "ip link set p2 master br0", "ip link set br0 up" ]
  desk: { bridge: office, address: 10.1.0.1/24, resolver: { servers: [10.1.0.53, 10.1.0.54] } }
  printer: { link: cable, address: 10.1.0.2/24 }
  store: { link: spare, address: 10.2.0.2/24 }
YAML
"$LABCTL" -q up "$work/lab.yaml" || exit 1
rows=( # KIND|PARAMETERS|what the interface shows with it and without
    "link-down|| state DOWN | state UP "
    "mtu-wrong|mtu=1300| mtu 1300 .* master br0 | mtu 1500 .* master br0 "
    "cable-unplugged|| state \\(LOWERLAYER\\)\\?DOWN | state UP "
)
for row in "${rows[@]}"; do
    IFS='|' read -r kind parameters with without <<<"$row"
    for port in p1 p2; do
        # shellcheck disable=SC2086 # none or one
        on fault inject "$kind" --at "node/switch/$port" $parameters && force yes && shown $port "$with"
        check "$kind at the port $port of a bridge in the node is in force" $?
        on fault clear && shown $port "$without"
        check "$kind at $port goes out" $?
    done
done

on fault inject link-down --at node/switch/p3 && on exec switch ip link set p3 mtu 1400 address 02:00:00:00:00:77 && force yes
check "another MTU and another address leave it in force" $?
on exec switch ip link set p3 up && force no
check "whoever switches it on has repaired it" $?
on fault clear && shown p3 'mtu 1400' && shown p3 02:00:00:00:00:77
check "what he has changed stays" $?
on fault inject mtu-wrong --at node/switch/p3 mtu=1300 && on exec switch ip link set p3 down && force yes
check "switched off, the wrong MTU is still there" $?

# What is so already cannot be put in; nothing is on record then.
refused() { on fault inject "$@"; [ $? -eq 2 ] && grep -q ' changes nothing: it is so already$' "$work/out" && on fault status && grep -q 'no fault is in' "$work/out"; }
on fault clear && refused resolver-wrong --at desk servers="10.1.0.53, 10.1.0.54"
check "a machine is not told to ask whom it asks, however that is written" $?
on fault inject mtu-wrong --at node/switch/p3 mtu=1300 mtu=1400
[ $? -eq 2 ] && grep -q "parameter 'mtu' is given twice" "$work/out"
check "a parameter that is given twice is refused" $?
on fault show vpc-route-wrnog
[ $? -eq 2 ] && grep -q "did you mean 'vpc-route-wrong'" "$work/out"
check "the last kind is found by a near name as well" $?
on down "$lab"
exit $((failures > 0))
