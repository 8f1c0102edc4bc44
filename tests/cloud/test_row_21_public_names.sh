#!/bin/bash
# Row 21: public names resolve even without an internet gateway; a private zone shadows the public one; the public name
# of an instance gives its private address inside its VPC and the public one everywhere else.  Row 11: what its resolver
# asks of others meets no group either.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END_OF_LAB'
lab: t
internet:
  zones:
    shop.test:
      www: web
      alias: { cname: www }
      cdn: { cname: ec2-198-51-100-10.compute.example }
      fixed: 198.51.100.10
      shop: 203.0.113.99
    corp.test: { intranet: 203.0.113.98, outside: 203.0.113.97 }
vpcs:
  main:
    cidr: 10.0.0.0/16
    dns: { zone: shop.internal }
    internet_gateway: true
    subnets: { pub: { cidr: 10.0.1.0/24, route_table: pub }, priv: { cidr: 10.0.2.0/24 } }
    route_tables: { pub: [ { destination: 0.0.0.0/0, target: internet_gateway } ] }
    security_groups: { nothing: { ingress: [], egress: [] } }
  same: # the same network, no internet gateway
    cidr: 10.0.0.0/16
    dns: { zone: corp.test }
    subnets: { all: { cidr: 10.0.1.0/24 } }
  plain:
    cidr: 10.5.0.0/16
    dns: { hostnames: false }
    internet_gateway: true
    subnets: { all: { cidr: 10.5.1.0/24, route_table: pub } }
    route_tables: { pub: [ { destination: 0.0.0.0/0, target: internet_gateway } ] }
  deaf:
    cidr: 10.6.0.0/16
    dns: { support: false }
    subnets: { all: { cidr: 10.6.1.0/24 } }
  friend:
    cidr: 10.7.0.0/16
    subnets: { all: { cidr: 10.7.1.0/24 } }
peerings: { to-friend: { between: [main, friend], dns: true } }
nodes:
  peer: { subnet: friend/all }
  web: { subnet: main/pub, public_ip: 198.51.100.10, address: 10.0.1.10 }
  db: { subnet: main/priv, security_groups: [nothing] }
  intranet: { subnet: same/all, address: 10.0.1.10 }
  nameless: { subnet: plain/all, public_ip: 198.51.100.20, address: 10.5.1.10 }
  mute: { subnet: deaf/all }
  visitor: { internet: 203.0.113.200 }
END_OF_LAB
ask() { # NODE ARGUMENTS...
    local node=$1
    shift
    on "$node" dig +short +time=3 +tries=2 "$@"
}
public=ec2-198-51-100-10.compute.example
shows "row 21: outside, the public name gives the public address" '^198\.51\.100\.10$' ask visitor $public
shows "row 21: inside, the private one" '^10\.0\.1\.10$' ask db $public
shows "row 21: in another VPC, the public one" '^198\.51\.100\.10$' ask intranet $public
shows "row 21: across a peering with dns: true, the private one" '^10\.0\.1\.10$' ask peer $public
shows "row 21: and what leads there" '^10\.0\.1\.10$' ask peer cdn.shop.test
shows "row 21: a CNAME to it, outside" '^198\.51\.100\.10$' ask visitor cdn.shop.test
shows "row 21: and inside" '^10\.0\.1\.10$' ask db cdn.shop.test
shows "row 21: a record that names the node, outside" '^198\.51\.100\.10$' ask visitor alias.shop.test
shows "row 21: and inside" '^10\.0\.1\.10$' ask db alias.shop.test
shows "row 21: an address that is written stays as it is" '^198\.51\.100\.10$' ask db fixed.shop.test
shows "row 21: without an internet gateway names of the internet resolve" '^203\.0\.113\.99$' ask intranet shop.shop.test
shows "row 21: over TCP" '^203\.0\.113\.99$' ask intranet +tcp shop.shop.test
shows "row 11: whatever the groups say" '^203\.0\.113\.99$' ask db shop.shop.test
no_ping "row 21: which opens no way to the resolver" db 203.0.113.53
no_ping "row 21: nor in a VPC without gateway" intranet 203.0.113.53
fails "row 21: nor asks it" on intranet dig +time=1 +tries=1 @203.0.113.53 shop.shop.test
shows "row 21: the private zone shadows the public one" '^10\.0\.1\.10$' ask intranet intranet.corp.test
shows "row 21: wholly" 'status: NXDOMAIN' on intranet dig +time=3 outside.corp.test
shows "row 21: for the VPC that has it, and no other" '^203\.0\.113\.98$' ask db intranet.corp.test
shows "row 21: backwards outside" "^$public\\.\$" ask visitor -x 198.51.100.10
shows "row 21: private addresses backwards stay inside" 'status: NXDOMAIN' on intranet dig +time=3 -x 10.9.9.9
shows "row 21: hostnames: false: no public name" 'status: NXDOMAIN' on visitor dig +time=3 ec2-198-51-100-20.compute.example
shows "row 21: dig +trace walks from an instance" "^$public\\..*A.*198\\.51\\.100\\.10" on web dig +time=3 +trace $public
fails "row 21: support: false: no resolver, no names" on mute dig +time=1 +tries=1 @10.6.0.2 shop.shop.test
