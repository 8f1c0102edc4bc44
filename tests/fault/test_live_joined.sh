#!/bin/bash
# long
# as user
# Kinds of faults of what joins VPCs to each other and to the world, each put into a running lab: it shows, tells nothing of
# itself, and is taken out exactly.
# shellcheck disable=SC2034,SC2154 # what the sourced files use and set
. "$(dirname "$0")/../cli/host.bash"
KILLS=${KILLS:-2}
cat >"$work/lab.yaml" <<'YAML'
lab: live
vpcs:
  app:
    cidr: 10.8.0.0/16
    ipv6_cidr: "2001:db8:8::/56"
    egress_only_gateway: true
    internet_gateway: true
    dns: { zone: app.internal }
    subnets:
      web: { cidr: 10.8.1.0/24, route_table: web, public_ips: true, network_acl: web }
      inner: { cidr: 10.8.2.0/24, route_table: inner }
    route_tables:
      web:
        - { destination: 0.0.0.0/0, target: internet_gateway }
        - { destination: "::/0", target: internet_gateway }
        - { destination: 10.9.0.0/16, target: peering/app-data }
        - { destination: 10.10.0.0/16, target: transit_gateway/hub }
      inner:
        - { destination: 0.0.0.0/0, target: node/fw }
        - { destination: "::/0", target: egress_only_gateway }
    network_acls:
      web:
        ingress:
          - { rule: 100, action: allow, protocol: tcp, ports: 80, from: any }
          - { rule: 110, action: allow, protocol: all, from: [10.0.0.0/8] }
          - { rule: 120, action: allow, protocol: tcp, ports: 1024-65535, from: any }
          - { rule: 200, action: deny, protocol: tcp, from: any }
        egress:
          - { rule: 100, action: allow, protocol: all, to: any }
      shut: { ingress: [], egress: [] }
    security_groups:
      web: { ingress: [ { protocol: tcp, ports: 80, from: any } ] }
      fw: { ingress: [ { protocol: all, from: 10.8.0.0/16 } ] }
      queue: { ingress: [ { protocol: tcp, ports: 80, from: 10.8.0.0/16 } ] }
    endpoints:
      queue: { type: interface, service: queue, subnets: [inner], security_groups: [queue], private_dns: true }
  data:
    cidr: 10.9.0.0/16
    subnets: { db: { cidr: 10.9.1.0/24 } }
    route_tables: { main: [ { destination: 10.8.0.0/16, target: peering/app-data } ] }
    security_groups: { db: { ingress: [ { protocol: tcp, ports: 5432, from: vpc/app/security_group/web } ] } }
  red:
    cidr: 10.10.0.0/16
    subnets: { far: { cidr: 10.10.1.0/24 } }
    route_tables: { main: [ { destination: 10.8.0.0/16, target: transit_gateway/hub } ] }
    security_groups: { far: { ingress: [ { protocol: tcp, ports: 7000, from: 10.8.0.0/16 } ] } }
peerings: { app-data: { between: [app, data] } }
transit_gateways:
  hub:
    attachments: [app, red]
    route_tables:
      app: { associations: [app], propagations: [red] }
      red: { associations: [red], routes: [ { destination: 10.8.0.0/16, target: app } ] }
services: { queue: { nodes: [queue], port: 80, private_dns_name: queue.cloud.test } }
nodes:
  web: { subnet: app/web, address: 10.8.1.10, security_groups: [web], services: { http: { port: 80 } } }
  fw:
    subnet: app/web
    address: 10.8.1.20
    security_groups: [fw]
    source_dest_check: false
    forwarding: true
    nat: { masquerade: [eth0] }
  inner: { subnet: app/inner, address: 10.8.2.10 }
  db: { subnet: data/db, address: 10.9.1.10, security_groups: [db], services: { postgres: { kind: tcp, port: 5432 } } }
  far: { subnet: red/far, address: 10.10.1.10, security_groups: [far], services: { own: { kind: tcp, port: 7000 } } }
  visitor: { internet: 203.0.113.77, addresses: ["2001:db8:77::1"], services: { http: { port: 80 } } }
  queue: { internet: 203.0.113.78, services: { http: { port: 80, body: "queue\n" } } }
checks:
  - { id: site, from: visitor, http: { url: "http://web/", status: 200 } }
  - { id: site-6, from: visitor, http: { url: "http://[2001:db8:8:73::a08:10a]/", status: 200 } }
  - { id: db, from: web, tcp: { to: 10.9.1.10, port: 5432 } }
  - { id: far, from: web, tcp: { to: 10.10.1.10, port: 7000 } }
  - { id: outward, from: inner, http: { url: "http://203.0.113.77/", status: 200 } }
  - { id: outward-6, from: inner, tcp: { to: "2001:db8:77::1", port: 80 } }
  - { id: queue, from: inner, http: { url: "http://queue.cloud.test/", status: 200, body_contains: queue } }
YAML
nodes=(web fw inner db far visitor queue)

# KIND|SYMPTOM|WHERE|PARAMETERS
rows=(
    "network-acl-rule-missing|site|vpc/app/network_acl/web|rule=100"
    "network-acl-order|site|vpc/app/network_acl/web|rule=200 number=50"
    "network-acl-ephemeral-missing|site|vpc/app/network_acl/web|"
    "network-acl-ephemeral-missing|outward|vpc/app/network_acl/web|direction=ingress"
    "network-acl-wrong|site|vpc/app/subnet/web|network_acl=shut"
    "peering-missing|db|peering/app-data|"
    "route-missing|db|vpc/data/route_table/main|destination=10.8.0.0/16"
    "transit-attachment-missing|far|transit_gateway/hub|vpc=red"
    "transit-association-missing|far|transit_gateway/hub/route_table/app|vpc=app"
    "transit-propagation-missing|far|transit_gateway/hub/route_table/app|vpc=red"
    "transit-route-missing|far|transit_gateway/hub/route_table/red|destination=10.8.0.0/16"
    "egress-only-gateway-detached|outward-6|vpc/app/egress_only_gateway|"
    "source-dest-check-on|outward|node/fw/eth0|"
    "endpoint-private-dns-off|queue|vpc/app/endpoint/queue|"
    "vpc-route-wrong|db|vpc/app/route_table/web|destination=10.9.0.0/16 target=transit_gateway/hub"
    "vpc-route-wrong|site-6|vpc/app/route_table/web|destination=::/0 target=egress_only_gateway"
)


. "$(dirname "$0")/live.bash"
try_all
