#!/bin/bash
# as user
# Row 19: an instance neither sends nor gets packets that are not from or to its own address, unless
# `source_dest_check: false` (a NAT or firewall instance as route target `node/fw`).
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets:
      a: { cidr: 10.0.1.0/24, route_table: through }
      b: { cidr: 10.0.2.0/24 }
      public: { cidr: 10.0.3.0/24, route_table: out, public_ips: true }
    route_tables:
      out: [ { destination: any4, target: internet_gateway } ]
      through:
        - { destination: 10.0.2.0/24, target: node/fw }
        - { destination: any4, target: node/nat }
    security_groups: { open: { ingress: [ { from: any } ] } }
nodes:
  x: { subnet: v/a, address: 10.0.1.10, security_groups: [open] }
  y: { subnet: v/b, address: 10.0.2.10, security_groups: [open], services: { http: { port: 80 } } }
  fw: { subnet: v/b, address: 10.0.2.20, security_groups: [open], forwarding: true, source_dest_check: false }
  nat:
    subnet: v/public
    address: 10.0.3.20
    security_groups: [open]
    forwarding: true
    source_dest_check: false
    nat: { masquerade: [eth0] }
  liar: { subnet: v/b, address: 10.0.2.30, security_groups: [open] }
  out: { internet: 203.0.113.200, services: { http: { port: 80 } } }
END
put() { "$LABCTL" --lab "$lab" set "$@" >/dev/null; }
meets "row 19: through a firewall without the check" open x 10.0.2.10 80
shows "row 19: which is a hop" '^ 1  10\.0\.2\.20' on x traceroute -n -q 1 -w 1 10.0.2.10
meets "row 19: out through a NAT instance without the check" open x 203.0.113.200 80
pings "row 19: it also answers for itself" x 10.0.2.20
holds "row 19: an address of somebody else" on liar ip addr add 10.0.77.7/32 dev lo
listen 2 y 'icmp and src 10.0.77.7' -c 1
on liar ping -c 1 -W 1 -I 10.0.77.7 10.0.2.10 >/dev/null
heard
fails "row 19: is sent from by nobody who has the check" grep -q 'IP 10.0.77.7' "$work/heard"
holds "row 19: the check goes" put node/liar/source_dest_check false
listen 5 y 'icmp and src 10.0.77.7' -c 1
on liar ping -c 1 -W 1 -I 10.0.77.7 10.0.2.10 >/dev/null
heard
shows "row 19: without it the packet arrives" 'IP 10\.0\.77\.7 > 10\.0\.2\.10' cat "$work/heard"
holds "row 19: the firewall gets the check" put node/fw/source_dest_check true
meets "row 19: it gets nothing for others then" silent x 10.0.2.10 80
pings "row 19: but what is for itself" x 10.0.2.20
shows "row 19: validate warns" '\[source-dest-check\]' sh -c "\"$LABCTL\" --lab $lab dump >\"$work/dumped.yaml\"; \"$LABCTL\" validate \"$work/dumped.yaml\""
holds "row 19: the NAT instance as well" put node/nat/source_dest_check true
meets "row 19: no way out" silent x 203.0.113.200 80
holds "row 19: without the check again" put node/nat/source_dest_check false
meets "row 19: there is" open x 203.0.113.200 80
