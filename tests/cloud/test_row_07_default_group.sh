#!/bin/bash
# Row 7: an interface without groups is in the default one: in from the same group, everything out.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    subnets: { s: { cidr: 10.0.1.0/24 } }
    security_groups: { web: { ingress: [ { protocol: tcp, ports: 80, from: any4 } ] } }
nodes:
  x: { subnet: v/s, services: { http: { port: 80 } } }
  y: { subnet: v/s }
  web: { subnet: v/s, security_groups: [web], services: { http: { port: 80 } } }
END
meets "row 07: members reach each other" open y x 80
pings "row 07: by every protocol" x y
meets "row 07: others do not reach them" silent web x 80
no_ping "row 07: by no protocol" web y
meets "row 07: everything out" open y web 80

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    subnets: { s: { cidr: 10.0.1.0/24 } }
    security_groups: { default: { ingress: [ { protocol: tcp, ports: 81, from: any4 } ] } }
nodes:
  x: { subnet: v/s, services: { a: { kind: tcp, port: 80 }, b: { kind: tcp, port: 81 } } }
  y: { subnet: v/s }
END
meets "row 07: a declared default group is the default group" open y x 81
meets "row 07: and nothing else holds" silent y x 80
