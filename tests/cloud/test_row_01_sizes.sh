#!/bin/bash
# Row 1: a VPC is /16 to /28; subnets lie inside it, do not overlap, /16 to /28.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

vpc() { # CIDR SUBNET [SUBNET]
    printf 'lab: t\nvpcs:\n  v:\n    cidr: %s\n    subnets:\n      a: { cidr: %s }\n' "$1" "$2"
    if [ $# -gt 2 ]; then printf '      b: { cidr: %s }\n' "$3"; fi
    echo 'nodes: { x: { subnet: v/a } }'
}
shows "row 01: a /15 is no VPC" 'VPC .v. is 10.0.0.0/15: a VPC is /16 to /28 \[vpc-size\]' validate < <(vpc 10.0.0.0/15 10.0.0.0/24)
shows "row 01: a /29 is no VPC" '\[vpc-size\]' validate < <(vpc 10.0.0.0/29 10.0.0.0/29)
shows "row 01: a /29 is no subnet" '\[subnet-size\]' validate < <(vpc 10.0.0.0/16 10.0.0.0/29)
shows "row 01: a subnet outside of its VPC" '\[subnet-outside-vpc\]' validate < <(vpc 10.0.0.0/16 10.1.0.0/24)
shows "row 01: overlapping subnets" '\[subnet-overlap\]' validate < <(vpc 10.0.0.0/16 10.0.0.0/24 10.0.0.128/25)
vpc 10.0.0.0/16 10.0.0.0/16 >"$work/whole.yaml"
holds "row 01: a subnet may be as large as the VPC" "$LABCTL" validate "$work/whole.yaml"
vpc 10.0.0.0/28 10.0.0.0/28 | up
holds "row 01: the smallest VPC works" on x ip route get 10.0.0.1

# Secondary networks are the VPC's as the first one: routed within, through the gateways, and refused where they overlap.
shows "row 01: a secondary network that overlaps the first" '\[vpc-networks\]' validate < <(vpc 10.0.0.0/16 10.0.0.0/24 | sed 's/^    subnets:/    cidrs: [10.0.128.0\/17]\n    subnets:/')
shows "row 01: nor is a /15 one of them" '\[vpc-size\]' validate < <(vpc 10.0.0.0/16 10.0.0.0/24 | sed 's/^    subnets:/    cidrs: [10.2.0.0\/15]\n    subnets:/')
up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    cidrs: [10.7.0.0/16, 192.168.0.0/20]
    internet_gateway: true
    subnets:
      a: { cidr: 10.0.1.0/24, route_table: out, public_ips: true }
      b: { cidr: 10.7.1.0/24, route_table: out, public_ips: true }
      c: { cidr: 192.168.1.0/24, route_table: in }
    route_tables:
      out: [ { destination: any4, target: internet_gateway } ]
      in: [ { destination: any4, target: nat_gateway/nat } ]
    nat_gateways: { nat: { subnet: a } }
    security_groups: { all: { ingress: [ { from: any } ] } }
nodes:
  x: { subnet: v/a, address: 10.0.1.10, security_groups: [all], services: { http: { port: 80 } } }
  y: { subnet: v/b, address: 10.7.1.10, security_groups: [all], public_ip: 198.51.100.20, services: { http: { port: 80 } } }
  z: { subnet: v/c, address: 192.168.1.10, security_groups: [all] }
  out: { internet: 203.0.113.200, services: { http: { port: 80 } } }
END
meets "row 01: from the first network to a secondary one" open x 10.7.1.10 80
meets "row 01: and back" open y 10.0.1.10 80
meets "row 01: between secondary ones" open z 10.7.1.10 80
meets "row 01: in from the internet to a secondary one" open out 198.51.100.20 80
meets "row 01: out through a NAT gateway in the first network" open z 203.0.113.200 80
meets "row 01: an address of a secondary network that nobody has" silent x 10.7.9.9 80
shows "row 01: the resolver is that of the first" '^10\.7\.1\.10$' on y dig +short +time=2 +tries=1 y.v.internal @10.0.0.2
