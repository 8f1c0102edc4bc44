#!/bin/bash
# Addresses from the wire: DHCP with reservations and what clients are told, router advertisements; as the lab changes.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/../cloud/lab.sh"

within() { # NAME SECONDS COMMAND...: succeeds before they are over
    local name=$1 until=$((SECONDS + $2)) status
    shift 2
    until "$@" >"$work/out" 2>&1 && status=0 || { status=1 && [ $SECONDS -ge $until ]; }; do :; done
    report "$name" "$status"
}
has_address() { # NODE PATTERN
    on "$1" ip address show dev eth0 | grep -Eq "inet6? $2"
}

up <<'END'
lab: wire
bridges: { lan: {}, other: {} }
nodes:
  router:
    forwarding: true
    interfaces:
      lan0: { bridge: lan, address: 192.168.1.1/24, addresses: [ "2001:db8:1::1/64" ] }
      other0: { bridge: other, address: 192.168.2.1/24 }
      far0: { link: far, address: 10.0.0.1/30 }
    services:
      dhcp:
        range: [ 192.168.1.100-192.168.1.101, 192.168.2.50-192.168.2.60 ]
        reservations: { laptop: 192.168.1.20, "02:00:00:aa:bb:cc": 192.168.1.21 }
        domain: home.test
        router_advertisements: true
      dns: { zones: { home.test: { www: 10.0.0.2 } } }
  laptop: { bridge: lan, dhcp: true, slaac: true }
  phone: { bridge: lan, dhcp: true, resolver: { servers: [10.0.0.2] } }
  camera: { bridge: lan, dhcp: true, mac: "02:00:00:aa:bb:cc" }
  away: { bridge: other, dhcp: true }
  far: { link: far, address: 10.0.0.2/30, gateway: 10.0.0.1, services: { http: {} } }
checks:
  - { id: named, from: far, ping: laptop }
  - { id: by-mac, from: far, ping: camera }
  - { id: address, at: laptop, address: { address: 192.168.1.20/24, dev: eth0 } }
  - { id: gateway, at: laptop, route: { destination: default, via: 192.168.1.1 } }
  - { id: resolver, at: laptop, resolver: { servers: [192.168.1.1] } }
  - { id: name, from: laptop, http: "http://www/" }
END
shows "a reserved address" ' 192\.168\.1\.20/24 brd 192\.168\.1\.255 scope global' on laptop ip address show dev eth0
shows "one reserved for a MAC address" ' 192\.168\.1\.21/24 ' on camera ip address show dev eth0
shows "one of the range" ' 192\.168\.1\.10[01]/24 ' on phone ip address show dev eth0
shows "on another wire one of its own range" ' 192\.168\.2\.(5.|60)/24 ' on away ip address show dev eth0
shows "the gateway" '^default via 192\.168\.1\.1 dev eth0 proto dhcp src 192\.168\.1\.20 ' on laptop ip route
shows "of its own wire" '^default via 192\.168\.2\.1 dev eth0' on away ip route
shows "TCP is as on any other machine of the lab" '^192\.168\.1\.0/24 .*congctl cubic' on laptop ip route
shows "the resolver" '^nameserver 192\.168\.1\.1' on laptop cat /etc/resolv.conf
shows "the domain" '^search home\.test' on laptop cat /etc/resolv.conf
shows "a resolver of its own stays" '^nameserver 10\.0\.0\.2' on phone cat /etc/resolv.conf
shows "an IPv6 address of the advertised network" 'inet6 2001:db8:1::?.*ff:fe.*/64 scope global' on laptop ip -6 address
shows "and the router" '^default via fe80::.* proto ra' on laptop ip -6 route
holds "by which it sends" on laptop ping -n -c 1 -W 2 2001:db8:1::1
fails "who does not listen has none" on phone ping -n -c 1 -W 1 2001:db8:1::1
shows "the server's leases are in its node" ' 192\.168\.1\.20 laptop ' on router cat /var/lib/misc/dhcp.leases
shows "checks name clients, and see what they have" '^6 of 6 checks pass' "$LABCTL" --lab "$lab" check
shows "how a client asked is its log" 'lease of 192\.168\.1\.20 obtained' "$LABCTL" --lab "$lab" logs laptop dhcp-eth0
shows "explain knows the address that it will have" 'reachable' "$LABCTL" explain far laptop --file "$work/lab.yaml"
shows "the same file once more changes nothing" '^nothing changed' "$LABCTL" --lab "$lab" apply "$work/lab.yaml"

holds "clients are told something else" "$LABCTL" --lab "$lab" set node/router/service/dhcp/router 192.168.1.254
within "and ask anew" 10 sh -c "\"$LABCTL\" --lab $lab exec laptop -- ip route | grep -q 'default via 192.168.1.254'"
holds "another reservation" "$LABCTL" --lab "$lab" set node/router/service/dhcp/reservations/laptop 192.168.1.30
within "is another address" 10 has_address laptop '192\.168\.1\.30/24'
fails "instead of the first" has_address laptop '192\.168\.1\.20/24'
holds "a machine loses everything" on laptop sh -c 'ip address flush dev eth0; ip link set eth0 down; ip link set eth0 up; pkill udhcpc || kill $(pidof udhcpc)'
within "and gets its address back as its client is started again" 15 has_address laptop '192\.168\.1\.30/24'
holds "one more client" "$LABCTL" --lab "$lab" set nodes/new '{ bridge: lan, dhcp: true }'
within "while the lab runs" 10 has_address new '192\.168\.1\.10[01]/24'
shows "inspect tells what it got" '^new +eth0 +192\.168\.1\.10[01]/24 \(leased\) +1500  bridge/lan$' "$LABCTL" --lab "$lab" inspect
"$LABCTL" --lab "$lab" set nodes/more '{ bridge: lan, dhcp: true }' >"$work/out" 2>&1
report "the lab goes on with one that gets none" $?
shows "a range that is used up is seen in the server's log" 'no address available' "$LABCTL" --lab "$lab" logs router dhcp
