#!/bin/bash
# long
# The contract of every kind of fault in a running lab: it is in force, it shows its symptom, nothing in a node's view names
# it, twice is refused, and it is taken out exactly; also when the director is killed in the middle.
# shellcheck disable=SC2034,SC2154 # what the sourced files use and set
. "$(dirname "$0")/../cli/host.bash"
KILLS=${KILLS:-6}
cat >"$work/lab.yaml" <<'YAML'
lab: live
vpcs:
  main:
    cidr: 10.8.0.0/16
    internet_gateway: true
    subnets: { public: { cidr: 10.8.1.0/24, route_table: public, public_ips: true } }
    route_tables: { public: [ { destination: 0.0.0.0/0, target: internet_gateway } ] }
    security_groups: { web: { ingress: [ { protocol: tcp, ports: 80, from: any4 }, { protocol: tcp, ports: 22, from: 198.51.100.0/24 } ] } }
bridges: { left: {}, right: {} }
nodes:
  client:
    interfaces:
      eth0: { bridge: left, address: 10.1.0.10/24, gateway: 10.1.0.1 }
      eth1: { link: side, address: 10.3.0.1/30 }
    resolver: { servers: [10.2.0.53], search: [lab.test] }
  r1:
    forwarding: true
    interfaces: { a: { bridge: left, address: 10.1.0.1/24 }, b: { bridge: right, address: 10.2.0.1/24 } }
    routes: [ { destination: 10.3.0.0/30, via: 10.2.0.2 } ]
  r2:
    forwarding: true
    interfaces: { side: { link: side, address: 10.3.0.2/30 }, b: { bridge: right, address: 10.2.0.2/24 } }
    routes: [ { destination: 10.1.0.0/24, via: 10.3.0.1 } ]
  r3: { forwarding: true, interfaces: { b: { bridge: right, address: 10.2.0.3/24 }, n: { link: narrow, address: 10.4.0.1/30 } } }
  r4: { forwarding: true, interfaces: { n: { link: narrow, address: 10.4.0.2/30, gateway: 10.4.0.1 } } }
  server:
    bridge: right
    address: 10.2.0.10/24
    gateway: 10.2.0.1
    routes: [ { destination: 10.4.0.0/30, via: 10.2.0.3 } ]
    services: { http: { port: 80 } }
  names:
    bridge: right
    address: 10.2.0.53/24
    gateway: 10.2.0.1
    services: { dns: { zones: { lab.test: { server: 10.2.0.10, r1: 10.2.0.1 } } } }
  shop: { subnet: main/public, security_groups: [web], services: { http: { port: 80 } } }
  visitor: { internet: 203.0.113.77 }
checks:
  - { id: loss, from: client, ping: { to: server, count: 40, loss_below: 1% } }
  - { id: asymmetric-routing, from: client, tcp: { to: server, port: 80 } }
  - { id: dns, from: client, dns: { name: server.lab.test, type: A, answer: 10.2.0.10 } }
  - { id: route, from: client, ping: server }
  - { id: cloud, from: visitor, http: { url: "http://shop/", status: 200 } }
  - { id: large, from: server, ping: { to: r4, size: 1400, df: true } }
  - { id: other-source, from: client, ping: { to: server, source: 10.3.0.1 } }
YAML
nodes=(client r1 r2 r3 r4 server names shop visitor)

# KIND|SYMPTOM|WHERE|PARAMETERS
rows=(
    "loss|loss|node/server/eth0|loss=40%"
    "asymmetric-routing|asymmetric-routing|client,server|via=r2 blocked_by=firewall"
    "asymmetric-routing|asymmetric-routing|client,server|via=r2 blocked_by=rp_filter"
    "route-missing|route|client|destination=default"
    "route-missing|route|client|destination=10.1.0.0/24"
    "route-missing|route|r1|destination=10.2.0.0/24"
    "route-missing|cloud|vpc/main/route_table/public|destination=0.0.0.0/0"
    "dns-wrong-record|dns|node/names/service/dns|name=server.lab.test answer=10.2.0.99"
    "dns-server-down|dns|node/names/service/dns|"
    "security-group-rule-missing|cloud|vpc/main/security_group/web|ports=80"
    "address-wrong|route|node/server/eth0|address=10.2.0.77/24"
    "address-wrong|route|node/server/eth0|address=10.2.0.10/8"
    "bridge-wrong|route|node/server/eth0|bridge=left"
    "cable-unplugged|route|node/server/eth0|"
    "link-down|route|node/server/eth0|"
    "forwarding-off|route|r1|"
    "gateway-wrong|route|server|via=10.2.0.53"
    "route-wrong|route|client|destination=10.2.0.0/24 via=10.1.0.77"
    "route-blackhole|route|client|destination=10.2.0.0/24"
    "rp-filter-strict|other-source|node/r1/a|"
    "neighbour-wrong|route|node/client/eth0|address=10.1.0.1 mac=02:00:00:00:00:99"
    "packet-filter|asymmetric-routing|server|protocol=tcp ports=80"
    "packet-filter|asymmetric-routing|r1|chain=forward protocol=tcp ports=80 side=source from=10.2.0.0/24 action=reject"
    "pmtu-black-hole|large|link/narrow|"
)

. "$(dirname "$0")/live.bash"
try_rows
kill_rounds "$KILLS"

# What somebody changed since stays.
lab fault inject route-missing --at r2 destination=10.1.0.0/24
in_node r2 ip route add 10.1.0.0/24 via 10.2.0.1 >/dev/null
lab fault clear && grep -q 'changed since' "$work/out" && [ "$(in_node r2 ip route show 10.1.0.0/24 | cut -d' ' -f1-3)" = "10.1.0.0/24 via 10.2.0.1" ]
check "what was changed since stays" $?

lab fault clear nothing
[ $? -eq 4 ]
check "what is not in cannot go out" $?
lab fault inject los --at link/side loss=5%
[ $? -eq 2 ] && grep -q "did you mean 'loss'" "$work/err"
check "an unknown kind is wrong usage" $?
lab fault inject loss --at link/sid loss=5%
[ $? -eq 4 ] && grep -q "did you mean 'link/side'" "$work/err"
check "a thing that is not there" $?
lab fault inject asymmetric-routing --at "[client, server]" via=r2 && lab fault clear
check "two things as in a file" $?
lab fault inject asymmetric-routing --at client --at server via=r2 && lab fault clear
check "two things one by one" $?
lab down live
clean_host
check "nothing is left" $?
exit $((failures > 0))
