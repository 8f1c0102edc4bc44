#!/bin/bash
# Row 6: allow rules only, stateful, groups add up; no ingress rule = nothing in; no `egress` = everything out;
# `egress: []` = nothing out.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    subnets: { s: { cidr: 10.0.1.0/24 } }
    security_groups:
      http: { ingress: [ { protocol: tcp, ports: 80, from: any4 } ] }
      ssh: { ingress: [ { protocol: tcp, ports: "20-22", from: 10.0.1.10/32 } ] }
      echo: { ingress: [ { protocol: udp, ports: 7, from: any4 } ] }
      nothing: { ingress: [], egress: [] }
      out: { egress: [ { protocol: tcp, ports: 80, to: 10.0.1.20/32 } ] }
nodes:
  client: { subnet: v/s, address: 10.0.1.10, security_groups: [nothing, out] }
  other: { subnet: v/s, address: 10.0.1.11, security_groups: [echo] }
  web:
    subnet: v/s
    address: 10.0.1.20
    security_groups: [http, ssh, echo]
    services: { http: { port: 80 }, ssh: { kind: tcp, port: 22 }, alt: { kind: tcp, port: 81 }, echo: { kind: udp-echo } }
  mute:
    subnet: v/s
    address: 10.0.1.30
    security_groups: [nothing]
    services: { http: { port: 80 } }
  quiet:
    subnet: v/s
    address: 10.0.1.40
    security_groups: [nothing, http]
    services: { http: { port: 80 } }
END
meets "row 06: an allowed port is open" open other 10.0.1.20 80
meets "row 06: what no rule allows is not" silent other 10.0.1.20 81
meets "row 06: a rule for one address is not for another" silent other 10.0.1.20 22
meets "row 06: several groups add up (out by one, in by another)" open client 10.0.1.20 80
meets "row 06: egress rules bind" silent client 10.0.1.20 22
meets "row 06: no ingress rule: nothing in" silent other 10.0.1.30 80
meets "row 06: egress []: nothing out" silent mute 10.0.1.20 80
meets "row 06: the reply of an allowed flow passes a group without egress" open other 10.0.1.40 80
no_ping "row 06: a rule for tcp is not for icmp" other 10.0.1.20
# shellcheck disable=SC2016
shows "row 06: udp by its port" '^hello' on other bash -c 'exec 3<>/dev/udp/10.0.1.20/7; echo hello >&3; timeout 1 head -n 1 <&3'
