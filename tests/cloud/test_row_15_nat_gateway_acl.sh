#!/bin/bash
# as user
# Row 15: a NAT gateway has no security group (test_row_14); the network ACL of its subnet applies to what passes it, in
# both directions and at both sides.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets:
      public: { cidr: 10.0.1.0/24, route_table: out, network_acl: nat }
      private: { cidr: 10.0.2.0/24, route_table: in }
    route_tables:
      out: [ { destination: 0.0.0.0/0, target: internet_gateway } ]
      in: [ { destination: 0.0.0.0/0, target: nat_gateway/nat } ]
    nat_gateways: { nat: { subnet: public } }
    network_acls:
      nat:
        ingress:
          - { rule: 100, action: allow, protocol: tcp, ports: [80, 8080], from: 10.0.2.0/24 }
          - { rule: 200, action: allow, protocol: tcp, ports: 1024-65535, from: any4 }
        egress:
          - { rule: 100, action: allow, protocol: tcp, ports: 80, to: any4 }
          - { rule: 200, action: allow, protocol: tcp, ports: 1024-65535, to: 10.0.2.0/24 }
nodes:
  app: { subnet: v/private, address: 10.0.2.10 }
  out: { internet: 198.51.100.9, services: { a: { kind: http, port: 80 }, b: { kind: http, port: 8080 }, c: { kind: http, port: 443 } } }
END
set_acl() { "$LABCTL" --lab "$lab" set "vpc/v/network_acl/nat/$1" "$2" >/dev/null; }
meets "row 15: what the ACL of the gateway's subnet allows goes out" open app 198.51.100.9 80
meets "row 15: what may come in to the gateway but not leave its subnet" silent app 198.51.100.9 8080
meets "row 15: what may not even come in" silent app 198.51.100.9 443
no_ping "row 15: and no other protocol" app 198.51.100.9
holds "row 15: the ports that the gateway sends from are closed to answers" set_acl ingress/1 '{ rule: 200, action: deny, protocol: tcp, ports: 1024-65535, from: any4 }'
meets "row 15: no answer comes back to the gateway" silent app 198.51.100.9 80
holds "row 15: they are open again" set_acl ingress/1 '{ rule: 200, action: allow, protocol: tcp, ports: 1024-65535, from: any4 }'
meets "row 15: then it does" open app 198.51.100.9 80
holds "row 15: no way back into the private subnet" set_acl egress/1 '{ rule: 200, action: deny, protocol: tcp, to: 10.0.2.0/24 }'
meets "row 15: the answer ends at the gateway" silent app 198.51.100.9 80
