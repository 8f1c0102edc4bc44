#!/bin/bash
# Row 24: 9001 inside a VPC, 1500 to the internet; path MTU discovery works unless somebody breaks it.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets: { a: { cidr: 10.0.1.0/24, public_ips: true }, b: { cidr: 10.0.2.0/24, route_table: nat } }
    route_tables:
      main: [ { destination: any4, target: internet_gateway } ]
      nat: [ { destination: any4, target: nat_gateway/nat } ]
    nat_gateways: { nat: { subnet: a } }
    security_groups: { open: { ingress: [ { protocol: icmp, icmp_type: echo-request, from: any }, { protocol: tcp, from: any } ] } }
nodes:
  x: { subnet: v/a, address: 10.0.1.10, security_groups: [open] }
  y: { subnet: v/b, address: 10.0.2.10, security_groups: [open] }
  small: { subnet: v/b, address: 10.0.2.20, mtu: 1400, security_groups: [open] }
  out: { internet: 203.0.113.200 }
END
full() { on "$1" ping -n -c 1 -W 1 -M "do" -s "$(($3 - 28))" "$2"; }
shows "row 24: an instance has 9001" 'mtu 9001 ' on x ip link show eth0
shows "row 24: a machine at the internet 1500" 'mtu 1500 ' on out ip link show eth0
holds "row 24: 9001 bytes within the VPC" full x 10.0.2.10 9001
fails "row 24: not one more" full x 10.0.2.10 9002
holds "row 24: 1500 to the internet" full x 203.0.113.200 1500
shows "row 24: more is told of, by the router" 'From 10\.0\.1\.1 .*(mtu = 1500|message too long)|mtu=1500' full x 203.0.113.200 1501
holds "row 24: and remembered" sh -c "\"$LABCTL\" --lab $lab exec x -- ip route get 203.0.113.200 | grep -q 'mtu 1500'"
shows "row 24: through a NAT gateway as well" '(mtu = 1500|mtu=1500)' full y 203.0.113.200 1501
holds "row 24: 1500 passes it" full y 203.0.113.200 1500
shows "row 24: a smaller MTU inside is found too" '(mtu = 1400|mtu=1400)' full x 10.0.2.20 1401
holds "row 24: from outside 1500 come in" full out "$(on x ip -br addr >/dev/null; "$LABCTL" --lab "$lab" --format json inspect | grep -o '"public_ip": "[0-9.]*"' | head -n 1 | cut -d '"' -f 4)" 1500

sed 's/^lab: t/lab: t\ndefaults: { mtu: 1500 }/' "$work/lab.yaml" >"$work/low.yaml"
holds "row 24: defaults can say 1500" "$LABCTL" --lab "$lab" apply "$work/low.yaml"
shows "row 24: then an instance has it" 'mtu 1500 ' on x ip link show eth0
