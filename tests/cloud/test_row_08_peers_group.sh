#!/bin/bash
# Row 8, across a peering: a group of a peer, written whole, means the private addresses of the interfaces in it, and
# counts for what comes through the peering.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

shows "row 08: a group of a VPC that is not peered is an error" '\[unpeered-group\]' validate <<'END'
lab: t
vpcs:
  a: { cidr: 10.0.0.0/16, security_groups: { g: { ingress: [ { from: vpc/b/security_group/g } ] } } }
  b: { cidr: 10.1.0.0/16, security_groups: { g: {} } }
END

up <<'END'
lab: t
vpcs:
  main:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets: { s: { cidr: 10.0.1.0/24, route_table: t, public_ips: true } }
    route_tables:
      t:
        - { destination: 10.1.0.0/16, target: peering/to-dev }
        - { destination: 10.2.0.0/16, target: transit_gateway/hub }
        - { destination: 0.0.0.0/0, target: internet_gateway }
    security_groups:
      web: { ingress: [ { protocol: tcp, ports: 80, from: vpc/dev/security_group/web } ] }
      narrow:
        egress: [ { protocol: tcp, ports: 80, to: vpc/dev/security_group/db } ]
  dev:
    cidr: 10.1.0.0/16
    internet_gateway: true
    subnets: { s: { cidr: 10.1.1.0/24, route_table: t, public_ips: true } }
    route_tables:
      t:
        - { destination: 10.0.0.0/16, target: peering/to-dev }
        - { destination: 10.2.0.0/16, target: transit_gateway/hub }
        - { destination: 0.0.0.0/0, target: internet_gateway }
    security_groups:
      web: { ingress: [ { from: any4 } ] }
      db: { ingress: [ { from: any4 } ] }
  twin:
    cidr: 10.2.0.0/16
    subnets: { s: { cidr: 10.2.1.0/24 } }
    route_tables: { main: [ { destination: 10.0.0.0/8, target: transit_gateway/hub } ] }
    security_groups: { web: { ingress: [ { from: any4 } ] } }
peerings: { to-dev: { between: [main, dev] } }
transit_gateways: { hub: { attachments: [main, dev, twin] } }
nodes:
  web: { subnet: main/s, address: 10.0.1.10, security_groups: [web], services: { http: {} }, public_ip: 198.51.100.10 }
  narrow: { subnet: main/s, address: 10.0.1.11, security_groups: [narrow] }
  friend: { subnet: dev/s, address: 10.1.1.10, security_groups: [web], services: { http: {} } }
  db: { subnet: dev/s, address: 10.1.1.11, security_groups: [db], services: { http: {} } }
  twin: { subnet: twin/s, address: 10.2.1.10, security_groups: [web], services: { http: {} } }
END
meets "row 08: a member of the peer's group gets in" open friend 10.0.1.10 80
meets "row 08: others of the peer do not" silent db 10.0.1.10 80
meets "row 08: the member by the public address does not" silent friend 198.51.100.10 80
meets "row 08: nor a group of that name in a third VPC" silent twin 10.0.1.10 80
meets "row 08: outward to a member of the peer's group" open narrow 10.1.1.11 80
meets "row 08: and to no other" silent narrow 10.1.1.10 80
holds "row 08: a machine of the peer joins the group" "$LABCTL" --lab "$lab" set node/db/security_groups '[db, web]'
meets "row 08: and gets in" open db 10.0.1.10 80
