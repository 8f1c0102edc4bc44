#!/bin/bash
# Row 4: a subnet without a route table uses the VPC's main one; where there is none, local only.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

topology() {
    cat <<END
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets: { s: { cidr: 10.0.1.0/24, public_ips: true } }
    route_tables: { $1: [ { destination: 0.0.0.0/0, target: internet_gateway } ] }
nodes:
  x: { subnet: v/s }
  y: { subnet: v/s }
  out: { internet: 203.0.113.9 }
END
}
topology main | up
pings "row 04: the main table counts where none is named" x 203.0.113.9
topology other | up
no_ping "row 04: without a main table there is the local route only" x 203.0.113.9
pings "row 04: which leads to the neighbours" x y
