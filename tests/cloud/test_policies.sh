#!/bin/bash
# as user
# Kubernetes-like policies: isolation by direction, rules that add up, answers, what is not told, IPv6, who forwards,
# changes of a running lab; and that the second opinion says of every pair what packets say.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'YAML'
lab: policies
bridges: { pods: {}, far: {} }
policies:
  db: { select: { tier: db }, ingress: [ { from: { tier: api }, ports: [80] }, { from: 10.0.0.4, protocol: icmp } ] }
  db-too: { select: { tier: db, color: blue }, ingress: [ { from: 10.0.1.0/24, ports: 81-82 } ] }
  api: { select: { tier: api }, egress: [ { to: { tier: db }, ports: 80 } ] }
  six: { select: { tier: six }, ingress: [ { from: "fd00::4", ports: 80 } ] }
  router: { select: { role: router }, ingress: [], egress: [] }
nodes:
  api: { bridge: pods, address: 10.0.0.2/24, gateway: 10.0.0.1, addresses: ["fd00::2/64"], labels: { tier: api }, services: { http: {} } }
  db:
    bridge: pods
    address: 10.0.0.3/24
    gateway: 10.0.0.1
    labels: { tier: db, color: blue }
    services: { a: { kind: tcp-echo, port: 80 }, b: { kind: http, port: 81 }, c: { kind: http, port: 83 }, d: { kind: udp-echo, port: 80 } }
  free: { bridge: pods, address: 10.0.0.4/24, gateway: 10.0.0.1, addresses: ["fd00::4/64"], services: { http: {}, e: { kind: udp-echo, port: 7 } } }
  six: { bridge: pods, address: 10.0.0.6/24, addresses: ["fd00::6/64"], labels: { tier: six }, services: { http: {} } }
  router:
    forwarding: true
    labels: { role: router }
    interfaces: { p: { bridge: pods, address: 10.0.0.1/24 }, f: { bridge: far, address: 10.0.1.1/24 } }
  away: { bridge: far, address: 10.0.1.9/24, gateway: 10.0.1.1, services: { http: {} } }
YAML
labctl() { "$LABCTL" --lab "$lab" "$@"; }

shows "inspect says whom a policy selects" '^policy db: ingress of db$' labctl inspect
shows "and in which directions" '^policy router: ingress and egress of router$' labctl inspect

# ---- ingress
meets "by label" open api 10.0.0.3 80
meets "not by another label" silent free 10.0.0.3 80
holds "by address and protocol" on free ping -n -c 1 -W 1 10.0.0.3
no_ping "not from another address" away 10.0.0.3
meets "a second policy adds its ports" open away 10.0.0.3 81
meets "and nothing else" silent away 10.0.0.3 83
meets "who is isolated in ingress alone goes out" open db 10.0.0.4 80
holds "UDP answers come back to it" labctl probe udp db free:7 payload=x expect=answered
shows "its own programs reach it" 200 on db curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:81/
shows "by its own address too" 200 on db curl -s -o /dev/null -w '%{http_code}\n' http://10.0.0.3:81/

# ---- egress
meets "what is not allowed out is silent" silent api 10.0.0.4 80
meets "and so is what is allowed in by nobody" silent api 10.0.0.3 81
on api ping -n -c 1 -W 1 10.0.0.4 >"$work/out" 2>&1
! grep -qi 'not permitted\|no buffer' "$work/out"
report "the asker is not told" $?
meets "who is isolated in egress alone is reached" open free 10.0.0.2 80

# ---- IPv6
meets "an address of IPv6" open free fd00::6 80
meets "not another port" silent free fd00::6 81
meets "nor by IPv4" silent free 10.0.0.6 80

# ---- who forwards
meets "a router's policies are not about what it forwards" open away 10.0.0.4 80
no_ping "they are about itself" away 10.0.1.1

# ---- the second opinion
for port in 80 81; do
    labctl explain --all --tcp $port | grep -v 'ordered pairs' >"$work/said"
    labctl matrix --tcp $port | grep -v 'ordered pairs' >"$work/seen"
    diff "$work/said" "$work/seen" >"$work/out"
    report "explain says what packets say, port $port" $?
done
labctl explain --all | grep -v 'ordered pairs' >"$work/said"
labctl matrix | grep -v 'ordered pairs' >"$work/seen"
diff "$work/said" "$work/seen" >"$work/out"
report "and of echo requests" $?

# ---- changes
hold flow api 10.0.0.3 80
flow "a flow before the change" answers flow
holds "a rule is taken away" labctl set policy/db/ingress '[]'
flow "the flow lives on" answers flow
let_go flow
meets "no new one begins" silent api 10.0.0.3 80
holds "a label is given" labctl set node/free/labels '{ tier: api }'
meets "and isolates" silent free 10.0.0.6 80
holds "and taken away" labctl unset node/free/labels
holds "policies go" labctl unset policy/db
holds "one after the other" labctl unset policy/db-too
meets "and who they selected is free" open free 10.0.0.3 83
fails "no table is left" on db nft list table inet policies
holds "those of egress too" labctl unset policy/api
fails "no table of an interface is left" on api nft list table netdev policies
meets "who was refused goes out" open api 10.0.0.4 80
