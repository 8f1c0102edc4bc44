#!/bin/bash
# as user
# Rows 17 and 18 in IPv6: peerings and transit gateways carry it as they carry IPv4.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  a:
    cidr: 10.0.0.0/16
    ipv6_cidr: "2001:db8:0:a00::/56"
    subnets:
      s: { cidr: 10.0.1.0/24, ipv6_cidr: "2001:db8:0:a01::/64", route_table: peers }
      g: { cidr: 10.0.2.0/24, ipv6_cidr: "2001:db8:0:a02::/64", route_table: gateway }
    route_tables:
      peers:
        - { destination: "2001:db8:0:b00::/56", target: peering/ab }
        - { destination: "2001:db8:0:c00::/56", target: peering/ab }
        - { destination: "2001:db8:0:f00::/56", target: peering/af }
      gateway: [ { destination: "2001:db8::/32", target: transit_gateway/hub } ]
    security_groups: { all: { ingress: [ { from: any } ] } }
  b:
    cidr: 10.1.0.0/16
    ipv6_cidr: "2001:db8:0:b00::/56"
    subnets:
      s: { cidr: 10.1.1.0/24, ipv6_cidr: "2001:db8:0:b01::/64", route_table: back }
      mute: { cidr: 10.1.2.0/24, ipv6_cidr: "2001:db8:0:b02::/64" }
    route_tables:
      back:
        - { destination: "2001:db8:0:a00::/56", target: peering/ab }
        - { destination: "2001:db8:0:c00::/56", target: peering/bc }
    security_groups:
      all: { ingress: [ { from: any } ] }
      friends: { ingress: [ { protocol: tcp, ports: 80, from: vpc/a/security_group/all } ] }
      foes: { ingress: [ { protocol: tcp, ports: 80, from: vpc/a/security_group/default } ] }
  c:
    cidr: 10.2.0.0/16
    ipv6_cidr: "2001:db8:0:c00::/56"
    subnets: { s: { cidr: 10.2.1.0/24, ipv6_cidr: "2001:db8:0:c01::/64", route_table: t } }
    route_tables:
      t:
        - { destination: "2001:db8:0:b00::/56", target: peering/bc }
        - { destination: "2001:db8:0:a00::/56", target: transit_gateway/hub }
        - { destination: "2001:db8:0:d00::/56", target: transit_gateway/hub }
    security_groups: { all: { ingress: [ { from: any } ] } }
  d:
    cidr: 10.3.0.0/16
    ipv6_cidr: "2001:db8:0:d00::/56"
    subnets: { s: { cidr: 10.3.1.0/24, ipv6_cidr: "2001:db8:0:d01::/64", route_table: main } }
    route_tables: { main: [ { destination: "2001:db8::/32", target: transit_gateway/hub } ] }
    security_groups: { all: { ingress: [ { from: any } ] } }
  four: { cidr: 10.4.0.0/16, subnets: { s: { cidr: 10.4.1.0/24 } } }
peerings: { ab: { between: [a, b] }, bc: { between: [b, c] }, af: { between: [a, four] } }
transit_gateways:
  hub:
    attachments: [a, c, d, four]
    route_tables:
      most:
        associations: [a, c]
        propagations: [a, c]
        routes: [ { destination: "2001:db8:0:d00::/56", target: d } ]
      few: { associations: [d], propagations: [a], routes: [ { destination: "2001:db8:0:c00::/56", target: blackhole } ] }
nodes:
  a: { subnet: a/s, security_groups: [all], services: { http: { port: 80 } } }
  ag: { subnet: a/g, security_groups: [all], services: { http: { port: 80 } } }
  b: { subnet: b/s, security_groups: [all], services: { http: { port: 80 } } }
  friend: { subnet: b/s, security_groups: [friends], services: { http: { port: 80 } } }
  foe: { subnet: b/s, security_groups: [foes], services: { http: { port: 80 } } }
  mute: { subnet: b/mute, security_groups: [all], services: { http: { port: 80 } } }
  c: { subnet: c/s, security_groups: [all], services: { http: { port: 80 } } }
  d: { subnet: d/s, security_groups: [all], services: { http: { port: 80 } } }
END
six() { # NODE: its IPv6 address
    on "$1" ip -6 -o addr show eth0 scope global | sed -n 's/.*inet6 \([^/]*\).*/\1/p'
}
meets "row 17: a peering carries IPv6 where both tables have routes" open a "$(six b)" 80
meets "row 17: the other way too" open b "$(six a)" 80
meets "row 17: without the route back there is no answer" silent a "$(six mute)" 80
meets "row 17: nor a way out" silent mute "$(six a)" 80
meets "row 17: not transitive" silent a "$(six c)" 80
meets "row 17: the next peering for itself" open b "$(six c)" 80
meets "row 17: nothing reaches a peer without IPv6" silent a 2001:db8:0:f01::10 80
meets "row 08: a group of the peer is meant in IPv6" open a "$(six friend)" 80
meets "row 08: and nobody else" silent a "$(six foe)" 80
fails "row 17: what a third VPC's address is sent from does not get through" on b sh -c \
    'ip -6 addr add 2001:db8:0:c01::99/128 dev lo nodad; ping -n -c 1 -W 1 -I 2001:db8:0:c01::99 '"$(six a)"
shows "row 17: a peering is no hop" "^ 1  $(six b)" on a traceroute -6 -n -q 1 -w 1 "$(six b)"

meets "row 18: a transit gateway carries IPv6: both propagate" open ag "$(six c)" 80
meets "row 18: and back" open c "$(six ag)" 80
meets "row 18: by a static route of the table" open ag "$(six d)" 80
meets "row 18: what the other table does not lead back has no answer" silent c "$(six d)" 80
meets "row 18: its blackhole" silent d "$(six c)" 80
meets "row 18: what it propagates" open d "$(six ag)" 80
shows "row 18: no hop" "^ 1  $(six c)" on ag traceroute -6 -n -q 1 -w 1 "$(six c)"
shows "row 18: more than its MTU is told of" 'mtu.?=.?8500|Packet too big' on ag ping -n -c 1 -W 1 -M "do" -s 8800 "$(six c)"
holds "row 17: the route goes" "$LABCTL" --lab "$lab" set vpc/b/route_table/back/0/target blackhole
meets "row 17: and the answer with it" silent a "$(six b)" 80
for pair in "a $(six b) 80" "ag $(six c) 80" "c $(six d) 80" "a $(six c) 80" "a $(six friend) 80" "a $(six foe) 80"; do
    # shellcheck disable=SC2086
    set -- $pair
    "$LABCTL" --lab "$lab" explain "$1" "[$2]:$3" >"$work/explained" 2>&1
    said=$?
    if [ "$(tcp "$1" "$2" "$3")" = open ]; then seen=0; else seen=1; fi
    holds "labctl explain says the same of $1 to $2" [ $said = $seen ]
done
