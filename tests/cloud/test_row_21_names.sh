#!/bin/bash
# Row 21: the VPC's resolver knows NODE.ZONE and ip-10-0-1-10.ZONE; `support: false` = no resolver.  Row 11: no group
# filters what goes to it.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    dns: { zone: shop.internal }
    subnets: { s: { cidr: 10.0.1.0/24 } }
    security_groups: { nothing: { ingress: [], egress: [] } }
  w:
    cidr: 10.0.0.0/16
    dns: { support: false }
    subnets: { s: { cidr: 10.0.1.0/24 } }
  plain:
    cidr: 10.5.0.0/16
    subnets: { s: { cidr: 10.5.1.0/24 } }
nodes:
  web: { subnet: v/s, address: 10.0.1.10 }
  db: { subnet: v/s, address: 10.0.1.20 }
  shut: { subnet: v/s, security_groups: [nothing] }
  mute: { subnet: w/s, address: 10.0.1.10 }
  one: { subnet: plain/s, address: 10.5.1.7 }
END
answer() { # NODE ARGUMENTS...
    local node=$1
    shift
    on "$node" dig +short +time=1 +tries=1 "$@"
}
shows "row 21: a node's name" '^10\.0\.1\.20$' answer web db.shop.internal
shows "row 21: the name of an address" '^10\.0\.1\.20$' answer web ip-10-0-1-20.shop.internal
shows "row 21: the search list leads there" '^10\.0\.1\.20$' answer web +search db
shows "row 21: backwards" '^db\.shop\.internal\.$' answer web -x 10.0.1.20
shows "row 21: what nobody is called does not exist" 'status: NXDOMAIN' on web dig +time=1 +tries=1 nobody.shop.internal
shows "row 21: over TCP as well" '^10\.0\.1\.20$' answer web +tcp db.shop.internal
shows "row 21: the zone is called after the VPC where none is given" '^10\.5\.1\.7$' answer one one.plain.internal
shows "row 21: another VPC's names are not known" 'status: (NXDOMAIN|REFUSED)' on one dig +time=1 +tries=1 db.shop.internal
shows "row 11: no security group filters the resolver" '^10\.0\.1\.20$' answer shut db.shop.internal
fails "row 21: support: false: no resolver" on mute dig +short +time=1 +tries=1 @10.0.0.2 mute.w.internal
fails "row 21: and none in resolv.conf" on mute grep -q nameserver /etc/resolv.conf
