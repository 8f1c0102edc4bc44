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
