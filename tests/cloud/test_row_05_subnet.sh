#!/bin/bash
# Row 5: instances of a subnet are not on a shared wire: the router answers ARP, broadcast does not pass, security groups
# apply within a subnet; the router is no hop.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    subnets: { a: { cidr: 10.0.1.0/24 }, b: { cidr: 10.0.2.0/24 } }
    security_groups:
      open: { ingress: [ { protocol: all, from: any4 } ] }
      shut: { ingress: [] }
nodes:
  x: { subnet: v/a, address: 10.0.1.10, security_groups: [open] }
  y: { subnet: v/a, address: 10.0.1.11, security_groups: [open] }
  z: { subnet: v/b, address: 10.0.2.10, security_groups: [open] }
  shut: { subnet: v/a, address: 10.0.1.12, security_groups: [shut] }
END
pings "row 05: neighbours reach each other" x 10.0.1.11
on x ip neigh flush all nud permanent >/dev/null 2>&1
on x ip neigh del 10.0.1.1 dev eth0 >/dev/null 2>&1
on x ip neigh del 10.0.1.11 dev eth0 >/dev/null 2>&1
pings "row 05: the router answers ARP for a neighbour" x 10.0.1.11
router=$(on y ip neigh show 10.0.1.1 | sed -n 's/.*lladdr \([0-9a-f:]*\).*/\1/p')
shows "row 05: with its own MAC address" "lladdr $router " on x ip neigh show 10.0.1.11
pings "row 05: and for itself" x 10.0.1.1
shows "row 05: the TTL is unchanged within a subnet" 'ttl=64 ' on x ping -n -c 1 -W 1 10.0.1.11
shows "row 05: and between subnets" 'ttl=64 ' on x ping -n -c 1 -W 1 10.0.2.10
shows "row 05: a packet with TTL 1 arrives" ' 0% packet loss' on x ping -n -c 1 -W 1 -t 1 10.0.2.10
shows "row 05: the largest TTL stays a TTL" 'bytes from 10.0.2.10' on x ping -n -c 1 -W 1 -t 255 10.0.2.10
shows "row 05: the router is no hop of a traceroute" '^ 1  10\.0\.2\.10' on x traceroute -n -q 1 -w 1 10.0.2.10
no_ping "row 05: groups apply between two instances of one subnet" x 10.0.1.12
fails "row 05: broadcast does not pass" on x ping -n -b -c 1 -W 1 10.0.1.255
listen 2 y -Q in 'broadcast or multicast'
on x ping -n -b -c 2 -i 0.2 -W 1 10.0.1.255 >/dev/null 2>&1
on x ping -n -c 2 -i 0.2 -W 1 224.0.0.1 >/dev/null 2>&1
heard
cp "$work/heard" "$work/out"
! grep -q . "$work/heard" # tcpdump ends with an empty line
report "row 05: a neighbour hears no broadcast" $?
no_ping "row 05: an address that nobody has does not answer" x 10.0.1.99
