#!/bin/bash
# Whoever is root in a node can deceive a prober in many ways; none of them pays.  And unusual but honest ways do: another
# path, address translation, a proxy, a tunnel.
# shellcheck disable=SC2154 # work, failures: host.bash
. "$(dirname "$0")/../cli/host.bash"
cat >"$work/town.yaml" <<'YAML'
lab: honest
bridges: { left: {}, right: {} }
nodes:
  a: { bridge: left, address: 10.1.0.2/24, gateway: 10.1.0.1 }
  c: { bridge: left, address: 10.1.0.3/24, gateway: 10.1.0.1 }
  r:
    forwarding: true
    interfaces:
      l0: { bridge: left, address: 10.1.0.1/24 }
      r0: { bridge: right, address: 10.2.0.1/24 }
    nat: { forward: [ { protocol: tcp, port: 8080, to: "10.2.0.2:80" } ] }
  r2:
    forwarding: true
    interfaces:
      l0: { bridge: left, address: 10.1.0.254/24 }
      r0: { bridge: right, address: 10.2.0.254/24 }
  web:
    bridge: right
    address: 10.2.0.2/24
    gateway: 10.2.0.1
    services: { http: { body: "x\n" }, dns: { zones: { t.test: { www: 10.2.0.2 } } }, uecho: { kind: udp-echo, port: 7 } }
  d: { bridge: right, address: 10.2.0.9/24, gateway: 10.2.0.1 }
checks:
  - { id: ping, from: a, ping: web }
  - { id: pings, from: a, ping: { to: web, count: 20, loss_below: 10% } }
  - { id: mtu, from: a, mtu: { to: web, at_least: 1500 } }
  - { id: tcp, from: a, tcp: "web:80" }
  - { id: http, from: a, http: "http://web/" }
  - { id: dns, from: a, dns: { name: www.t.test, server: web } }
  - { id: rate, from: a, throughput: { to: web, duration: 1s, above: 1mbit } }
  - { id: udp, from: a, udp: { to: web, port: 7, payload: hi } }
  - { id: matrix, matrix: { nodes: [a, c, r, web, d], expect: all } }
  - { id: matrix-tcp, matrix: { nodes: [a, c, web], tcp: 80, pairs: [ { from: [a, c], to: web } ] } }
  - { id: other, from: c, tcp: "web:80" }
  - { id: forwarded, from: a, tcp: "r:8080" }
  - { id: by-address, from: a, http: "http://10.2.0.2/" }
  - { id: path, from: a, path: { to: web, hops: 2, via: [r] } }
  - { id: path-udp, from: a, path: { to: web, protocol: udp, hops: 2 } }
  - { id: path-tcp, from: a, path: { to: web, protocol: tcp, port: 81, hops: 2 } }
  - { id: way, from: a, path: { to: web, via: [r] } }
  - { id: other-way, from: a, path: { to: web, not_via: [r2] } }
  - { id: door, at: r, firewall: { accepts: [ { from: a, to: web, port: 80 }, { from: a, to: web, protocol: udp, port: 9 }, { from: a, to: web, protocol: icmp } ] } }
  - { id: missing, at: a, command: { run: "ls /nonexistent", status: 2 } }
YAML
run "$LABCTL" up "$work/town.yaml"
check "up" $?
run "$LABCTL" check
check "the honest lab is green, a declared port forward as well" $?

at() { # NODE COMMAND…
    "$LABCTL" exec "$1" -- sh -c "$2" >>"$work/exec" 2>&1 </dev/null
}
serve() { # NODE PORT: a page that looks like the right one
    at "$1" "(while :; do printf 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nx\n' | nc -l -q 0 -p $2; done) >/dev/null 2>&1 &
        while ! ss -tln | grep -q ':$2 '; do :; done"
}
red() { # CHEAT CHECK…: all of them, while everything is asked at once
    local cheat=$1 id
    shift
    run "$LABCTL" check
    for id; do
        grep -q "^FAIL *$id " "$work/out"
        check "$cheat: $id is red" $?
    done
    ! grep -q '^error' "$work/out"
    check "$cheat: nothing is an error" $?
}
# The kernel lets a machine send one ICMP error a second to another one; who asks by UDP may have to ask again.
green() { # WHAT CHECK…
    local what=$1
    shift
    until_true 3 run "$LABCTL" check "$@"
    check "$what" $?
}
nat() { # NODE HOOK RULE
    at "$1" "nft add table ip n; nft 'add chain ip n x { type nat hook $2 priority -100; }'; nft add rule ip n x $3"
}

# ---- cheats ------------------------------------------------------------------------------------------------------
serve a 80
serve r 80
nat a output 'ip daddr 10.2.0.2 redirect'
red "a redirect in the prober's own node" ping tcp http dns udp rate matrix matrix-tcp path path-udp path-tcp
grep -q '^pass *other ' "$work/out"
check "which is no other prober's concern" $?
at a 'nft delete table ip n'
nat r prerouting 'iifname l0 ip daddr 10.2.0.2 ip protocol != udp redirect'
red "a redirect in a router" ping tcp http matrix matrix-tcp other path path-tcp
at r 'nft delete table ip n'
# The router answers one hop further on than it is.
nat r prerouting 'iifname l0 ip ttl != 1 ip daddr 10.2.0.2 redirect'
red "a router that plays the hop behind it" path path-udp path-tcp
at r 'nft delete table ip n'
# It leads what it should let through nowhere: it comes in, and leaves by an interface of no use.
at r 'ip link add s0 type bridge; ip link set s0 up; ip link add s1 type veth peer name s2; ip link set s1 master s0; ip link set s1 up; ip link set s2 up
    ip neigh add 10.2.0.2 lladdr 02:00:00:00:00:77 dev s0; ip route add 10.2.0.2/32 dev s0'
red "packets that a router sends nowhere" door
at r 'ip link del s0; ip link del s1'
# Another way is staged at the router that should be on it, which never gets the packet.
at a 'ip route add 10.2.0.2/32 via 10.1.0.254'
at web 'ip route add 10.1.0.2/32 via 10.2.0.254'
red "another way" way other-way
at r2 'ip netns add n && ip link set l0 netns n && ip link set r0 netns n && ip netns exec n sh -c "ip addr add 10.1.0.254/24 dev l0; ip addr add 10.2.0.254/24 dev r0; ip link set l0 up; ip link set r0 up; sysctl -qw net.ipv4.ip_forward=1"'
red "a router that hides in a namespace of its own" other-way
at r2 'ip netns exec n ip link set l0 netns 1; ip netns exec n ip link set r0 netns 1; ip netns del n
    ip addr add 10.1.0.254/24 dev l0; ip addr add 10.2.0.254/24 dev r0; ip link set l0 up; ip link set r0 up'
at a 'ip route del 10.2.0.2/32 via 10.1.0.254'
at web 'ip route del 10.1.0.2/32 via 10.2.0.254'
# No port is left for what is asked: that is the node's doing, and no error that would leave the score.
at a 'sysctl -qw net.ipv4.ip_local_port_range="40000 40000"; nc -l -p 40000 -s 10.1.0.2 >/dev/null 2>&1 &
    while ! ss -tln | grep -q ":40000 "; do :; done'
red "no local port is left" tcp path-tcp
at a 'pkill nc; sysctl -qw net.ipv4.ip_local_port_range="32768 60999"'
green "without them all is green" path path-udp path-tcp way other-way door
# Only some of it, so that the target sees something as well.
steer() { # RULE: what it matches goes to the prober's own node
    at a "nft add table ip n; nft 'add chain ip n x { type route hook output priority 0; }'; nft add rule ip n x ip daddr 10.2.0.2 $1 meta mark set 7"
}
at a 'ip rule add fwmark 7 table 77; ip route add local 10.2.0.2 dev lo table 77'
steer 'numgen inc mod 2 1'
red "every other packet goes to the node itself" pings
at a 'nft delete table ip n'
steer 'ip length gt 1000'
red "what is large goes to the node itself" mtu
grep -q '^pass *ping ' "$work/out"
check "and only that" $?
at a 'nft delete table ip n; ip rule del fwmark 7 table 77'
nat r prerouting 'iifname l0 ip saddr 10.1.0.2 ip daddr 10.2.0.2 tcp dport 80 dnat to 10.2.0.9'
serve d 80
red "a router that leads one prober to another server" tcp http
grep -q '^pass *other ' "$work/out"
check "is not covered by another prober's packets" $?
at r 'nft delete table ip n'
# Asked alone, so that no other check has the target watched.
nat r prerouting 'iifname l0 ip daddr 10.2.0.2 tcp dport 80 redirect'
for id in http by-address; do
    run "$LABCTL" check $id
    [ $? -eq 1 ] && grep -q "somebody else answered in the place of web" "$work/out"
    check "a redirect in a router: $id is red when asked alone" $?
done
at r 'nft delete table ip n'
mac=$("$LABCTL" exec d -- cat /sys/class/net/eth0/address | tr -d '\r')
at d 'ip addr add 10.2.0.2/32 dev eth0'
at r "ip neigh replace 10.2.0.2 lladdr $mac dev r0"
red "a second holder of the address, and a poisoned neighbour" ping tcp http
at d 'ip addr del 10.2.0.2/32 dev eth0'
real=$("$LABCTL" exec web -- cat /sys/class/net/eth0/address | tr -d '\r')
at r "ip neigh replace 10.2.0.2 lladdr $real dev r0 nud permanent"
green "and green again" ping tcp http
at a 'ip addr add 10.2.0.2/32 dev lo'
red "the address on the prober's loopback" ping tcp http matrix
at a 'ip addr del 10.2.0.2/32 dev lo'
at a 'sed "/web/d" /etc/hosts >/tmp/h; echo "127.0.0.1 web" >>/tmp/h; cat /tmp/h >/etc/hosts'
red "a hosts file that leads to the prober itself" http
at a 'sed "/127.0.0.1 web/d" /etc/hosts >/tmp/h; echo "10.2.0.2 web" >>/tmp/h; cat /tmp/h >/etc/hosts'
green "a hosts file that leads to the right one is as good" http
at a 'printf "#!/usr/bin/env -S /usr/bin/dash\necho 127.0.0.1 STREAM web\n" >/tmp/tool; chmod +x /tmp/tool
    mount --bind /tmp/tool /usr/bin/getent; mount --bind /usr/bin/true /usr/bin/ls'
run "$LABCTL" exec a -- ls /nonexistent
check "the node's own program is replaced" $?
green "which the checks do not run" http missing
at a 'umount /usr/bin/getent /usr/bin/ls; mv /lib64 /lib64.old; /lib64.old/ld-linux-x86-64.so.2 /usr/bin/mkdir /lib64'
green "neither do they need the node's loader" missing
at a '/lib64.old/ld-linux-x86-64.so.2 /usr/bin/true'
run "$LABCTL" down honest

# ---- honest ways -------------------------------------------------------------------------------------------------
run "$LABCTL" up "$work/town.yaml"
nat r postrouting 'oifname r0 masquerade'
green "source translation on the way" rate ping pings mtu tcp http dns udp matrix matrix-tcp
at r 'nft delete table ip n'
at a 'ip route add 10.2.0.2/32 via 10.1.0.254 table 7; ip rule add to 10.2.0.2 table 7'
at web 'ip route add 10.1.0.2/32 via 10.2.0.254'
green "another path by a policy route" ping pings mtu tcp http dns udp matrix
at a 'ip rule del to 10.2.0.2 table 7'
at web 'ip route del 10.1.0.2/32 via 10.2.0.254'
at r 'mkfifo /tmp/f; (while :; do nc -l -p 8081 <>/tmp/f | { read -r line; curl -s -i http://10.2.0.2/ >/tmp/f; }; done) >/dev/null 2>&1 &
    while ! ss -tln | grep -q ":8081 "; do :; done'
nat r prerouting 'iifname l0 tcp dport 80 redirect to :8081'
until_true 15 run "$LABCTL" check http
check "a proxy on the way, which answers first and asks then" $?
at r 'nft delete table ip n'
at a 'ip link add vx0 type vxlan id 7 dstport 4789 remote 10.1.0.254 dev eth0 && ip addr add 10.7.0.1/30 dev vx0 && ip link set vx0 up'
at r2 'ip link add vx0 type vxlan id 7 dstport 4789 remote 10.1.0.2 dev l0 && ip addr add 10.7.0.2/30 dev vx0 && ip link set vx0 up'
at web 'ip route add 10.7.0.0/30 via 10.2.0.254'
if at a 'ip route replace 10.2.0.2/32 via 10.7.0.2 dev vx0'; then
    green "a tunnel on the way" ping tcp http dns
else
    echo "skip a tunnel on the way: the kernel makes none"
fi
run "$LABCTL" down honest

# ---- what must not work ------------------------------------------------------------------------------------------
cat >"$work/guard.yaml" <<'YAML'
scenario: honest-guard
title: A guard is watched
topology:
  lab: honest-guard
  bridges: { lan: {} }
  nodes:
    web:
      bridge: lan
      address: 10.0.0.1/24
      services: { http: { port: 80 }, ssh: { kind: tcp, port: 22 } }
      nftables: |
        table ip house { chain inward { type filter hook input priority 0; tcp dport 22 drop; }; }
    a: { bridge: lan, address: 10.0.0.2/24 }
    b: { bridge: lan, address: 10.0.0.3/24 }
    c: { bridge: lan, address: 10.0.0.4/24 }
faults: [ { id: route, kind: route-missing, at: b, destination: 10.0.0.0/24 } ]
tasks: [ { id: page, title: b sees the page, checks: [ { id: get, from: b, http: "http://10.0.0.1/", points: 10 }, { id: all, matrix: all, points: 5 } ] } ]
guards:
  - { id: no-ssh, from: a, tcp: { to: web, port: 22, expect: closed }, penalty: 5 }
  - { id: no-ssh-by-address, from: a, tcp: { to: 10.0.0.1, port: 22, expect: closed }, penalty: 5 }
YAML
run "$LABCTL" start "$work/guard.yaml"
check "an exercise begins" $?
guard() { # STATUS WORDS WHAT
    run "$LABCTL" check no-ssh
    [ $? -eq "$1" ] && grep -q "$2" "$work/out"
    check "$3" $?
}
guard 0 'no answer' "the guard is green"
at web 'nft flush ruleset'
guard 1 'expected closed, got connected' "and red when the port is open"
drop() { # HOOK RULE
    at a "nft flush ruleset; nft add table ip n; nft 'add chain ip n x { type filter hook $1 priority 0; }'; nft add rule ip n x $2"
}
drop output 'tcp dport 22 drop'
guard 1 'keeps it back' "a prober's node that drops what it sends hides nothing"
drop input 'tcp sport 22 drop'
guard 1 'an answer came back' "nor one that drops the answer"
drop output 'ip ttl set 1'
guard 1 'got' "nor one whose packets live for one hop"
at a 'nft flush ruleset; ip neigh replace 10.0.0.1 lladdr 02:00:00:de:ad:01 dev eth0 nud permanent'
guard 1 'keeps it back' "nor one that sends it to nobody"
at a 'ip neigh del 10.0.0.1 dev eth0; ip route add blackhole 10.0.0.1'
guard 1 'keeps it back' "nor one that has no route"
at a 'ip route del blackhole 10.0.0.1'
at web "nft add table ip n; nft 'add chain ip n x { type filter hook input priority 0; }'; nft add rule ip n x tcp dport 22 reject with tcp reset"
guard 0 'refused' "an honest filter is green, whatever it is called"
# Who takes away what is looked at drops nothing from the score: that is no error of labctl's.
gone() { # NODE CHECK WORDS WHAT
    run "$LABCTL" unset "node/$1" && run "$LABCTL" check "$2"
    [ $? -eq 1 ] && grep -q "^FAIL .*$3" "$work/out"
    check "$4" $?
}
gone b get 'node b is not in the lab any more' "a task whose node was taken away is red, not left out"
gone c all 'is not in the lab any more' "a matrix is not made smaller by taking a node away"
gone web no-ssh 'node web is not in the lab any more' "nor does it do to take away what must not be reached"
run "$LABCTL" check no-ssh-by-address
[ $? -eq 1 ] && grep -q "^FAIL .*" "$work/out"
check "also where it is asked by its address" $?
"$LABCTL" abandon >/dev/null 2>&1

# At the start the broken lab is measured beside the healthy one: what depends on how that was is seen all the same.
sed -e '/^faults:/,$d' "$work/guard.yaml" >"$work/kept.yaml"
cat >>"$work/kept.yaml" <<'YAML'
faults: [ { id: kept, kind: packet-filter, at: a, chain: output, protocol: tcp, ports: 22 } ]
tasks: [ { id: closed, title: web keeps ssh out, checks: [ { id: no-ssh, from: a, tcp: { to: web, port: 22, expect: closed }, points: 10 } ] } ]
YAML
run "$LABCTL" start "$work/kept.yaml"
check "a task is red where a silence means another thing than in the healthy lab" $?
"$LABCTL" abandon >/dev/null 2>&1
[ "$failures" -eq 0 ]
