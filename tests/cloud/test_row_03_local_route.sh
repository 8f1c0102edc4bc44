#!/bin/bash
# Row 3: every table holds the local route; longest prefix wins, local wins over an equal prefix; it is overridden only by
# the CIDR of a whole subnet towards a node.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

bad() {
    printf 'lab: t\nvpcs:\n  v:\n    cidr: 10.0.0.0/16\n    subnets:\n      a: { cidr: 10.0.1.0/24, route_table: t }\n'
    printf '      b: { cidr: 10.0.2.0/24 }\n    route_tables: { t: [ { destination: %s, target: %s } ] }\n' "$1" "$2"
    echo 'nodes: { fw: { subnet: v/a, forwarding: true, source_dest_check: false } }'
}
shows "row 03: the local route cannot be replaced" '\[local-route\]' validate < <(bad 10.0.0.0/16 node/fw)
shows "row 03: nor overridden for a part of a subnet" '\[local-route\]' validate < <(bad 10.0.2.0/25 node/fw)
shows "row 03: nor for a subnet towards nothing" '\[local-route\]' validate < <(bad 10.0.2.0/24 blackhole)

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    subnets:
      a: { cidr: 10.0.1.0/24, route_table: wide }
      b: { cidr: 10.0.2.0/24, route_table: through }
      c: { cidr: 10.0.3.0/24 }
    route_tables:
      wide:
        - { destination: 10.0.0.0/8, target: blackhole }
        - { destination: 10.0.3.0/24, target: node/fw }
      through:
        - { destination: 10.0.1.0/24, target: node/fw }
    security_groups: { open: { ingress: [ { protocol: all, from: any4 } ] } }
nodes:
  x: { subnet: v/a, address: 10.0.1.10, security_groups: [open] }
  y: { subnet: v/b, address: 10.0.2.10, security_groups: [open] }
  z: { subnet: v/c, address: 10.0.3.10, security_groups: [open] }
  fw: { subnet: v/c, address: 10.0.3.20, security_groups: [open], forwarding: true, source_dest_check: false }
END
pings "row 03: local wins over a wider route" x 10.0.2.10
shows "row 03: a whole subnet goes through a middlebox" '^ 1  10\.0\.3\.20' on y traceroute -n -q 1 -w 1 10.0.1.10
shows "row 03: and only in the subnet whose table says so" '^ 1  10\.0\.1\.10' on z traceroute -n -q 1 -w 1 10.0.1.10
pings "row 03: the middlebox is no dead end" x 10.0.3.10
