#!/bin/bash
# Faults of VLANs, each put into a running lab: it shows, tells nothing of itself, and is taken out exactly.  On a kernel
# without VLANs nothing can be tried: the lab is refused by the capability's name; tests/vm runs it on another one.
# shellcheck disable=SC2034,SC2154 # what the sourced files use and set
. "$(dirname "$0")/../cli/host.bash"
cat >"$work/lab.yaml" <<'YAML'
lab: live
bridges: { floor: { vlan_filtering: true } }
nodes:
  desk: { bridge: floor, vlan: 10, address: 10.0.10.11/24, gateway: 10.0.10.1 }
  peer: { bridge: floor, vlan: 10, address: 10.0.10.12/24 }
  printer: { bridge: floor, vlan: 20, address: 10.0.20.11/24, gateway: 10.0.20.1 }
  manager: { bridge: floor, vlan: 99, address: 10.0.99.10/24 }
  router:
    forwarding: true
    interfaces:
      eth0: { bridge: floor, vlan: { tagged: [10, 20], native: 99 }, address: 10.0.99.1/24 }
      eth0.10: { parent: eth0, vlan: 10, address: 10.0.10.1/24 }
      eth0.20: { parent: eth0, vlan: 20, address: 10.0.20.1/24 }
  east: { interfaces: { eth0: { link: trunk }, eth0.7: { parent: eth0, vlan: 7, address: 10.7.0.1/24 } } }
  west: { interfaces: { eth0: { link: trunk }, eth0.7: { parent: eth0, vlan: 7, address: 10.7.0.2/24 } } }
checks:
  - { id: peer, from: desk, ping: { to: peer } }
  - { id: routed, from: desk, ping: { to: printer } }
  - { id: managed, from: manager, ping: { to: 10.0.99.1 } }
  - { id: trunk, from: east, ping: { to: 10.7.0.2 } }
YAML
nodes=(desk peer printer manager router east west)

# KIND|SYMPTOM|WHERE|PARAMETERS
rows=(
    "vlan-wrong|peer|node/desk/eth0|vlan=20"
    "vlan-wrong|routed|node/router/eth0.20|vlan=21"
    "vlan-wrong|trunk|node/east/eth0.7|vlan=9"
    "vlan-missing|routed|node/router/eth0|vlan=20"
    "native-vlan-mismatch|managed|node/router/eth0|vlan=30"
)
LIVE_ALL=1 # they are few

if ! "$LABCTL" doctor | grep -q '^ *bridge-vlan-filtering  *ok'; then
    run "$LABCTL" up "$work/lab.yaml"
    [ $? -eq 3 ] && grep -qF "lacks the capability 'bridge-vlan-filtering'" "$work/err"
    check "a kernel without VLANs is told by name" $?
    echo "skip faults of VLANs: this kernel has none"
    exit $((failures > 0))
fi
. "$(dirname "$0")/live.bash"
try_rows
lab down live
clean_host
check "nothing is left" $?
exit $((failures > 0))
