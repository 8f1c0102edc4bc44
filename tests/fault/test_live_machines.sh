#!/bin/bash
# long
# as user
# Kinds of faults at machines, each put into a running lab: it shows, tells nothing of itself, and is taken out exactly.
# shellcheck disable=SC2034,SC2154 # what the sourced files use and set
. "$(dirname "$0")/../cli/host.bash"
KILLS=${KILLS:-3}
cat >"$work/lab.yaml" <<'YAML'
lab: live
bridges: { left: {}, right: {}, inside: {}, asking: { arp: dynamic } }
networks: { boxes: { cidr: 172.18.0.0/24 } }
nodes:
  client:
    bridge: left
    addresses: [10.1.0.10/24, "2001:db8:1::10/64"]
    gateway: 10.1.0.1
    routes: [ { destination: "::/0", via: "2001:db8:1::1" } ]
  twin: { bridge: left, address: 10.1.0.11/24, gateway: 10.1.0.1, services: { own: { kind: tcp, port: 7000 } } }
  r1:
    forwarding: true
    interfaces:
      a: { bridge: left, addresses: [10.1.0.1/24, "2001:db8:1::1/64"] }
      m: { link: mid, addresses: [10.3.0.1/30, "2001:db8:3::1/64"] }
    routes: [ { destination: 10.2.0.0/24, via: 10.3.0.2 }, { destination: "2001:db8:2::/64", via: "2001:db8:3::2" } ]
  r2:
    forwarding: true
    interfaces:
      b: { bridge: right, addresses: [10.2.0.1/24, "2001:db8:2::1/64"] }
      m: { link: mid, addresses: [10.3.0.2/30, "2001:db8:3::2/64"] }
    routes: [ { destination: 10.1.0.0/24, via: 10.3.0.1 }, { destination: "2001:db8:1::/64", via: "2001:db8:3::1" } ]
  server:
    bridge: right
    addresses: [10.2.0.10/24, "2001:db8:2::10/64"]
    gateway: 10.2.0.1
    routes: [ { destination: "::/0", via: "2001:db8:2::1" } ]
    services: { http: { port: 80, body: "right\n" }, echo: { kind: tcp-echo } }
  gate:
    forwarding: true
    interfaces: { in0: { bridge: inside, address: 10.4.0.1/24 }, out0: { bridge: left, address: 10.1.0.4/24, gateway: 10.1.0.1 } }
    nat: { masquerade: [out0], forward: [ { protocol: tcp, port: 8080, to: "10.4.0.10:80" } ] }
  inner:
    bridge: inside
    address: 10.4.0.10/24
    gateway: 10.4.0.1
    services: { http: { port: 80 } }
    nftables: "table ip own { chain c { type filter hook input priority 0; ip saddr 10.4.0.1 tcp dport 80 drop; }; }"
  host: { bridge: left, address: 10.1.0.5/24, gateway: 10.1.0.1, publish: [ "8081:box:80", "8082:other:80" ] }
  box:
    network: boxes
    services: { http: { port: 80 } }
    nftables: "table ip own { chain c { type filter hook input priority 0; ip saddr 172.18.0.1 tcp dport 80 drop; }; }"
  other: { network: boxes, services: { http: { port: 80 } } }
  learner: { bridge: asking, address: 10.5.0.10/24 }
  known: { bridge: asking, address: 10.5.0.11/24 }
checks:
  - { id: learnt, from: learner, ping: { to: known } }
  - { id: ping, from: client, ping: { to: server } }
  - { id: peer, from: client, ping: { to: twin } }
  - { id: twin, from: server, tcp: { to: twin, port: 7000 } }
  - { id: page, from: client, http: { url: "http://server/", status: 200, body_contains: right } }
  - { id: fragments, from: client, ping: { to: server, size: 4000 } }
  - { id: large, from: client, ping: { to: server, size: 1400, df: true } }
  - { id: ipv6, from: client, ping: { to: "2001:db8:2::10" } }
  - { id: outward, from: inner, http: { url: "http://10.2.0.10/", status: 200 } }
  - { id: inward, from: client, http: { url: "http://10.1.0.4:8080/", status: 200 } }
  - { id: box-outward, from: box, http: { url: "http://10.2.0.10/", status: 200 } }
  - { id: box-inward, from: client, http: { url: "http://10.1.0.5:8081/", status: 200 } }
  - { id: box-round, from: box, http: { url: "http://10.1.0.5:8082/", status: 200 } }
YAML
nodes=(client twin r1 r2 server gate inner host box other learner known)

# KIND|SYMPTOM|WHERE|PARAMETERS
rows=(
    "one-way-link|ping|node/client/eth0|"
    "one-way-link|ping|node/client/eth0|direction=out"
    "port-isolated|ping|node/client/eth0|"
    "mac-duplicate|peer|node/twin/eth0,node/client/eth0|"
    "bridge-loop|storm|bridge/left|"
    "mtu-wrong|large|node/server/eth0|"
    "arp-blocked|ping|node/client/eth0|"
    "arp-blocked|learnt|node/learner/eth0|"
    "address-missing|ping|node/server/eth0|"
    "address-duplicate|twin|node/twin/eth0,node/client/eth0|"
    "netmask-wrong|ping|node/server/eth0|length=32"
    "networks-overlapping|ping|node/client/eth0|network=10.2.0.0/24"
    "gateway-missing|ping|client|"
    "gateway-missing|ipv6|client|family=ipv6"
    "return-route-missing|ping|client,server|"
    "routing-loop|ping|r1,r2|destination=10.2.0.10"
    "more-specific-route|ping|r1|destination=10.2.0.10 via=10.1.0.11"
    "policy-rule-wrong|ping|r1|from=10.1.0.0/24"
    "ecmp-member-dead|some_go_astray|client|destination=default via=10.1.0.11"
    "ipv6-broken|ipv6|client|"
    "ttl-too-low|ping|client|"
    "icmp-blocked|ping|server|"
    "icmp-blocked|ping|r1|chain=forward"
    "fragments-dropped|fragments|server|"
    "tcp-options-stripped|no_timestamps|r1|option=timestamp"
    "tcp-options-stripped|no_scaling|client|option=window"
    "tcp-reset|page|server|share=100%"
    "tcp-reset|page|r1|chain=forward ports=80 share=100%"
    "flows-dropped|page|r1|share=100%"
    "connection-limit|third_refused|r1|chain=forward connections=2"
    "default-deny|page|server|ports=81"
    "rule-shadowed|page|server|ports=80"
    "port-redirected|page|server|port=80 to=81"
    "masquerade-missing|outward|gate|"
    "masquerade-too-broad|inward|gate|"
    "double-nat|inward|node/gate/in0|"
    "port-forward-missing|inward|gate|port=8080"
    "port-forward-wrong|inward|gate|port=8080 to=10.4.0.10:81"
    "masquerade-missing|box-outward|host|"
    "masquerade-too-broad|box-inward|host|"
    "port-forward-missing|box-inward|host|port=8081"
    "port-forward-wrong|box-inward|host|port=8081 to=172.18.0.1:81"
    "hairpin-nat-missing|box-round|host|port=8082"
    "ephemeral-ports-exhausted|no_port_left|client|"
    "time-wait-pile-up|ports_wait|client|ports=4"
    "receive-window-small|small_buffer|client|"
    "connection-forgotten|hangs_after_silence|r1|seconds=1"
)

frames() { in_node twin sh -c 'read -r n </sys/class/net/eth0/statistics/rx_packets; echo $n'; }
storm() { # what was asked for once comes again and again; it may be over before somebody has looked twice
    local before
    before=$(frames)
    in_node twin ping -c 1 -W 1 10.1.0.10 >/dev/null
    until_true 1 more_than $((before + 100))
}
more_than() { [ "$(frames)" -gt "$1" ]; }
calm() {
    local before
    before=$(frames)
    pause 300
    [ "$(frames)" -lt $((before + 20)) ]
}

some_go_astray() { # by the address, and always the same ones
    local i
    for ((i = 1; i <= 40; i++)); do echo "ip route get 10.2.0.$i"; done | in_node client sh | grep 'via 10.1.0.11'
}
held() { # COUNT AFTER: so many connections to the echo, then what is to be looked at
    in_node client bash -c "for ((i = 0; i < $1; i++)); do exec {fd}<>/dev/tcp/10.2.0.10/7 || exit 9; done; $2"
}
no_timestamps() { held 1 "ss -tin dst 10.2.0.10" | grep -w mss:1460; } # they take 12 bytes of each segment
no_scaling() { held 1 "ss -tin dst 10.2.0.10" >"$work/seen" && grep -q 10.2.0.10 "$work/seen" && ! grep -q wscale "$work/seen"; }
third_refused() { # the others are open still
    held 2 "nc -z -w 1 10.2.0.10 80 || echo full" | grep -x full
}
ports_wait() { # one after the other, each closed by the client
    in_node client bash -c 'for ((i = 0; i < 6; i++)); do exec {fd}<>/dev/tcp/10.2.0.10/80 || exit 9; exec {fd}>&-; done' | grep 'Cannot assign requested address'
}
no_port_left() { held 5 true | grep 'Cannot assign requested address'; }
small_buffer() { held 1 "ss -tinm dst 10.2.0.10" | grep -E '[(,]rb[0-9]{4},'; }
hangs_after_silence() { # COPROC: a line before the pause comes back, one after it does not
    held 1 'echo a >&$fd; read -rt 2 -u $fd x || exit 9; read -rt 2.2 -u $fd x; echo b >&$fd; read -rt 1 -u $fd x || echo hangs' | grep -x hangs
}

. "$(dirname "$0")/live.bash"
try_rows
kill_rounds "$KILLS"
lab fault inject bridge-loop --at bridge/left rate=10mbit quota=1 && storm && until_true 20 calm
check "a storm that nobody ends comes to an end" $?
lab down live
clean_host
check "nothing is left" $?
exit $((failures > 0))
