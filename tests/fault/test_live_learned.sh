#!/bin/bash
# waits
# as user
# Kinds of faults of what machines learn from each other (routes by BGP and OSPF, addresses by DHCP) and of who leads them
# round a corner, each put into a running lab: it shows, tells nothing of itself, and is taken out exactly.
# shellcheck disable=SC2034,SC2154 # what the sourced files use and set
. "$(dirname "$0")/../cli/host.bash"
KILLS=${KILLS:-2}
settle=40 # routers have to find each other again
cat >"$work/lab.yaml" <<'YAML'
lab: live
bridges: { lan: {}, home: {} }
nodes:
  client: { bridge: lan, dhcp: true, slaac: true }
  edge:
    forwarding: true
    interfaces:
      lan0: { bridge: lan, addresses: [10.1.0.1/24, "2001:db8:1::1/64"] }
      core0: { link: uplink, addresses: [172.16.0.1/30, "2001:db8:a::1/64"] }
    services:
      bgp: { as: 65001, hold: 3, networks: [10.1.0.0/24, "2001:db8:1::/64"], neighbours: { core: { as: 65002 } } }
      dhcp: { range: 10.1.0.100-10.1.0.150, domain: lab.test, router_advertisements: true }
      dns: { zones: { lab.test: { www: 10.3.0.2, other: 10.4.0.2 } } }
  core:
    forwarding: true
    interfaces:
      edge0: { link: uplink, addresses: [172.16.0.2/30, "2001:db8:a::2/64"] }
      inner0: { link: inner, address: 172.16.1.1/30 }
      other0: { link: others, addresses: [10.4.0.1/24, "2001:db8:4::1/64"] }
    services:
      bgp:
        as: 65002
        hold: 3
        redistribute: ospf
        networks: [10.4.0.0/24, "2001:db8:4::/64"]
        neighbours: { edge: { as: 65001, import: [10.0.0.0/8, "2001:db8::/32"] } }
      ospf: { redistribute: bgp, areas: { 1: { interfaces: [inner0] } } }
  inner:
    forwarding: true
    interfaces: { core0: { link: inner, address: 172.16.1.2/30 }, www0: { link: servers, address: 10.3.0.1/24 } }
    services:
      ospf: { areas: { 1: { interfaces: { core0: {}, www0: { passive: true } } } } }
  www: { link: servers, address: 10.3.0.2/24, gateway: 10.3.0.1, services: { http: { body: "right\n" } } }
  other:
    link: others
    addresses: [10.4.0.2/24, "2001:db8:4::2/64"]
    gateway: 10.4.0.1
    routes: [ { destination: "::/0", via: "2001:db8:4::1" } ]
    services: { http: { body: "right\n" } }
  gate:
    forwarding: true
    interfaces: { home0: { bridge: home, address: 10.5.0.1/24 }, lan0: { bridge: lan, addresses: [10.1.0.4/24, "2001:db8:1::4/64"], gateway: 10.1.0.1 } }
    nat: { masquerade: [lan0], forward: [ { protocol: tcp, port: 8080, to: "10.5.0.10:80" }, { protocol: tcp, port: 8081, to: "10.5.0.10:80" } ] }
  nas: { bridge: home, address: 10.5.0.10/24, gateway: 10.5.0.1, services: { http: {} } }
  desk: { bridge: home, address: 10.5.0.11/24, gateway: 10.5.0.1 }
checks:
  - { id: page, from: client, http: { url: "http://www.lab.test/", body_contains: right } }
  - { id: other, from: client, http: { url: "http://10.4.0.2/", body_contains: right } }
  - { id: other-6, from: edge, http: { url: "http://[2001:db8:4::2]/", body_contains: right } }
  - { id: client-6, from: client, http: { url: "http://[2001:db8:4::2]/", body_contains: right } }
  - { id: outside, from: client, http: { url: "http://10.1.0.4:8080/", body_contains: nas } }
  - { id: hairpin, from: desk, http: { url: "http://10.1.0.4:8080/", body_contains: nas } }
  - { id: second, from: desk, http: { url: "http://10.1.0.4:8081/", body_contains: nas } }
YAML
nodes=(client edge core inner www other gate nas desk)

# KIND|SYMPTOM|WHERE|PARAMETERS
rows=(
    "bgp-as-mismatch|no_session|node/core/service/bgp|neighbour=edge"
    "router-advertisement-rogue|only_ipv6_of_client|node/gate/lan0|"
    "dhcp-gateway-wrong|no_page|node/edge/service/dhcp|router=10.1.0.77"
    "hairpin-nat-missing|only_outside|gate|port=8080"
    "bgp-prefix-filtered|only_other|node/edge/service/bgp|neighbour=core destination=10.3.0.0/24"
    "bgp-prefix-filtered|only_ipv6_lacks|node/core/service/bgp|neighbour=edge destination=2001:db8:4::/64 direction=export"
    "dhcp-dns-wrong|no_names|node/edge/service/dhcp|servers=10.1.0.77"
    "bgp-port-blocked|no_session|node/edge/service/bgp|"
    "bgp-port-blocked|no_session|node/core/service/bgp|neighbour=edge"
    "dhcp-pool-exhausted|no_address|node/edge/service/dhcp|"
    "ospf-area-mismatch|only_other|node/inner/service/ospf|interface=core0 area=0"
    "dhcp-server-down|no_address|node/edge/service/dhcp|"
)

is() { # VERDICT CHECK...: all of them, as routers and clients have heard of the change
    local verdict=$1
    shift
    "$LABCTL" --lab live check "$@" >"$work/verdict"
    case $? in 0) [ "$verdict" = green ] ;; 1) [ "$verdict" = red ] && ! grep -q '^pass' "$work/verdict" ;; *) false ;; esac
}
well() { "$LABCTL" --lab live check >/dev/null; }
comes() { # CONDITION...: within what it takes to notice; in a lab without a fault, once it has settled
    if "$LABCTL" --lab live --format json fault status | grep -q '"kind"'; then
        until_true 20 "$@"
    else
        until_true "$settle" well || return 0
        "$@"
    fi
}
page_is_red() { is red page; }
no_page() { comes page_is_red; }
session_is_gone() { is red other && ! in_node edge ip route | grep -q 'proto bird'; }
no_session() { comes session_is_gone; }
one_is_red() { is red page && is green other; }
only_other() { comes one_is_red; }
six_is_red() { is red other-6 && is green other; }
only_ipv6_lacks() { comes six_is_red; }
client_six_is_red() { is red client-6 && is green other other-6; }
only_ipv6_of_client() { comes client_six_is_red; }
names_are_gone() { is red page && is green other; }
no_names() { comes names_are_gone; }
has_none() { ! in_node client ip -4 address show dev eth0 | grep -q inet; }
no_address() { comes has_none; }
round_is_red() { is red hairpin && is green outside second; }
only_outside() { comes round_is_red; }

. "$(dirname "$0")/live.bash"
try_all
