#!/bin/bash
# A proxy that is started anew when its fault is taken out is the one that it was, though its socket was bound by another name.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"
cat >"$work/front.yaml" <<'END_OF_FILE'
scenario: front
title: The shop is slow
topology:
  lab: front
  bridges: { lan: {} }
  nodes:
    front:
      bridge: lan
      address: 10.5.0.80/24
      services:
        lb: { kind: proxy, port: 80, upstreams: ["back:8080"] }
        https: { kind: http, port: 443, tls: { names: [shop.test] } }
    back: { bridge: lan, address: 10.5.0.81/24, services: { http: { port: 8080, body: "goods\n" } } }
    client: { bridge: lan, address: 10.5.0.9/24 }
faults: [ { kind: http-rate-limited, at: node/front/service/lb, requests: 1, per: 60s } ]
tasks: [ { id: goods, checks: [ { from: client, http: { url: "http://front/", status: 200, requests: 3, share: { back: 100% } } } ] } ]
guards: [ { id: page, from: client, tcp: "front:443", penalty: 10 } ]
solution: [ { unset: node/front/service/lb/rate_limit } ]
wrong_fixes: [ { id: cut, steps: [ { at: front, run: "ip link set eth0 down" } ], caught_by: [page] } ]
END_OF_FILE
snapshot >"$work/before"
run "$LABCTL" prove "$work/front.yaml"
[ $? -eq 0 ] && grep -q "ok *taken out" "$work/out" && grep -qx "  proved" "$work/out"
check "what is started anew is as it was" $?
clean_host
check "nothing is left" $?
exit $((failures > 0))
