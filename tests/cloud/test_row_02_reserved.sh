#!/bin/bash
# Row 2: the first four addresses of a subnet and the last are reserved; the router is base+1 of the subnet, the resolver
# base+2 of the VPC, wherever the subnet, and 169.254.169.253.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

for last in 0 1 2 3 255; do
    shows "row 02: 10.0.5.$last is reserved" 'is reserved in subnet .far. \[reserved-address\]' validate <<END
lab: t
vpcs: { v: { cidr: 10.0.0.0/16, subnets: { far: { cidr: 10.0.5.0/24 } } } }
nodes: { x: { subnet: v/far, address: 10.0.5.$last } }
END
done
up <<'END'
lab: t
vpcs: { v: { cidr: 10.0.0.0/16, subnets: { far: { cidr: 10.0.5.0/24 }, tiny: { cidr: 10.0.6.0/28 } } } }
nodes:
  x: { subnet: v/far }
  a: { subnet: v/tiny }
  b: { subnet: v/tiny }
  c: { subnet: v/tiny }
END
shows "row 02: the router is base+1 of the subnet" '^default via 10\.0\.5\.1 ' on x ip route
holds "row 02: the resolver answers at base+2 of the VPC" on x dig +time=1 +tries=1 @10.0.0.2 x.v.internal
holds "row 02: and at 169.254.169.253" on x dig +time=1 +tries=1 @169.254.169.253 x.v.internal
shows "row 02: instances are told of it" '^nameserver 10\.0\.0\.2$' on x cat /etc/resolv.conf
for node in a b c; do
    shows "row 02: an allotted address is not reserved ($node)" 'inet 10\.0\.6\.([4-9]|1[0-4])/28' on "$node" ip -4 addr show eth0
done

# Gateways use up addresses of their subnet: a /28 has eleven.
tiny() { # INSTANCES
    printf 'lab: t\nvpcs:\n  v:\n    cidr: 10.0.0.0/16\n    internet_gateway: true\n'
    printf '    subnets: { tiny: { cidr: 10.0.6.0/28 } }\n    nat_gateways: { nat: { subnet: tiny } }\n'
    printf '    route_tables: { main: [ { destination: any4, target: internet_gateway } ] }\nnodes:\n'
    for ((i = 0; i < $1; i++)); do echo "  n$i: { subnet: v/tiny }"; done
}
tiny 10 >"$work/ten.yaml"
holds "row 02: ten instances and a NAT gateway fill a /28" "$LABCTL" validate "$work/ten.yaml"
shows "row 02: there is no place for one more" '\[no-free-address\]' validate < <(tiny 11)
