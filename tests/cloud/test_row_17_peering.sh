#!/bin/bash
# as user
# Row 17: a peering is not transitive, each side needs its own route, and there is no way through a peer to its internet
# gateway, NAT gateway or resolver.  VPCs that overlap cannot be peered.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

shows "row 17: VPCs that overlap cannot be peered" '\[peering-overlap\]' validate <<'END'
lab: t
vpcs: { a: { cidr: 10.0.0.0/16 }, b: { cidr: 10.0.64.0/20 } }
peerings: { p: { between: [a, b] } }
END
shows "row 17: a route through the peering of others is an error" '\[foreign-target\]' validate <<'END'
lab: t
vpcs:
  a: { cidr: 10.0.0.0/16 }
  b: { cidr: 10.1.0.0/16 }
  c: { cidr: 10.2.0.0/16, route_tables: { main: [ { destination: 10.1.0.0/16, target: peering/p } ] } }
peerings: { p: { between: [a, b] } }
END

up <<'END'
lab: t
vpcs:
  main:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets:
      out: { cidr: 10.0.1.0/24, route_table: out, public_ips: true }
      deaf: { cidr: 10.0.2.0/24 }
    nat_gateways: { nat: { subnet: out } }
    route_tables:
      main: [ { destination: 0.0.0.0/0, target: nat_gateway/nat } ]
      out:
        - { destination: 10.1.0.0/16, target: peering/main-to-dev }
        - { destination: 0.0.0.0/0, target: internet_gateway }
    security_groups: { open: { ingress: [ { from: any4 } ] } }
  dev:
    cidr: 10.1.0.0/16
    subnets: { s: { cidr: 10.1.1.0/24 } }
    route_tables:
      main:
        - { destination: 10.0.0.0/16, target: peering/main-to-dev }
        - { destination: 10.2.0.0/16, target: peering/dev-to-far }
        - { destination: 0.0.0.0/0, target: peering/main-to-dev }
    security_groups: { open: { ingress: [ { from: any4 } ] } }
  far:
    cidr: 10.2.0.0/16
    subnets: { s: { cidr: 10.2.1.0/24 } }
    route_tables:
      main:
        - { destination: 10.1.0.0/16, target: peering/dev-to-far }
        - { destination: 10.0.0.0/16, target: peering/dev-to-far }
        - { destination: 198.51.100.0/24, target: peering/gone }
    security_groups: { open: { ingress: [ { from: any4 } ] } }
peerings:
  main-to-dev: { between: [main, dev] }
  dev-to-far: { between: [dev, far] }
nodes:
  web: { subnet: main/out, address: 10.0.1.10, security_groups: [open], services: { http: {} } }
  deaf: { subnet: main/deaf, address: 10.0.2.10, security_groups: [open], services: { http: {} } }
  dev: { subnet: dev/s, address: 10.1.1.10, security_groups: [open], services: { http: {} } }
  far: { subnet: far/s, address: 10.2.1.10, security_groups: [open], services: { http: {} } }
  outside: { internet: 203.0.113.9, services: { http: {} } }
END
meets "row 17: a peer is reached by its private address" open dev 10.0.1.10 80
meets "row 17: from the other side as well" open web 10.1.1.10 80
shows "row 17: the peering is no hop" '^ 1  10\.0\.1\.10' on dev traceroute -n -q 1 -w 1 10.0.1.10
shows "row 17: nor does it take from the TTL" 'ttl=64' on dev ping -n -c 1 -W 1 10.0.1.10
holds "row 24: 9001 bytes pass it" on dev ping -n -c 1 -W 2 -M "do" -s 8973 10.0.1.10
listen 10 deaf -c 1 'tcp and src 10.1.1.10'
meets "row 17: without a route back there is no answer" silent dev 10.0.2.10 80
heard
shows "row 17: though the packet arrives" '10\.1\.1\.10\.[0-9]+ > 10\.0\.2\.10\.80' cat "$work/heard"
meets "row 17: a peering is not transitive" silent far 10.0.1.10 80
meets "row 17: what has a peering of its own is reached" open far 10.1.1.10 80
meets "row 17: no way through a peer's gateways" silent dev 203.0.113.9 80
meets "row 17: which its own instances use: the internet gateway" open web 203.0.113.9 80
meets "row 17: and the NAT gateway" open deaf 203.0.113.9 80
fails "row 17: no way to a peer's resolver" on dev dig +time=1 +tries=1 @10.0.0.2 web.main.internal
no_ping "row 17: nor to its router" dev 10.0.1.1
meets "row 20: a route to a peering that is gone drops" silent far 198.51.100.9 80
shows "row 20: dump says so" 'peering/gone # state: blackhole' "$LABCTL" --lab "$lab" dump

holds "row 17: a route of one side is taken away" "$LABCTL" --lab "$lab" unset vpc/main/route_table/out/0
meets "row 17: and the other side has no answer" silent dev 10.0.1.10 80
holds "row 17: it is set again" "$LABCTL" --lab "$lab" set vpc/main/route_table/out/1 \
    '{ destination: 10.1.0.0/16, target: peering/main-to-dev }'
meets "row 17: and all is well" open dev 10.0.1.10 80
holds "row 17: a peering is taken away" "$LABCTL" --lab "$lab" unset peering/main-to-dev
shows "row 20: the routes are blackholes then" 'peering/main-to-dev # state: blackhole' "$LABCTL" --lab "$lab" dump
meets "row 20: which drop" silent web 10.1.1.10 80
meets "row 17: what does not use it is not concerned" open far 10.1.1.10 80
