#!/bin/bash
# Row 23: what a security group drops is dropped silently: a timeout, never "refused".
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    subnets: { s: { cidr: 10.0.1.0/24 } }
    security_groups:
      some: { ingress: [ { protocol: tcp, ports: [80, 81], from: any4 } ] }
      mute: { egress: [] }
nodes:
  client: { subnet: v/s, address: 10.0.1.10 }
  gagged: { subnet: v/s, address: 10.0.1.11, security_groups: [mute] }
  web: { subnet: v/s, address: 10.0.1.20, security_groups: [some], services: { http: { port: 80 } } }
END
meets "row 23: an allowed port with a service is open" open client 10.0.1.20 80
meets "row 23: an allowed port without one is refused by the machine" refused client 10.0.1.20 81
meets "row 23: a port that no rule allows is silent" silent client 10.0.1.20 82
meets "row 23: so is what may not leave" silent gagged 10.0.1.20 80
shows "row 23: no ICMP tells of it" '100% packet loss' on client ping -n -c 1 -W 1 10.0.1.20
fails "row 23: not even of the host" sh -c "\"$LABCTL\" --lab $lab exec client -- ping -n -c 1 -W 1 10.0.1.20 | grep -iE 'unreach|prohib|filter'"
meets "row 23: nor of an address that nobody has, in another subnet's range" silent client 10.0.77.7 80
