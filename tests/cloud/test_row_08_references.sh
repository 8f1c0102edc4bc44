#!/bin/bash
# Row 8: a reference to a group matches the private addresses of its interfaces; never public ones, never through a
# middlebox.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets:
      a: { cidr: 10.0.1.0/24, route_table: out, public_ips: true }
      b: { cidr: 10.0.2.0/24, route_table: out, public_ips: true }
      c: { cidr: 10.0.3.0/24, route_table: middle }
    route_tables:
      out: [ { destination: 0.0.0.0/0, target: internet_gateway } ]
      middle: [ { destination: 10.0.2.0/24, target: node/nat } ]
    security_groups:
      web: { ingress: [] }
      db: { ingress: [ { protocol: tcp, ports: 5432, from: security_group/web } ] }
      all: { ingress: [ { protocol: all, from: any4 } ] }
nodes:
  web: { subnet: v/a, address: 10.0.1.10, security_groups: [web], public_ip: 203.0.113.10 }
  other: { subnet: v/a, address: 10.0.1.11, security_groups: [all] }
  hidden: { subnet: v/c, address: 10.0.3.10, security_groups: [web] }
  nat:
    subnet: v/a
    address: 10.0.1.20
    security_groups: [all]
    forwarding: true
    source_dest_check: false
    nat: { masquerade: [eth0] }
  db:
    subnet: v/b
    address: 10.0.2.10
    public_ip: 203.0.113.20
    security_groups: [db]
    services: { postgres: { kind: tcp, port: 5432 } }
END
meets "row 08: a member of the group gets in" open web 10.0.2.10 5432
meets "row 08: others do not" silent other 10.0.2.10 5432
meets "row 08: the member by the public address does not" silent web 203.0.113.20 5432
meets "row 08: a member behind a middlebox that translates does not" silent hidden 10.0.2.10 5432
