#!/bin/bash
# as user
# Row 16: an idle TCP flow through a NAT gateway is forgotten after its timeout; a later packet from inside gets a RST.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
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
    nat_gateways: { nat: { subnet: public, idle_timeout: 2s } }
nodes:
  app: { subnet: v/private }
  out: { internet: 198.51.100.9, services: { tcp-echo: { port: 7 } } }
END
# A line, a pause, a line: what comes back.
# shellcheck disable=SC2016
talk='exec 3<>/dev/tcp/198.51.100.9/7; echo one >&3; read -r -t 2 a <&3; read -r -t "$0" _ <&3; echo two >&3; read -r -t 2 b <&3; echo "$a $b"'
shows "row 16: a flow that is used lives on" '^one two$' on app bash -c "$talk" 1
shows "row 16: an idle one is forgotten" '^one $' on app bash -c "$talk" 4
shows "row 16: and a later packet gets a RST" 'reset by peer' on app bash -c "$talk" 4
shows "row 16: a new flow is let through" '^one two$' on app bash -c "$talk" 1
