#!/bin/bash
# Row 13: `public_ips: true` of a subnet gives public addresses; `public_ip` of an interface overrides it.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets:
      given: { cidr: 10.0.1.0/24, route_table: out, public_ips: true }
      none: { cidr: 10.0.2.0/24, route_table: out }
    route_tables: { out: [ { destination: 0.0.0.0/0, target: internet_gateway } ] }
    security_groups: { all: { ingress: [ { protocol: all, from: any4 } ] } }
nodes:
  a: { subnet: v/given, security_groups: [all] }
  b: { subnet: v/given, security_groups: [all], public_ip: false }
  c: { subnet: v/none, security_groups: [all] }
  d: { subnet: v/none, security_groups: [all], public_ip: true }
  e: { subnet: v/none, security_groups: [all], public_ip: 192.0.2.33 }
  out: { internet: 198.51.100.9 }
END
pings "row 13: public_ips gives one" a 198.51.100.9
no_ping "row 13: public_ip: false takes it away" b 198.51.100.9
no_ping "row 13: without either there is none" c 198.51.100.9
pings "row 13: public_ip: true gives one" d 198.51.100.9
pings "row 13: public_ip: ADDRESS gives that one" out 192.0.2.33
shows "row 13: outside, a node's name is its public address" '^192\.0\.2\.33 +e' on out getent hosts e
shows "row 13: inside, its private one" '^10\.0\.2\.[0-9]+ +e' on a getent hosts e
