#!/bin/bash
# Row 11: neither security groups nor network ACLs filter traffic with the VPC's resolver.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    dns: { zone: v.test }
    subnets:
      shut: { cidr: 10.0.1.0/24, network_acl: shut }
      plain: { cidr: 10.0.2.0/24 }
    security_groups:
      mute: { ingress: [], egress: [] }
    network_acls:
      shut: { ingress: [], egress: [] }
nodes:
  web: { subnet: v/shut, address: 10.0.1.20, security_groups: [mute], services: { http: { port: 80 } } }
  mute: { subnet: v/plain, address: 10.0.2.20, security_groups: [mute], services: { http: { port: 80 } } }
  free: { subnet: v/plain, address: 10.0.2.30 }
END
shows "row 11: a group without rules lets the resolver be asked" '^10\.0\.2\.20$' on mute dig +short +time=2 +tries=1 mute.v.test @10.0.0.2
shows "row 11: an ACL without rules as well" '^10\.0\.1\.20$' on web dig +short +time=2 +tries=1 web.v.test @10.0.0.2
shows "row 11: by its link-local address" '^10\.0\.1\.20$' on web dig +short +time=2 +tries=1 web.v.test @169.254.169.253
shows "row 11: over TCP" '^10\.0\.1\.20$' on web dig +short +tcp +time=2 +tries=1 web.v.test @10.0.0.2
meets "row 11: they filter all else" silent web 10.0.2.20 80
meets "row 11: also what a free machine asks of it" silent free 10.0.1.20 80
fails "row 11: a resolver of one's own is filtered" on mute dig +short +time=1 +tries=1 web.v.test @10.0.2.30
