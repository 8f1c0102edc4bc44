#!/bin/bash
# long
# Kinds of faults of a VPC, each put into a running lab: it shows, tells nothing of itself, and is taken out exactly.
# shellcheck disable=SC2034,SC2154 # what the sourced files use and set
. "$(dirname "$0")/../cli/host.bash"
KILLS=${KILLS:-2}
cat >"$work/lab.yaml" <<'YAML'
lab: live
internet: { zones: { shop.test: { www: shop, blog: { cname: www } } } }
vpcs:
  main:
    cidr: 10.8.0.0/16
    internet_gateway: true
    subnets:
      public: { cidr: 10.8.1.0/24, route_table: public, public_ips: true }
      private: { cidr: 10.8.2.0/24, route_table: private }
    route_tables:
      public: [ { destination: 0.0.0.0/0, target: internet_gateway } ]
      private: [ { destination: 0.0.0.0/0, target: nat_gateway/nat } ]
      closed: []
    nat_gateways: { nat: { subnet: public } }
    prefix_lists: { office: [203.0.113.64/26, 198.51.100.0/25] }
    security_groups:
      web: { ingress: [ { protocol: tcp, ports: 80, from: any4 }, { protocol: tcp, ports: 22, from: prefix_list/office } ] }
      closed: {}
nodes:
  shop: { subnet: main/public, address: 10.8.1.10, security_groups: [web], services: { http: { port: 80 }, ssh: { kind: tcp, port: 22 } } }
  app: { subnet: main/private, address: 10.8.2.10 }
  visitor: { internet: 203.0.113.77, services: { http: { port: 80 }, echo: { kind: tcp-echo } } }
checks:
  - { id: shop, from: visitor, http: { url: "http://shop/", status: 200 } }
  - { id: admin, from: visitor, tcp: { to: shop, port: 22 } }
  - { id: name, from: visitor, http: { url: "http://blog.shop.test/", status: 200 } }
  - { id: outward, from: app, http: { url: "http://visitor/", status: 200 } }
YAML
nodes=(shop app visitor)

# KIND|SYMPTOM|WHERE|PARAMETERS
rows=(
    "security-group-port-wrong|shop|vpc/main/security_group/web|ports=80 instead=8080"
    "security-group-peer-wrong|shop|vpc/main/security_group/web|ports=80 instead=198.51.100.0/24"
    "security-group-peer-wrong|shop|vpc/main/security_group/web|ports=80 instead=closed"
    "security-group-protocol-wrong|shop|vpc/main/security_group/web|ports=80 instead=udp"
    "security-group-wrong|shop|node/shop/eth0|group=closed"
    "vpc-route-wrong|outward|vpc/main/route_table/private|destination=0.0.0.0/0"
    "vpc-route-wrong|outward|vpc/main/route_table/private|destination=0.0.0.0/0 target=nat_gateway/old"
    "vpc-route-wrong|shop|vpc/main/route_table/public|destination=0.0.0.0/0 target=nat_gateway/nat"
    "route-table-wrong|outward|vpc/main/subnet/private|route_table=closed"
    "internet-gateway-detached|shop|vpc/main/internet_gateway|"
    "internet-gateway-detached|name|vpc/main/internet_gateway|"
    "public-ip-missing|name_inside_alone|node/shop/eth0|"
    "public-ip-missing|shop|node/shop/eth0|"
    "public-ip-missing|admin|node/shop/eth0|"
    "nat-gateway-misplaced|outward|vpc/main/nat_gateway/nat|subnet=main/private"
    "security-group-rule-missing|admin|vpc/main/security_group/web|from=vpc/main/prefix_list/office"
    "vpc-route-wrong|outward|vpc/main/route_table/private|destination=default target=node/shop"
    "nat-gateway-ports-exhausted|no_port_left|vpc/main/nat_gateway/nat|ports=3"
    "nat-gateway-idle-timeout|ends_after_silence|vpc/main/nat_gateway/nat|timeout=1s"
)

# What names the machine names nothing outside; inside it is told as before.
name_inside_alone() {
    in_node visitor dig +tries=1 www.shop.test | grep -q NXDOMAIN && [ "$(in_node app dig +short +tries=1 www.shop.test)" = 10.8.1.10 ]
}
held() { # COUNT AFTER: so many connections to the echo outside, then what is to be done
    in_node app bash -c "for ((i = 0; i < $1; i++)); do exec {fd}<>/dev/tcp/203.0.113.77/7 || exit 9; done; $2"
}
no_port_left() { held 3 'nc -z -w 1 203.0.113.77 7 || echo none' | grep -x none; }
ends_after_silence() {
    held 1 'echo a >&$fd; read -rt 2 -u $fd x || exit 9; read -rt 2.2 -u $fd x; echo b >&$fd; read -rt 1 -u $fd x || echo over' | grep -x over
}

. "$(dirname "$0")/live.bash"
try_all
