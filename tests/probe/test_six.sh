#!/bin/bash
# path, mtu and firewall by IPv6: green where all is well, red where it is not, and nobody answers in another one's name.
# shellcheck disable=SC2154 # work, failures: host.bash
. "$(dirname "$0")/../cli/host.bash"
cat >"$work/six.yaml" <<'YAML'
lab: six
bridges: { left: {}, right: {} }
nodes:
  a: { bridge: left, address: "fd00:1::2/64", gateway: "fd00:1::1" }
  r:
    forwarding: true
    interfaces:
      l0: { bridge: left, address: "fd00:1::1/64" }
      r0: { bridge: right, address: "fd00:2::1/64" }
    nftables: |
      table inet house {
        chain forwarding {
          type filter hook forward priority 0; policy drop;
          ct state established,related accept
          icmpv6 type { echo-request, packet-too-big, time-exceeded } accept
          tcp dport 80 accept
          udp dport { 7, 33434 } accept
        }
        chain incoming {
          type filter hook input priority 0; policy accept;
          tcp dport 22 drop
        }
      }
  web:
    bridge: right
    address: "fd00:2::2/64"
    gateway: "fd00:2::1"
    services: { http: { body: "x\n" }, echo: { kind: udp-echo, port: 7 } }
checks:
  - { id: path-icmp, from: a, path: { to: web, hops: 2, via: [r], symmetric: true } }
  - { id: path-udp, from: a, path: { to: web, protocol: udp, hops: 2, via: [r], symmetric: true } }
  - { id: path-tcp, from: a, path: { to: web, protocol: tcp, port: 80, hops: 2, via: [r], symmetric: true } }
  - { id: mtu, from: a, mtu: { to: web, at_least: 1500 } }
  - { id: discovery, from: a, mtu: { to: web, discovery: works } }
  - id: through
    at: r
    firewall:
      policy: drop
      from: a
      to: web
      accepts: [ { from: a, to: web, port: 80 }, { from: a, to: web, protocol: udp, port: 7 }, { from: a, to: web, protocol: icmp } ]
      drops: [ { from: a, to: web, port: 81 } ]
  - { id: into, at: r, firewall: { accepts: [ { from: a, port: 23 }, { from: a, protocol: udp, port: 9 } ], drops: { from: a, port: 22 } } }
  - { id: out, at: a, firewall: { accepts: [ { from: a, to: web, port: 80 } ] } }
YAML
at() { # NODE COMMAND…
    "$LABCTL" exec "$1" -- sh -c "$2" >>"$work/exec" 2>&1 </dev/null
}
red() { # WHAT CHECK…
    local what=$1 id
    shift
    run "$LABCTL" check
    for id; do
        grep -q "^FAIL *$id " "$work/out"
        check "$what: $id is red" $?
    done
    ! grep -q '^error' "$work/out"
    check "$what: nothing is an error" $?
}
green() { # WHAT CHECK…
    local what=$1
    shift
    run "$LABCTL" check "$@"
    check "$what" $?
}
run "$LABCTL" up "$work/six.yaml"
check "up" $?
green "all is green" path-icmp path-udp path-tcp mtu discovery through into out
run "$LABCTL" check path-tcp && grep -q "2 hops: fd00:1::1 (r), fd00:2::2 (web); passed on by r; its answer by r" "$work/out"
check "the hops are told" $?

# ---- mtu ----
at r 'ip link set r0 mtu 1400'
red "a narrow way" mtu
green "which is told of" discovery
at r 'nft "add chain inet house out { type filter hook output priority 0; }"; nft add rule inet house out icmpv6 type packet-too-big drop'
at a 'ip -6 route flush cache'
red "a router that does not tell" discovery
grep -q "path MTU discovery is broken: path MTU 1400" "$work/out"
check "by its width" $?
at r 'nft delete chain inet house out; ip link set r0 mtu 1500'
at a 'ip -6 route flush cache'
green "as wide as before" mtu discovery

# ---- firewall ----
at r 'nft insert rule inet house forwarding tcp dport 81 accept'
red "an open port" through
at r 'nft flush chain inet house incoming; nft add rule inet house incoming tcp dport 23 drop'
red "the wrong port" into
at a 'nft add table inet own; nft "add chain inet own out { type filter hook output priority 0; }"; nft add rule inet own out tcp dport 80 drop'
red "what does not leave" out
red "tells nothing of another node" through
run "$LABCTL" down six

# ---- cheats ----
run "$LABCTL" up "$work/six.yaml"
at a 'nft add table ip6 n; nft "add chain ip6 n x { type nat hook output priority -100; }"; nft add rule ip6 n x ip6 daddr fd00:2::2 redirect'
red "a redirect in the prober's own node" path-icmp path-tcp mtu
at a 'nft delete table ip6 n'
at r 'nft add table ip6 n; nft "add chain ip6 n x { type nat hook prerouting priority -100; }"; nft add rule ip6 n x iifname l0 ip6 hoplimit != 1 ip6 daddr fd00:2::2 redirect'
red "a router that plays the hop behind it" path-icmp path-tcp mtu
at r 'nft delete table ip6 n'
at a 'ip -6 addr add fd00:2::2/128 dev lo'
red "the address on the prober's loopback" path-icmp path-udp path-tcp mtu
at a 'ip -6 addr del fd00:2::2/128 dev lo'
at r 'ip link add s0 type bridge; ip link set s0 up; ip link add s1 type veth peer name s2; ip link set s1 master s0; ip link set s1 up; ip link set s2 up
    sysctl -qw net.ipv6.conf.s0.disable_ipv6=0; ip -6 neigh add fd00:2::2 lladdr 02:00:00:00:00:77 dev s0; ip -6 route add fd00:2::2/128 dev s0'
red "packets that a router sends nowhere" through
at r 'ip link del s0; ip link del s1'
green "without them all is green" path-icmp path-udp path-tcp mtu discovery through into out
run "$LABCTL" down six
exit "$failures"
