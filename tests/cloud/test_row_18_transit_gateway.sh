#!/bin/bash
# as user
# Row 18: a transit gateway routes between attachments by association and propagation; each VPC needs a route to it.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

shows "row 18: a table names what is attached" '\[transit-attachment\]' validate <<'END'
lab: t
vpcs: { a: { cidr: 10.0.0.0/16 }, b: { cidr: 10.1.0.0/16 } }
transit_gateways: { hub: { attachments: [a], route_tables: { t: { associations: [a, b] } } } }
END
shows "row 18: a VPC that is not attached has no route to it" '\[foreign-target\]' validate <<'END'
lab: t
vpcs:
  a: { cidr: 10.0.0.0/16, route_tables: { main: [ { destination: 10.1.0.0/16, target: transit_gateway/hub } ] } }
transit_gateways: { hub: { attachments: [] } }
END

# One table: three VPCs, of which the third has no route to the gateway in one subnet; two that overlap.
up <<'END'
lab: t
vpcs:
  a:
    cidr: 10.0.0.0/16
    subnets: { s: { cidr: 10.0.1.0/24 } }
    route_tables: { main: [ { destination: 10.0.0.0/8, target: transit_gateway/hub } ] }
    security_groups: { open: { ingress: [ { from: any4 } ] } }
  b:
    cidr: 10.1.0.0/16
    subnets:
      s: { cidr: 10.1.1.0/24, route_table: out }
      deaf: { cidr: 10.1.2.0/24 }
    route_tables: { out: [ { destination: 10.0.0.0/8, target: transit_gateway/hub } ] }
    security_groups: { open: { ingress: [ { from: any4 } ] } }
  twin:
    cidr: 10.1.0.0/16
    subnets: { s: { cidr: 10.1.1.0/24 } }
    route_tables: { main: [ { destination: 10.0.0.0/16, target: transit_gateway/hub } ] }
    security_groups: { open: { ingress: [ { from: any4 } ] } }
transit_gateways: { hub: { attachments: [a, b, twin] } }
nodes:
  a: { subnet: a/s, address: 10.0.1.10, security_groups: [open], services: { http: {} } }
  b: { subnet: b/s, address: 10.1.1.10, security_groups: [open], services: { http: { body: b } } }
  deaf: { subnet: b/deaf, address: 10.1.2.10, security_groups: [open], services: { http: {} } }
  twin: { subnet: twin/s, address: 10.1.1.10, security_groups: [open], services: { http: { body: twin } } }
END
listen 5 b -c 1 'tcp[tcpflags] & tcp-syn != 0 and dst port 80'
meets "row 24: TCP is told by the gateway" open a 10.1.1.10 80
heard
shows "row 24: of what passes it" 'mss 8460' cat "$work/heard"
holds "row 24: 8500 bytes pass it" on a ping -n -c 1 -W 2 -M "do" -s 8472 10.1.1.10
shows "row 24: more is told of" 'mtu ?= ?8500' on a ping -n -c 1 -W 2 -M "do" -s 8473 10.1.1.10
shows "row 24: and remembered" 'mtu 8500' on a ip route get 10.1.1.10
meets "row 18: attached VPCs reach each other" open a 10.1.1.10 80
meets "row 18: both ways" open b 10.0.1.10 80
shows "row 18: the gateway is no hop" '^ 1  10\.1\.1\.10' on a traceroute -n -q 1 -w 1 10.1.1.10
shows "row 18: nor does it take from the TTL" 'ttl=64' on a ping -n -c 1 -W 1 10.1.1.10
listen 10 deaf -c 1 'tcp and src 10.0.1.10'
meets "row 18: a subnet without a route to it does not answer" silent a 10.1.2.10 80
heard
shows "row 18: though the packet arrives" '10\.0\.1\.10\.[0-9]+ > 10\.1\.2\.10\.80' cat "$work/heard"
meets "row 18: nor can it ask" silent deaf 10.0.1.10 80
shows "row 18: of VPCs that overlap the first one is reached" '^b$' on a curl -s -m 2 http://10.1.1.10/
meets "row 18: what the gateway does not know is dropped" silent a 10.99.0.1 80

# Two tables: spokes reach the shared VPC and not each other; the hub leads them to the internet.
up <<'END'
lab: t
vpcs:
  shared:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets:
      s: { cidr: 10.0.1.0/24, route_table: spokes }
      out: { cidr: 10.0.9.0/24, route_table: out }
    nat_gateways: { nat: { subnet: out, public_ip: 198.51.100.99 } }
    route_tables:
      main:
        - { destination: 0.0.0.0/0, target: nat_gateway/nat }
        - { destination: 10.9.0.0/16, target: peering/shared-to-far }
      spokes:
        - { destination: 10.0.0.0/8, target: transit_gateway/hub }
        - { destination: 10.9.0.0/16, target: peering/shared-to-far }
      out:
        - { destination: 0.0.0.0/0, target: internet_gateway }
        - { destination: 10.0.0.0/8, target: transit_gateway/hub }
    security_groups: { open: { ingress: [ { from: any4 } ] } }
  red:
    cidr: 10.1.0.0/16
    subnets: { s: { cidr: 10.1.1.0/24 } }
    route_tables: { main: [ { destination: 0.0.0.0/0, target: transit_gateway/hub } ] }
    security_groups: { open: { ingress: [ { from: any4 } ] } }
  blue:
    cidr: 10.2.0.0/16
    subnets: { s: { cidr: 10.2.1.0/24 }, t: { cidr: 10.2.2.0/24 } }
    route_tables: { main: [ { destination: 0.0.0.0/0, target: transit_gateway/hub } ] }
    security_groups: { open: { ingress: [ { from: any4 } ] } }
  alone:
    cidr: 10.3.0.0/16
    subnets: { s: { cidr: 10.3.1.0/24 } }
    route_tables: { main: [ { destination: 0.0.0.0/0, target: transit_gateway/hub } ] }
    security_groups: { open: { ingress: [ { from: any4 } ] } }
  far:
    cidr: 10.9.0.0/16
    subnets: { s: { cidr: 10.9.1.0/24 } }
    route_tables: { main: [ { destination: 10.0.0.0/8, target: peering/shared-to-far } ] }
    security_groups: { open: { ingress: [ { from: any4 } ] } }
peerings: { shared-to-far: { between: [shared, far] } }
transit_gateways:
  hub:
    attachments: [shared, red, blue, alone]
    route_tables:
      hub: { associations: [shared], propagations: [red, blue, alone] }
      spokes:
        associations: [red, blue]
        propagations: [shared]
        routes:
          - { destination: 0.0.0.0/0, target: shared }
          - { destination: 10.0.0.0/8, target: blackhole }
nodes:
  shared: { subnet: shared/s, address: 10.0.1.10, security_groups: [open], services: { http: {} } }
  red: { subnet: red/s, address: 10.1.1.10, security_groups: [open], services: { http: {} } }
  blue: { subnet: blue/s, address: 10.2.1.10, security_groups: [open], services: { http: {} } }
  alone: { subnet: alone/s, address: 10.3.1.10, security_groups: [open], services: { http: {} } }
  far: { subnet: far/s, address: 10.9.1.10, security_groups: [open], services: { http: {} } }
  outside: { internet: 203.0.113.9, services: { http: {} } }
END
meets "row 18: a spoke reaches what propagates to its table" open red 10.0.1.10 80
meets "row 18: and is reached from there" open shared 10.2.1.10 80
meets "row 18: spokes do not reach each other" silent red 10.2.1.10 80
meets "row 18: an attachment without a table gets nowhere" silent alone 10.0.1.10 80
meets "row 18: nor does an answer of its" silent shared 10.3.1.10 80
meets "row 18: a static route leads to the hub's NAT gateway" open red 203.0.113.9 80
listen 10 outside -c 1 'tcp and dst port 80'
meets "row 18: for every spoke" open blue 203.0.113.9 80
heard
shows "row 18: which sends with its own address" '198\.51\.100\.99\.[0-9]+ > 203\.0\.113\.9\.80' cat "$work/heard"
holds "row 18: a way towards a peer of the hub" "$LABCTL" --lab "$lab" set \
    transit_gateway/hub/route_table/spokes/routes/1 '{ destination: 10.9.0.0/16, target: shared }'
listen 3 far 'tcp and dst port 80'
meets "row 17: the hub reaches its peer" open shared 10.9.1.10 80
meets "row 17: a spoke does not" silent red 10.9.1.10 80
heard
shows "row 17: the peering carries what is from the hub" ' 10\.0\.1\.10\.[0-9]+ > ' cat "$work/heard"
fails "row 17: and nothing from the spoke" grep -q ' 10\.1\.1\.10\.' "$work/heard"
holds "row 18: it is as before" "$LABCTL" --lab "$lab" set \
    transit_gateway/hub/route_table/spokes/routes/1 '{ destination: 10.0.0.0/8, target: blackhole }'
holds "row 18: a route is set in a running lab" "$LABCTL" --lab "$lab" set \
    transit_gateway/hub/route_table/spokes/routes/2 '{ destination: 10.2.1.0/24, target: blue }'
holds "row 18: and one back" "$LABCTL" --lab "$lab" set \
    transit_gateway/hub/route_table/spokes/routes/3 '{ destination: 10.1.0.0/16, target: vpc/red }'
meets "row 18: the longest prefix wins" open red 10.2.1.10 80
holds "row 18: a propagation is taken away" "$LABCTL" --lab "$lab" set transit_gateway/hub/route_table/spokes/propagations '[]'
meets "row 18: and the static blackhole counts" silent red 10.0.1.10 80
