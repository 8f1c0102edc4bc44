#!/bin/bash
# waits
# as user
# Routers that learn: sessions, what they tell and take, another way when one dies, birdc as on any machine.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/../cloud/lab.sh"

within() { # NAME SECONDS COMMAND...: succeeds before they are over
    local name=$1 until=$((SECONDS + $2)) status
    shift 2
    until "$@" >"$work/out" 2>&1 && status=0 || { status=1 && [ $SECONDS -ge $until ]; }; do :; done
    report "$name" "$status"
}
goes_by() { # NODE DESTINATION NEXT
    on "$1" ip route get "$2" | grep -q "via $3 "
}
alone() { # PATTERN NODE COMMAND...: no line of its output matches
    local pattern=$1
    shift
    ! on "$@" | grep -Eq "$pattern"
}

up <topologies/bgp-edge.yaml
holds "the topology's checks pass" "$LABCTL" --lab "$lab" check
shows "birdc talks to the router" 'to_isp_a +BGP .*Established' on edge birdc show protocols
shows "what is learned is in the kernel" '^10\.9\.0\.0/24 via 172\.16\.1\.2 dev a0 proto bird' on edge ip route
shows "a neighbour in the area" 'Full/PtP' on inner birdc show ospf neighbors
shows "a way that is to look longer does" '65001 65001 65001' on isp-b birdc show route all 10.1.0.0/24
holds "what is not to be taken is not" alone '172\.16\.5\.0' edge ip route
shows "explain knows what it does not know" 'ROUTE_LEARNED_NOT_JUDGED' "$LABCTL" --lab "$lab" explain office server
shows "the same file once more changes nothing" '^nothing changed' "$LABCTL" --lab "$lab" apply topologies/bgp-edge.yaml

holds "a cable is taken out" "$LABCTL" --lab "$lab" fault inject cable-unplugged --at node/edge/a0
within "the other way is taken when the neighbour has been silent for long" 25 goes_by edge 10.9.0.2 172.16.2.2
within "and works, there and back" 25 on office curl -sf -m 2 http://server/
holds "it is put back" "$LABCTL" --lab "$lab" fault clear
within "and taken again" 25 goes_by edge 10.9.0.2 172.16.1.2

holds "a filter is changed" "$LABCTL" --lab "$lab" set node/isp-a/service/bgp/neighbours/edge/export '[192.0.2.0/24]'
within "and the way by that neighbour ends" 25 goes_by edge 10.9.0.2 172.16.2.2
holds "a wrong AS is written" "$LABCTL" --lab "$lab" set \
    node/isp-b/service/bgp/neighbours/edge/as 65009
within "and there is no way" 25 alone '^10\.9\.' edge ip route
holds "put right" "$LABCTL" --lab "$lab" set node/isp-b/service/bgp/neighbours/edge/as 65001
within "it is there again" 25 goes_by edge 10.9.0.2 172.16.2.2
holds "a router is killed" on core sh -c 'kill -9 $(pidof bird)'
within "and comes back with all that it knew" 40 on office curl -sf -m 2 http://server/

# One BIRD runs for both services of a node.
shows "the second service's log is that of the first one's program" 'Started' "$LABCTL" --lab "$lab" logs core ospf
shows "the second service stops with its program" 'in force: yes' \
    "$LABCTL" --lab "$lab" fault inject service-down --at node/core/service/ospf
holds "nobody routes there" alone '.' core pidof bird
holds "it is put back as well" "$LABCTL" --lab "$lab" fault clear
within "and runs" 25 on core pidof bird
