#!/bin/bash
# What bridges, links and nodes do with packets: loss, MTU, routes, policy routing, translation, IPv6, names.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/../cloud/lab.sh"

up <<'END'
lab: t
links:
  good: {}
  lossy: [ { from: node/far, loss: 100% } ]
  thin: { mtu: 1300, loss: 30% }
bridges: { lan: {}, dyn: { arp: dynamic }, tree: { stp: true } }
nodes:
  a: { interfaces: { eth0: { bridge: lan, addresses: [10.0.0.10/24, "fd00:a::10/64"], gateway: 10.0.0.1 } },
       routes: [ { destination: "::/0", via: "fd00:a::1" } ] }
  b: { bridge: lan, address: 10.0.0.11/24, gateway: 10.0.0.1, services: { http: { port: 80 }, udp-echo: {} } }
  r:
    forwarding: true
    interfaces:
      lan0: { bridge: lan, addresses: [10.0.0.1/24, "fd00:a::1/64"] }
      one: { link: good, addresses: [10.1.0.1/30, "fd00:b::1/64"] }
      two: { link: thin, address: 10.2.0.1/30 }
      off: { bridge: dyn, address: 10.3.0.1/24, up: false }
    routes:
      - { destination: 10.66.0.0/16, type: blackhole }
      - { destination: 10.67.0.0/16, type: unreachable }
      - { destination: 10.68.0.0/16, type: prohibit }
      - { destination: 10.50.0.1/32, via: 10.1.0.2 }
      - { destination: 10.50.0.1/32, via: 10.2.0.2, table: 77 }
      - { destination: 10.3.9.0/24, via: 10.3.0.9 }
    rules: [ { priority: 50, from: 10.0.0.11/32, table: 77 } ]
    nat: { forward: [ { protocol: tcp, port: 8080, to: "10.0.0.11:80" } ] }
  far:
    interfaces:
      one: { link: good, addresses: [10.1.0.2/30, "fd00:b::2/64"], gateway: 10.1.0.1 }
      two: { link: thin, address: 10.2.0.2/30 }
      gone: { link: lossy, address: 10.4.0.1/30 }
    routes: [ { destination: "fd00:a::/64", via: "fd00:b::1" } ]
    run: [ "ip addr add 10.50.0.1/32 dev lo", "sysctl -qw net.ipv4.icmp_ratelimit=0" ]
  end: { link: lossy, address: 10.4.0.2/30 }
  leaf: { bridge: tree, address: 10.5.0.1/24, run: [ "ping -n -c 1 -W 1 10.5.0.2" ] }
  root: { bridge: tree, address: 10.5.0.2/24 }
END
pings "a bridge with a spanning tree forwards when the lab is up" leaf 10.5.0.2
pings "through a router" a 10.1.0.2
pings "by IPv6" a fd00:b::2
shows "a small segment's neighbours are permanent" '10\.0\.0\.11 .* PERMANENT' on a ip neigh
fails "in a dynamic one nobody is" on r sh -c 'ip neigh show dev off | grep PERMANENT'
no_ping "all that one end sends is lost" far 10.4.0.2
on end sh -c 'cat /sys/class/net/eth0/statistics/rx_packets' >"$work/received"
[ "$(cat "$work/received")" = 0 ]
report "and does not arrive" $?
shows "the sender's interface knows nothing of it" '^0$' on far cat /sys/class/net/gone/statistics/tx_dropped
on r ping -n -q -c 200 -i 0.005 -W 1 10.2.0.2 >"$work/ping" 2>&1
loss=$(sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p' "$work/ping")
awk -v loss="${loss:-0}" 'BEGIN { exit !(loss > 35 && loss < 66) }' # 51 % there and back; more than five deviations of room
report "30 % each way are about 51 % of the pings" $?
fails "no send fails for it" grep -i 'buffer\|error' "$work/ping"
shows "a link's MTU is both ends'" 'mtu 1300' on far ip link show two
shows "a blackhole says nothing" '100% packet loss' on a ping -n -c 1 -W 1 10.66.0.1
shows "unreachable says so" 'Destination Host Unreachable' on a ping -n -c 1 -W 1 10.67.0.1
shows "prohibit says so" 'Packet filtered' on a ping -n -c 1 -W 1 10.68.0.1
shows "the main table's way" '^10\.50\.0\.1 from 10\.0\.0\.10 via 10\.1\.0\.2 ' on r ip route get 10.50.0.1 from 10.0.0.10 iif lan0
shows "the rule's way" '^10\.50\.0\.1 from 10\.0\.0\.11 via 10\.2\.0\.2 ' on r ip route get 10.50.0.1 from 10.0.0.11 iif lan0
shows "an interface that is down has its address" 'state DOWN' on r ip link show off
fails "and no route leads there" on r sh -c 'ip route | grep 10.3'
meets "a forwarded port without a masqueraded interface" open far 10.1.0.1 8080
meets "and from inside, by the outer address" open a 10.1.0.1 8080
shows "names are those of this place" '^10\.1\.0\.2 +STREAM +far' on r getent ahostsv4 far
shows "a large packet is one packet" 'gso_max_segs 1( |$)' on far ip -d link show one
shows "congestion control is the same everywhere" '^default .* congctl cubic' on a ip route
shows "of TCP by a default route" ' cubic ' on far bash -c 'exec 3<>/dev/tcp/10.0.0.11/80 && ss -Htin dst 10.0.0.11'
shows "of TCP on the own network" ' cubic ' on a bash -c 'exec 3<>/dev/tcp/10.0.0.11/80 && ss -Htin dst 10.0.0.11'
fails "and where a route is added by hand it heeds loss" on a grep bbr /proc/sys/net/ipv4/tcp_congestion_control
fails "nothing in a node tells of labctl" on r sh -c '{ nft list ruleset; ip -d link; ip route; cat /etc/hosts /etc/resolv.conf; } 2>/dev/null | grep -i labctl'
