#!/bin/bash
# as user
# Row 14: a NAT gateway sends with its own public address, only outward; it follows the table of ITS subnet; `ports`
# narrows what it can do.  Row 15: it has no security group.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

topology() { # SUBNET PORTS
    cat <<END
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets:
      public: { cidr: 10.0.1.0/24, route_table: out }
      private: { cidr: 10.0.2.0/24, route_table: in }
    route_tables:
      out: [ { destination: 0.0.0.0/0, target: internet_gateway } ]
      in: [ { destination: 0.0.0.0/0, target: nat_gateway/nat } ]
    nat_gateways: { nat: { subnet: $1, public_ip: 203.0.113.77, ports: $2 } }
    security_groups: { all: { ingress: [ { protocol: all, from: any4 } ] } }
nodes:
  app: { subnet: v/private, address: 10.0.2.10, security_groups: [all], services: { http: { port: 80 } } }
  mate: { subnet: v/private, address: 10.0.2.11, security_groups: [all], services: { http: { port: 80 } } }
  out: { internet: 198.51.100.9, services: { http: { port: 80 }, hold: { kind: tcp, port: 9000 } } }
END
}
topology public 1024-65535 | up
meets "row 14: out through the gateway" open app 198.51.100.9 80
pings "row 14: ping too" app 198.51.100.9
listen 5 out -c 1 'tcp dst port 80'
tcp app 198.51.100.9 80 >/dev/null
heard
shows "row 14: with its own public address" 'IP 203\.0\.113\.77\.[0-9]+ > 198\.51\.100\.9\.80' cat "$work/heard"
meets "row 14: nobody reaches in through it" silent out 203.0.113.77 80
no_ping "row 14: nor it" out 203.0.113.77
meets "row 14: nor by a private address" silent out 10.0.2.10 80
meets "row 14: within the VPC nothing goes through it" open app 10.0.2.11 80
shows "row 14: it is a hop with its private address" '^ 1  10\.0\.1\.[0-9]+ ' on app traceroute -n -q 1 -w 1 198.51.100.9
meets "row 15: it needs no rule of a group" open mate 198.51.100.9 80

topology private 1024-65535 | up
meets "row 14: in a subnet without the internet gateway it does not work" silent app 198.51.100.9 80
no_ping "row 14: for no protocol" app 198.51.100.9

topology public 4000-4004 | up
# shellcheck disable=SC2016
shows "row 14: five ports are five flows to one destination" '^5 open$' on app bash -c '
    n=0
    for fd in 11 12 13 14 15 16 17; do
        if timeout 1 bash -c "exec 3<>/dev/tcp/198.51.100.9/9000; exec sleep 20 >/dev/null 2>&1 &" 2>/dev/null; then n=$((n + 1)); fi
    done
    echo "$n open"'
