#!/bin/bash
# Row 12: an internet gateway translates one to one for an interface with a public address, in a subnet whose table leads
# to it; private only = no internet; the instance sees its private address; hairpin goes by public addresses.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets:
      open: { cidr: 10.0.1.0/24, route_table: out }
      shut: { cidr: 10.0.2.0/24 }
    route_tables: { out: [ { destination: 0.0.0.0/0, target: internet_gateway } ] }
    security_groups: { all: { ingress: [ { protocol: all, from: any4 } ] } }
nodes:
  web: { subnet: v/open, address: 10.0.1.10, public_ip: 203.0.113.10, security_groups: [all], services: { http: { port: 80 } } }
  mate: { subnet: v/open, address: 10.0.1.11, public_ip: 203.0.113.11, security_groups: [all], services: { http: { port: 80 } } }
  private: { subnet: v/open, address: 10.0.1.12, security_groups: [all], services: { http: { port: 80 } } }
  routeless: { subnet: v/shut, address: 10.0.2.10, public_ip: 203.0.113.12, security_groups: [all] }
  out: { internet: 198.51.100.9, services: { http: { port: 80 } } }
END
meets "row 12: in by the public address" open out 203.0.113.10 80
meets "row 12: out" open web 198.51.100.9 80
shows "row 12: the instance sees only its private address" '^1$' on web sh -c "ip -o -4 addr show dev eth0 | grep -c 'inet 10.0.1.10/'"
fails "row 12: and no public one" on web sh -c "ip addr | grep 203.0.113"
meets "row 12: a private address only: no way out" silent private 198.51.100.9 80
meets "row 12: nor in" silent out 10.0.1.12 80
no_ping "row 12: a table without the gateway: no way out" routeless 198.51.100.9
no_ping "row 12: nor back" out 203.0.113.12
no_ping "row 12: nobody has the next public address" out 203.0.113.13
meets "row 12: a neighbour by its public address" open web 203.0.113.11 80
meets "row 12: not without an own one" silent private 203.0.113.11 80
listen 5 mate -c 1 'tcp dst port 80'
tcp web 203.0.113.11 80 >/dev/null
heard
shows "row 12: who then sees a public source" 'IP 203\.0\.113\.10\.[0-9]+ > 10\.0\.1\.11\.80' cat "$work/heard"
shows "row 12: the gateway is no hop: first the core" '^ 1  203\.0\.113\.1 ' on web traceroute -I -n -q 1 -w 1 198.51.100.9
shows "row 12: then the far end" '^ 2  198\.51\.100\.9 ' on web traceroute -I -n -q 1 -w 1 198.51.100.9
