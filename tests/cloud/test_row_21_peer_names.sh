#!/bin/bash
# Row 21, across a peering: with `dns: true` the public name of a peer's instance gives its private address; without, the
# public one.  Row 22: private DNS takes over the public names that lead to the service.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  main:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets: { s: { cidr: 10.0.1.0/24, route_table: t, public_ips: true } }
    route_tables:
      t:
        - { destination: 10.1.0.0/16, target: peering/with }
        - { destination: 0.0.0.0/0, target: internet_gateway }
    security_groups: { web: { ingress: [ { protocol: tcp, ports: 80, from: vpc/dev/security_group/client } ] } }
  dev:
    cidr: 10.1.0.0/16
    internet_gateway: true
    subnets: { s: { cidr: 10.1.1.0/24, route_table: t, public_ips: true } }
    route_tables:
      t:
        - { destination: 10.0.0.0/16, target: peering/with }
        - { destination: 0.0.0.0/0, target: internet_gateway }
    security_groups: { client: { ingress: [] } }
    endpoints:
      store: { type: interface, service: store, subnets: [s], security_groups: [default], private_dns: true }
  other:
    cidr: 10.2.0.0/16
    subnets: { s: { cidr: 10.2.1.0/24 } }
peerings:
  with: { between: [main, dev], dns: true }
  without: { between: [main, other] }
services: { store: { nodes: [store], port: 80 } }
internet:
  zones:
    shop.test: { www: { cname: ec2-198-51-100-10.compute.example }, direct: web }
    cloud.test: { store: 203.0.113.80, elsewhere: 203.0.113.81 }
nodes:
  web: { subnet: main/s, address: 10.0.1.10, public_ip: 198.51.100.10, security_groups: [web], services: { http: {} } }
  dev: { subnet: dev/s, security_groups: [client, default] }
  other: { subnet: other/s }
  visitor: { internet: 203.0.113.9, resolver: { servers: [203.0.113.53] } }
  store: { internet: 203.0.113.80, services: { http: {} } }
END
asks() { # NODE NAME
    on "$1" dig +short +time=2 +tries=2 "$2" | tail -n 1
}
public=ec2-198-51-100-10.compute.example
shows "row 21: with dns a peer gets the private address" '^10\.0\.1\.10$' asks dev $public
shows "row 21: without the public one" '^198\.51\.100\.10$' asks other $public
shows "row 21: as anybody does" '^198\.51\.100\.10$' asks visitor $public
shows "row 21: what leads to the name follows it" '^10\.0\.1\.10$' asks dev www.shop.test
shows "row 21: and a record of the node" '^10\.0\.1\.10$' asks dev direct.shop.test
shows "row 08: so the group of the peer counts for the name" '^web$' on dev curl -s -m 2 http://www.shop.test/
shows "row 22: private DNS takes over a public name of the service" '^10\.1\.1\.' asks dev store.cloud.test
shows "row 22: in that VPC only" '^203\.0\.113\.80$' asks other store.cloud.test
shows "row 22: and no other name" '^203\.0\.113\.81$' asks dev elsewhere.cloud.test
holds "row 21: dns is taken away" "$LABCTL" --lab "$lab" set peering/with/dns false
shows "row 21: and the answer is the public address" '^198\.51\.100\.10$' asks dev $public
