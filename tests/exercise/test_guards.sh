#!/bin/bash
# A guard that asks for silence is green where the service is there and kept from the prober, never because it is gone.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"
cat >"$work/guards.yaml" <<'END_OF_FILE'
scenario: guards
title: One guard, one fault
topology:
  lab: guards
  bridges: { lan: {} }
  nodes:
    a: { bridge: lan, address: 10.0.0.1/24 }
    web: { bridge: lan, address: 10.0.0.2/24, services: { page: { kind: http, port: 80 } } }
    db:
      bridge: lan
      address: 10.0.0.3/24
      services: { sql: { kind: tcp, port: 5432 }, log: { kind: udp-echo, port: 514 } }
      nftables: |
        table inet door {
          chain input { type filter hook input priority 0; meta l4proto { tcp, udp } th dport { 514, 5432 } drop; }
        }
faults: [ { kind: http-error, at: node/web/service/page } ]
tasks: [ { id: page, checks: [ { from: a, http: { url: "http://web/", status: 200 }, points: 100 } ] } ]
guards:
  - { id: tcp-kept-out, from: a, tcp: { to: db, port: 5432, expect: blocked }, penalty: 10 }
  - { id: udp-kept-out, from: a, udp: { to: db, port: 514, expect: silent }, penalty: 10 }
END_OF_FILE
snapshot >"$work/before"
lab() { run "$LABCTL" --lab guards "$@"; }
judged() { # VERDICT TEXT: both guards
    lab check tcp-kept-out
    tcp=$(<"$work/out")
    lab check udp-kept-out
    [[ $tcp == $1*$2* && $(<"$work/out") == $1*$2* ]]
}

run "$LABCTL" start "$work/guards.yaml"
check "an exercise with guards starts" $?
judged pass ""
check "what is kept out is kept out" $?
lab exec db -- ip link set eth0 down
judged FAIL "the service is broken: the interface that it is reached by is switched off"
check "a machine that is switched off keeps nobody out" $?
lab exec db -- ip link set eth0 up
judged pass ""
check "switched on again it does" $?
lab unset node/db/services && judged FAIL "the service is broken: nobody listens there any more"
check "nor does a service that was taken away" $?
lab abandon
rm -rf "$XDG_STATE_HOME/labctl"
clean_host
check "nothing is left" $?
exit $((failures > 0))
