#!/bin/bash
# as user
# Row 10: network ACLs filter at the subnet's border only; stateless; rules by ascending number, the first that matches
# decides; what matches none is denied; a declared direction without rules denies all.  A subnet without one has the
# default ACL.  ICMP errors must be allowed explicitly.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    internet_gateway: true
    route_tables: { out: [ { destination: any4, target: internet_gateway } ] }
    subnets:
      open: { cidr: 10.0.1.0/24, route_table: out, public_ips: true }
      data: { cidr: 10.0.2.0/24, network_acl: data }
      shut: { cidr: 10.0.3.0/24, network_acl: shut }
      oneway: { cidr: 10.0.4.0/24, network_acl: oneway }
      edge: { cidr: 10.0.5.0/24, route_table: out, public_ips: true, network_acl: edge }
      half: { cidr: 10.0.6.0/24, network_acl: half }
    security_groups:
      all: { ingress: [ { from: any } ] }
    network_acls:
      data:
        ingress:
          # out of order: the numbers count
          - { rule: 300, action: allow, protocol: tcp, ports: [80, 81], from: 10.0.0.0/16 }
          - { rule: 100, action: deny, protocol: tcp, ports: 81, from: any4 }
          - { rule: 110, action: deny, protocol: tcp, from: 10.0.1.66 }
          - { rule: 200, action: allow, protocol: tcp, ports: 80, from: 10.0.1.66 }
          - { rule: 400, action: allow, protocol: icmp, icmp_type: echo-request, from: 10.0.1.0/24 }
        egress:
          - { rule: 100, action: allow, protocol: tcp, ports: 1024-65535, to: 10.0.0.0/16 }
          - { rule: 110, action: allow, protocol: icmp, icmp_type: echo-reply, to: any4 }
      shut: { ingress: [], egress: [] }
      oneway:
        ingress: [ { rule: 1, action: allow, protocol: tcp, ports: 80, from: any } ]
        egress: []
      half:
        ingress: [ { rule: 1, action: allow, protocol: tcp, ports: 80, from: any } ]
      edge:
        ingress: [ { rule: 100, action: allow, protocol: tcp, from: any4 } ]
        egress: [ { rule: 100, action: allow, to: any4 } ]
nodes:
  client: { subnet: v/open, address: 10.0.1.10, security_groups: [all] }
  other: { subnet: v/open, address: 10.0.1.66, security_groups: [all] }
  db: { subnet: v/data, address: 10.0.2.20, security_groups: [all], services: { a: { kind: http, port: 80 }, b: { kind: http, port: 81 }, echo: { kind: tcp-echo } } }
  near: { subnet: v/data, address: 10.0.2.21, security_groups: [all] }
  dark: { subnet: v/shut, address: 10.0.3.20, security_groups: [all], services: { http: { port: 80 } } }
  twin: { subnet: v/shut, address: 10.0.3.21, security_groups: [all] }
  deaf: { subnet: v/oneway, address: 10.0.4.20, security_groups: [all], services: { http: { port: 80 } } }
  free: { subnet: v/half, address: 10.0.6.20, security_groups: [all], services: { http: { port: 80 } } }
END
meets "row 10: what an ACL allows passes" open client 10.0.2.20 80
meets "row 10: a lower number decides first" silent client 10.0.2.20 81
meets "row 10: what matches no rule is denied, whatever the group says" silent client 10.0.2.20 82
meets "row 10: an address that an earlier rule denies" silent other 10.0.2.20 80
meets "row 10: inside the subnet an ACL filters nothing" open near 10.0.2.20 81
pings "row 10: a type of ICMP that is allowed, and its answer" client 10.0.2.20
no_ping "row 10: the ACL is stateless: no way out for the question of the other side" near 10.0.1.10
meets "row 10: empty directions let nothing in" silent client 10.0.3.20 80
meets "row 10: nor out" silent dark 10.0.2.20 80
meets "row 10: but within the subnet" open twin 10.0.3.20 80
meets "row 10: stateless: the answer needs a rule of its own" silent client 10.0.4.20 80
listen 3 deaf 'tcp and dst port 80' -c 1
tcp client 10.0.4.20 80 >/dev/null
heard
shows "row 10: the question did arrive" 'Flags \[S\]' cat "$work/heard"
meets "row 10: a direction that is not declared lets all pass" open client 10.0.6.20 80


# Changes act at once, on flows that stand as well, and on no other.
set_rule() { "$LABCTL" --lab "$lab" set "$@" >/dev/null; }
holds "row 10: a rule opens the echo port" set_rule vpc/v/network_acl/data/ingress/5 '{ rule: 50, action: allow, protocol: tcp, ports: 7, from: [10.0.1.10, 10.0.1.66] }'
hold one client 10.0.2.20 7
hold two other 10.0.2.20 7
flow "row 10: a flow stands" answers one
flow "row 10: and another" answers two
holds "row 10: a rule with a lower number shuts one of them out" set_rule vpc/v/network_acl/data/ingress/6 '{ rule: 40, action: deny, protocol: tcp, ports: 7, from: 10.0.1.66 }'
flow "row 10: it is cut at once, though it was allowed before" silent two
flow "row 10: the other one lives on" answers one
holds "row 10: no way out for the answers" set_rule vpc/v/network_acl/data/egress '[]'
flow "row 10: that cuts it as well" silent one

# ICMP errors: a link of 1,300 bytes in the middle of the way, a page of many packets, and an ACL that knows TCP only.
page=$(printf 'x%.0s' {1..20000})
up <<END
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets: { s: { cidr: 10.0.1.0/24, public_ips: true, network_acl: web } }
    route_tables: { main: [ { destination: any4, target: internet_gateway } ] }
    security_groups: { web: { ingress: [ { protocol: tcp, ports: 80, from: any4 } ] } }
    network_acls:
      web:
        ingress: [ { rule: 100, action: allow, protocol: tcp, from: any4 } ]
        egress: [ { rule: 100, action: allow, protocol: tcp, to: any4 } ]
links: { narrow: { mtu: 1300 } }
nodes:
  web: { subnet: v/s, public_ip: 198.51.100.20, security_groups: [web], services: { http: { port: 80, body: "$page" } } }
  isp:
    forwarding: true
    interfaces: { core0: { internet: 203.0.113.2 }, home0: { link: narrow, address: 100.64.0.1/30 } }
    nat: { masquerade: [core0] }
    routes: [ { destination: 192.168.1.0/24, via: 100.64.0.2 } ]
  router:
    forwarding: true
    interfaces:
      wan0: { link: narrow, address: 100.64.0.2/30, gateway: 100.64.0.1 }
      lan0: { link: lan, address: 192.168.1.1/24 }
  home: { link: lan, address: 192.168.1.10/24, gateway: 192.168.1.1 }
END
# shellcheck disable=SC2016
fetch() { on home timeout 3 bash -c 'exec 3<>/dev/tcp/198.51.100.20/80; printf "GET / HTTP/1.0\r\n\r\n" >&3; exec timeout 2 wc -c <&3'; }
meets "row 10: a connection by small packets" open home 198.51.100.20 80
fails "row 10: without the ICMP error path MTU discovery dies: large ones never arrive" fetch
holds "row 10: it is allowed" set_rule vpc/v/network_acl/web/ingress/1 '{ rule: 200, action: allow, protocol: icmp, icmp_type: destination-unreachable, icmp_code: 4, from: any4 }'
shows "row 10: the group lets the error of a tracked flow pass by itself, and the page arrives" '^20[0-9]{3}$' fetch

# A flow that an ACL let pass before is no excuse: its way changes, through a machine whose subnet's ACL denies it.
up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    subnets:
      a: { cidr: 10.0.1.0/24, route_table: way, network_acl: plain }
      b: { cidr: 10.0.2.0/24, network_acl: plain }
      mid: { cidr: 10.0.3.0/24, network_acl: mid }
    route_tables: { way: [] }
    security_groups: { all: { ingress: [ { from: any } ] } }
    network_acls:
      plain: { ingress: [ { rule: 1, action: allow, from: any } ], egress: [ { rule: 1, action: allow, to: any } ] }
      mid: { ingress: [ { rule: 1, action: deny, protocol: tcp, ports: 7, from: any }, { rule: 2, action: allow, from: any } ] }
nodes:
  x: { subnet: v/a, address: 10.0.1.10, security_groups: [all] }
  y: { subnet: v/b, address: 10.0.2.10, security_groups: [all], services: { echo: { kind: tcp-echo } } }
  fw: { subnet: v/mid, address: 10.0.3.10, security_groups: [all], forwarding: true, source_dest_check: false }
END
hold way x 10.0.2.10 7
flow "row 10: a flow between two subnets" answers way
flow "row 10: goes on" answers way
holds "row 10: its way leads through a third subnet" set_rule vpc/v/route_table/way '[ { destination: 10.0.2.0/24, target: node/fw } ]'
flow "row 10: whose ACL denies it" silent way
holds "row 10: that ACL allows it" set_rule vpc/v/network_acl/mid/ingress/0/action allow
flow "row 10: it goes on" answers way
flow "row 10: and on" answers way
holds "row 10: and denies it again" set_rule vpc/v/network_acl/mid/ingress/0/action deny
flow "row 10: which cuts it at once" silent way
