#!/bin/bash
# Tunnels and VLANs in a running lab: what two machines send each other through a tunnel arrives, as large as it may be,
# as long as the way below it does; a change of it is executed; a machine that has no VLANs says so before it begins.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"
expect() { # NAME STATUS TEXT CMD…: the command ends so, and says so
    local name=$1 status=$2 text=$3
    shift 3
    run "$@"
    local ended=$?
    [ $ended -eq "$status" ] && cat "$work/out" "$work/err" | grep -qF -- "$text"
    check "$name" $?
}
cat >"$work/lab.yaml" <<'YAML'
lab: tunnels
bridges: { over: { vxlan: { id: 42, between: [a, b/eth0] } }, spare: {} }
nodes:
  a:
    interfaces:
      eth0: { link: left, address: 10.1.0.1/24, gateway: 10.1.0.254 }
      t0: { bridge: over, address: 192.168.42.1/24 }
  b:
    interfaces:
      eth0: { link: right, address: 10.2.0.1/24, gateway: 10.2.0.254 }
      t0: { bridge: over, address: 192.168.42.2/24 }
    services: { http: { body: "through the tunnel\n" } }
  r:
    forwarding: true
    interfaces:
      a0: { link: left, address: 10.1.0.254/24 }
      b0: { link: right, address: 10.2.0.254/24 }
checks:
  - { id: ping, from: a, ping: 192.168.42.2 }
  - { id: back, from: b, ping: 192.168.42.1 }
  - { id: web, from: a, http: { url: "http://192.168.42.2/", body_contains: tunnel } }
  - { id: room, from: a, mtu: { to: 192.168.42.2, at_least: 1450 } }
  - { id: no-hop, from: a, path: { to: 192.168.42.2, hops: 1 } }
YAML
expect "a lab with a tunnel comes up" 0 "is up" "$LABCTL" up "$work/lab.yaml"
expect "what is sent through it arrives" 0 "5 of 5 checks pass" "$LABCTL" check
expect "a node sees its end" 0 "vxlan id 42 remote 10.2.0.1 local 10.1.0.1" "$LABCTL" exec a -- ip -d link show t0
expect "explain takes it for a wire" 0 "reachable" "$LABCTL" explain a 192.168.42.2
expect "the router in between sees UDP alone" 0 "> 10.2.0.1.4789" \
    "$LABCTL" exec a -- sh -c 'ping -c 3 -i 0.2 192.168.42.2 >/dev/null & timeout 5 tcpdump -n -c 1 -i eth0 udp port 4789'
expect "another number is executed as a change" 0 "vxlan 43" "$LABCTL" set bridge/over/vxlan '{ id: 43, between: [a, b] }'
expect "and it carries again" 0 "5 of 5 checks pass" "$LABCTL" check
"$LABCTL" set node/r/forwarding false >/dev/null 2>&1
expect "a fault of the way below is one of the tunnel" 1 "FAIL   ping" "$LABCTL" check ping
"$LABCTL" set node/r/forwarding true >/dev/null 2>&1
expect "an end is switched off by a fault" 0 "in force: yes" "$LABCTL" fault inject link-down --at node/a/t0
expect "and nothing arrives" 1 "FAIL   ping" "$LABCTL" check ping
expect "it is taken out" 0 "taken out" "$LABCTL" fault clear
expect "with all that went with it" 0 "5 of 5 checks pass" "$LABCTL" check
expect "the interface below goes down and comes back" 0 "in force: yes" "$LABCTL" fault inject link-down --at node/a/eth0
expect "that one is taken out as well" 0 "taken out" "$LABCTL" fault clear
expect "and the tunnel with it" 0 "5 of 5 checks pass" "$LABCTL" check
"$LABCTL" exec a -- ip link del t0
expect "an end that was deleted in its node comes back with the file" 0 "(it was gone)" "$LABCTL" apply "$work/lab.yaml"
expect "with its addresses" 0 "5 of 5 checks pass" "$LABCTL" check
expect "it is gone" 0 "down" "$LABCTL" down tunnels

cat >"$work/vlan.yaml" <<'YAML'
lab: vlans
bridges: { lan: { vlan_filtering: true } }
nodes:
  a: { bridge: lan, vlan: 10, address: 10.0.0.1/24 }
  b: { bridge: lan, vlan: 20, address: 10.0.0.2/24 }
YAML
cat >"$work/tag.yaml" <<'YAML'
lab: tags
nodes:
  a: { interfaces: { eth0: { link: up }, eth0.7: { parent: eth0, vlan: 7, address: 10.7.0.1/24 } } }
  b: { interfaces: { eth0: { link: up }, eth0.7: { parent: eth0, vlan: 7, address: 10.7.0.2/24 } } }
YAML
expect "a file with VLANs is valid anywhere" 0 "is valid" "$LABCTL" validate "$work/vlan.yaml"
expect "and has a plan" 0 "vlan 10 untagged" "$LABCTL" plan "$work/vlan.yaml"
expect "and a drawing" 0 "10.0.0.1/24 vlan 10" "$LABCTL" graph "$work/vlan.yaml"
expect "two VLANs are apart" 1 "unreachable" "$LABCTL" explain a b --file "$work/vlan.yaml"
if "$LABCTL" doctor | grep -q '^ *bridge-vlan-filtering *ok'; then
    expect "VLANs are kept apart" 0 "is up" "$LABCTL" up "$work/vlan.yaml"
    expect "so nobody answers" 1 "100% packet loss" "$LABCTL" exec a -- ping -c 1 -W 1 10.0.0.2
    expect "it ends" 0 "down" "$LABCTL" down vlans
else
    expect "a kernel without them is named before anything is built" 3 "capability 'bridge-vlan-filtering'" \
        "$LABCTL" up "$work/vlan.yaml"
    expect "with what helps" 3 "CONFIG_BRIDGE_VLAN_FILTERING" "$LABCTL" up "$work/vlan.yaml"
fi
if ! "$LABCTL" doctor | grep -q '^ *vlan *ok'; then
    expect "tags are refused by name too" 3 "capability 'vlan'" "$LABCTL" up "$work/tag.yaml"
    expect "a change that needs them is refused" 0 "is up" "$LABCTL" up "$work/lab.yaml"
    expect "and changes nothing" 3 "capability 'bridge-vlan-filtering'" "$LABCTL" set bridge/spare/vlan_filtering true
    "$LABCTL" down tunnels >/dev/null 2>&1
fi
exit $((failures > 0))
