#!/bin/bash
# as user
# Row 25: IPv6: no NAT; an internet gateway routes; an egress-only gateway lets out and nothing in.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    ipv6_cidr: "2001:db8:12:3400::/56"
    internet_gateway: true
    egress_only_gateway: true
    dns: { zone: v.test }
    subnets:
      public: { cidr: 10.0.1.0/24, ipv6_cidr: "2001:db8:12:3401::/64", route_table: out }
      inner: { cidr: 10.0.2.0/24, ipv6_cidr: "2001:db8:12:3402::/64", route_table: once }
      alone: { cidr: 10.0.3.0/24, ipv6_cidr: "2001:db8:12:3403::/64" }
      guarded: { cidr: 10.0.4.0/24, ipv6_cidr: "2001:db8:12:3404::/64", route_table: out, network_acl: guard }
      old: { cidr: 10.0.5.0/24, ipv6_cidr: false, route_table: out }
    route_tables:
      out: [ { destination: any6, target: internet_gateway } ]
      once: [ { destination: any6, target: egress_only_gateway } ]
    security_groups:
      all: { ingress: [ { from: any } ] }
      four: { ingress: [ { from: any4 } ] }
      six: { ingress: [ { protocol: tcp, ports: 80, from: any6 } ] }
      member: { ingress: [ { protocol: tcp, ports: 80, from: security_group/member } ] }
    network_acls:
      guard:
        ingress:
          - { rule: 10, action: deny, protocol: tcp, ports: 81, from: any6 }
          - { rule: 20, action: allow, protocol: tcp, from: "2001:db8:12:3400::/56" }
          - { rule: 30, action: allow, protocol: icmpv6, icmp_type: echo-request, from: any6 }
        egress: [ { rule: 10, action: allow, to: any6 } ]
nodes:
  web: { subnet: v/public, addresses: ["2001:db8:12:3401::10"], security_groups: [all], services: { http: { port: 80 } } }
  four: { subnet: v/public, addresses: ["2001:db8:12:3401::11"], security_groups: [four], services: { http: { port: 80 } } }
  six: { subnet: v/public, addresses: ["2001:db8:12:3401::12"], security_groups: [six], services: { http: { port: 80 } } }
  mate: { subnet: v/public, addresses: ["2001:db8:12:3401::13"], security_groups: [member], services: { http: { port: 80 } } }
  friend: { subnet: v/inner, security_groups: [member] }
  app:
    subnet: v/inner
    addresses: ["2001:db8:12:3402::10"]
    security_groups: [all]
    services: { http: { port: 80 }, echo: { kind: udp-echo } }
  lone: { subnet: v/alone, addresses: ["2001:db8:12:3403::10"], security_groups: [all], services: { http: { port: 80 } } }
  safe:
    subnet: v/guarded
    addresses: ["2001:db8:12:3404::10"]
    security_groups: [all]
    services: { a: { kind: http, port: 80 }, b: { kind: http, port: 81 } }
  old: { subnet: v/old, security_groups: [all] }
  out: { internet: 203.0.113.200, addresses: ["2001:db8:9::200"], services: { http: { port: 80 } } }
  other: { internet: true }
END
out=2001:db8:9::200
meets "row 25: out by the internet gateway" open web $out 80
meets "row 25: and in" open out 2001:db8:12:3401::10 80
listen 5 out 'tcp dst port 80' -c 1
tcp web $out 80 >/dev/null
heard
shows "row 25: with its own address: nothing is translated" 'IP6 2001:db8:12:3401::10\.[0-9]+ > 2001:db8:9::200\.80' cat "$work/heard"
meets "row 25: out by the egress-only gateway" open app $out 80
holds "row 25: ping too" on app ping -n -c 1 -W 2 $out
meets "row 25: nothing in by it" silent out 2001:db8:12:3402::10 80
fails "row 25: no ping" on out ping -n -c 1 -W 1 2001:db8:12:3402::10
# shellcheck disable=SC2016
fails "row 25: no datagram is answered" on out bash -c 'exec 3<>/dev/udp/2001:db8:12:3402::10/7; echo hello >&3; timeout 1 head -n 1 <&3 | grep hello'
meets "row 25: a table without a route: no way out" silent lone $out 80
meets "row 25: nor in" silent out 2001:db8:12:3403::10 80
meets "row 25: within the VPC by the local route" open lone 2001:db8:12:3402::10 80
meets "row 25: within one subnet" open web 2001:db8:12:3401::12 80
shows "row 25: the router is no hop" '^ 1  2001:db8:12:3402::10' on lone traceroute -6 -n -q 1 -w 1 2001:db8:12:3402::10
shows "row 25: the internet is" '^ 1  2001:db8:ffff::1' on web traceroute -6 -n -q 1 -w 1 $out
meets "row 25: a group's rule for IPv4 is not for IPv6" silent web 2001:db8:12:3401::11 80
meets "row 25: one for IPv6 is" open out 2001:db8:12:3401::12 80
fails "row 25: and not for other protocols" on web ping -n -c 1 -W 1 2001:db8:12:3401::12
meets "row 25: a reference to a group means IPv6 addresses too" open friend 2001:db8:12:3401::13 80
meets "row 25: of nobody else" silent web 2001:db8:12:3401::13 80
meets "row 25: an ACL lets in what it allows" open web 2001:db8:12:3404::10 80
meets "row 25: by its numbers" silent web 2001:db8:12:3404::10 81
meets "row 25: and by address" silent out 2001:db8:12:3404::10 80
holds "row 25: types of ICMPv6" on out ping -n -c 1 -W 2 2001:db8:12:3404::10
shows "row 25: an instance has its address alone" 'inet6 2001:db8:12:3401::10/128' on web ip -6 addr show eth0
shows "row 25: and the router for all else" '^default via 2001:db8:12:3401::1 dev eth0' on web ip -6 route
shows "row 25: an address that is not declared is that of IPv4 in the subnet's /64" 'inet6 2001:db8:12:3402::a00:2' on friend ip -6 addr show eth0
fails "row 25: a subnet without IPv6 has none" on old sh -c 'ip -6 addr show eth0 | grep global'
shows "row 25: the resolver knows it" '^2001:db8:12:3401::10$' on web dig +short +time=2 +tries=1 AAAA web.v.test @10.0.0.2
shows "row 25: machines on the internet have IPv6 as well" 'inet6 2001:db8:ffff::' on other ip -6 addr show eth0
meets "row 25: and reach each other" open other $out 80
fails "row 25: an address that is not one's own is nothing to send from" on web sh -c 'ip -6 addr add 2001:db8:12:3401::99/128 dev lo nodad; ping -n -c 1 -W 1 -I 2001:db8:12:3401::99 2001:db8:12:3402::10'
shows "row 25: more than 1500 bytes to the internet is told of" 'mtu.?=.?1500|Packet too big' on web ping -n -c 1 -W 1 -M "do" -s 1500 $out
put() { "$LABCTL" --lab "$lab" set "$@" >/dev/null; }
holds "row 25: the table leads to the internet gateway now" put vpc/v/route_table/once/0/target internet_gateway
meets "row 25: and there is a way in" open out 2001:db8:12:3402::10 80

# Allotted networks are functions of names: the same file gives the same ones.
printf 'lab: t\nvpcs:\n  v: { cidr: 10.0.0.0/16, ipv6_cidr: true, subnets: { a: { cidr: 10.0.1.0/24 } } }\nnodes: { x: { subnet: v/a } }\n' >"$work/allotted.yaml"
shows "row 01: an allotted /56, and a /64 of it" 'address 2001:db8:[0-9a-f:]+/128 dev eth0' "$LABCTL" plan "$work/allotted.yaml"
"$LABCTL" plan "$work/allotted.yaml" >"$work/once" && "$LABCTL" plan "$work/allotted.yaml" >"$work/twice"
holds "row 01: the same twice" cmp "$work/once" "$work/twice"
