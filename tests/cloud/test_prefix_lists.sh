#!/bin/bash
# Prefix lists: networks under one name, as peers of security group rules and as destinations of routes.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets: { s: { cidr: 10.0.1.0/24, public_ips: true, route_table: some } }
    prefix_lists:
      office: [198.51.100.0/24, 203.0.113.7]
      partners: [198.51.100.0/24, 203.0.113.0/24]
    route_tables: { some: [ { destination: prefix_list/partners, target: internet_gateway } ] }
    security_groups: { web: { ingress: [ { protocol: tcp, ports: 80, from: prefix_list/office } ] } }
nodes:
  web: { subnet: v/s, public_ip: 198.51.100.20, security_groups: [web], services: { http: { port: 80 } } }
  first: { internet: 198.51.100.99, services: { http: { port: 80 } } }
  second: { internet: 203.0.113.7 }
  stranger: { internet: 203.0.113.8, services: { http: { port: 80 } } }
  unrouted: { internet: 192.0.2.8, services: { http: { port: 80 } } }
END
put() { "$LABCTL" --lab "$lab" set "$@" >/dev/null; }
meets "prefix lists: an entry of the list gets in" open first 198.51.100.20 80
meets "prefix lists: another one too" open second 198.51.100.20 80
meets "prefix lists: who is in none does not" silent stranger 198.51.100.20 80
meets "prefix lists: a route to a list leads to each of its entries" open web 198.51.100.99 80
meets "prefix lists: to the second as well" open web 203.0.113.8 80
meets "prefix lists: and to nothing else" silent web 192.0.2.8 80
holds "prefix lists: the list gets an entry" put vpc/v/prefix_list/office/2 203.0.113.8
meets "prefix lists: rules that name it let that in" open stranger 198.51.100.20 80
holds "prefix lists: the routes' list gets one" put vpc/v/prefix_list/partners '[192.0.2.0/24]'
meets "prefix lists: and the routes lead there" open web 192.0.2.8 80
meets "prefix lists: no more to what it lost" silent web 203.0.113.8 80
