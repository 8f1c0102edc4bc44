#!/bin/bash
# Row 22: a gateway endpoint gives a private way to a service through route tables; an interface endpoint gives it an
# address inside a subnet with a security group, and with private DNS takes over the service's name.  Neither needs an
# internet gateway.  Row 17: across a peering interface endpoints are reached, gateway endpoints are not.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

shows "row 22: a gateway endpoint leads to no machine of a VPC" '\[endpoint-service\]' validate <<'END'
lab: t
vpcs:
  a:
    cidr: 10.0.0.0/16
    subnets: { s: { cidr: 10.0.1.0/24 } }
    route_tables: { main: [] }
    endpoints: { e: { type: gateway, service: x, route_tables: [main] } }
services: { x: { nodes: [x], port: 80 } }
nodes: { x: { subnet: a/s } }
END
shows "row 22: an interface endpoint has no route tables" '\[misplaced-key\]' validate <<'END'
lab: t
vpcs:
  a:
    cidr: 10.0.0.0/16
    subnets: { s: { cidr: 10.0.1.0/24 } }
    route_tables: { main: [] }
    endpoints: { e: { type: interface, service: x, subnets: [s], route_tables: [main] } }
services: { x: { nodes: [x], port: 80 } }
nodes: { x: { internet: true } }
END
{
    printf 'lab: t\nvpcs:\n  a:\n    cidr: 10.0.0.0/24\n    subnets: { s: { cidr: 10.0.0.0/28 } }\n'
    printf '    endpoints: { e: { type: interface, service: x, subnets: [s] } }\nservices: { x: { nodes: [x], port: 80 } }\n'
    printf 'nodes:\n  x: { internet: true }\n'
    for i in 1 2 3 4 5 6 7 8 9 10 11; do echo "  n$i: { subnet: a/s }"; done
} >"$work/full.yaml"
shows "row 02: an endpoint uses up an address of its subnet" 'no free address in subnet .s. .* vpc/a/endpoint/e/s' \
    "$LABCTL" validate "$work/full.yaml"
sed -i '$d' "$work/full.yaml"
holds "row 02: of which there is one less then" "$LABCTL" validate "$work/full.yaml"

# main and twin have the same addresses, and so has the provider.
up <<'END'
lab: t
vpcs:
  main:
    cidr: 10.0.0.0/16
    subnets:
      a: { cidr: 10.0.1.0/24, zone: a, route_table: private }
      b: { cidr: 10.0.2.0/24, zone: b }
    route_tables:
      main: [ { destination: 10.1.0.0/16, target: peering/to-dev } ]
      private: [ { destination: 10.1.0.0/16, target: peering/to-dev } ]
    security_groups:
      app: { ingress: [] }
      endpoint:
        ingress:
          - { protocol: tcp, from: security_group/app }
          - { protocol: tcp, ports: 80, from: 10.1.0.0/16 }
    endpoints:
      store: { type: gateway, service: store, route_tables: [private] }
      orders: { type: interface, service: orders, subnets: [a, b], security_groups: [endpoint], private_dns: true }
      queue: { type: interface, service: queue, subnets: [a], security_groups: [endpoint], private_dns: true }
  twin:
    cidr: 10.0.0.0/16
    subnets: { a: { cidr: 10.0.1.0/24 } }
    route_tables: { main: [] }
    endpoints:
      store: { type: gateway, service: store, route_tables: [main] }
      orders: { type: interface, service: orders, subnets: [a] }
  provider:
    cidr: 10.0.0.0/16
    subnets: { a: { cidr: 10.0.1.0/24 }, b: { cidr: 10.0.2.0/24 } }
    security_groups:
      back: { ingress: [ { protocol: tcp, ports: [80, 81], from: 10.0.0.0/16 } ] }
      shut: { ingress: [] }
  dev:
    cidr: 10.1.0.0/16
    subnets: { s: { cidr: 10.1.1.0/24 } }
    route_tables:
      main:
        - { destination: 10.0.0.0/16, target: peering/to-dev }
        - { destination: 203.0.113.80/32, target: peering/to-dev }
peerings: { to-dev: { between: [main, dev] } }
services:
  store: { nodes: [store], port: 80 }
  queue: { nodes: [queue], port: 80, private_dns_name: queue.cloud.test }
  orders: { nodes: [back, node/back2], port: 80 }
nodes:
  app: { subnet: main/a, address: 10.0.1.10, security_groups: [app] }
  far: { subnet: main/b, address: 10.0.2.10, security_groups: [app] }
  other: { subnet: main/a, address: 10.0.1.11 }
  twin: { subnet: twin/a, address: 10.0.1.10 }
  dev: { subnet: dev/s, address: 10.1.1.10 }
  back: { subnet: provider/a, address: 10.0.1.10, security_groups: [back], services: { http: {} } }
  back2: { subnet: provider/b, address: 10.0.2.10, security_groups: [back], services: { http: {} } }
  store:
    internet: 203.0.113.80
    services: { http: {}, more: { kind: http, port: 81 } }
  queue: { internet: 203.0.113.81, services: { http: {}, more: { kind: http, port: 81 } } }
END

meets "row 22: a gateway endpoint leads to the service's public address" open app 203.0.113.80 80
meets "row 22: on every port" open app 203.0.113.80 81
meets "row 22: and to no other machine of the internet" silent app 203.0.113.81 80
meets "row 22: only by the route tables that it names" silent far 203.0.113.80 80
listen 10 store -c 1 'tcp and dst port 80'
meets "row 22: VPCs with the same addresses use one service" open twin 203.0.113.80 80
heard
shows "row 22: which sees the private address" '10\.0\.1\.10\.[0-9]+ > 203\.0\.113\.80\.80' cat "$work/heard"
meets "row 22: nobody comes in by it" silent store 10.0.1.10 80
meets "row 17: a peer's gateway endpoint is not reached" silent dev 203.0.113.80 80

address() { # NODE NAME
    on "$1" dig +short +time=2 +tries=1 "$2" | head -n 1
}
shows "row 22: an interface endpoint has an address in each subnet" '^10\.0\.[12]\.' address app orders.vpce.main.internal
endpoint=$(on app dig +short +time=2 +tries=1 orders.vpce.main.internal | grep '^10\.0\.1\.')
second=$(on app dig +short +time=2 +tries=1 orders.vpce.main.internal | grep '^10\.0\.2\.')
meets "row 22: it leads to the service" open app "$endpoint" 80
meets "row 22: in the other subnet as well" open app "$second" 80
meets "row 22: from the other subnet" open far "$endpoint" 80
meets "row 22: its security group counts" silent other "$endpoint" 80
meets "row 22: it leads to the service's port only" silent app "$endpoint" 81
no_ping "row 22: and answers no ping" app "$endpoint"
shows "row 22: private DNS takes over the service's name" '^10\.0\.[12]\.' address app orders
shows "row 22: in the VPC's zone" '^10\.0\.[12]\.' address app orders.main.internal
shows "row 22: or the name that the service declares" '^10\.0\.1\.' address app queue.cloud.test
fails "row 22: not in another VPC" on twin getent hosts orders
shows "row 22: the name leads there" '^back2?$' on app curl -s -m 2 http://orders/
queue=$(address app queue.cloud.test)
meets "row 22: an interface endpoint to a service on the internet" open app "$queue" 80
meets "row 22: leads to its port only, too" silent app "$queue" 81
meets "row 17: a peer's interface endpoint is reached" open dev "$endpoint" 80
both() { # NODE ADDRESS: who answers, asked often
    local i
    for ((i = 0; i < 24; i++)); do on "$1" curl -s -m 2 "http://$2/"; done | sort -u | tr '\n' ' '
}
shows "row 22: flows are spread over the service's machines" '^back back2 $' both app "$endpoint"

listen 10 back 'tcp and dst port 80'
both app "$endpoint" >"$work/out"
heard
shows "row 22: a machine of the provider sees an address of its own subnet" '10\.0\.1\.[0-9]+\.[0-9]+ > 10\.0\.1\.10\.80' \
    cat "$work/heard"
fails "row 22: never the asking one's" grep -q ' 10\.0\.1\.10\.[0-9]* > ' "$work/heard"
holds "row 22: the provider's security group refuses" "$LABCTL" --lab "$lab" set node/back/security_groups '[shut]'
holds "row 22: of both machines" "$LABCTL" --lab "$lab" set node/back2/security_groups '[shut]'
meets "row 22: and the endpoint is silent" silent app "$endpoint" 80
holds "row 22: an endpoint is taken away" "$LABCTL" --lab "$lab" unset vpc/main/endpoint/store
meets "row 22: and the service is not reached" silent app 203.0.113.80 80
meets "row 22: others go on" open twin 203.0.113.80 80
