#!/bin/bash
# A matrix of several ports measures each of them, also where all answers of one come at once: the way is long, and another
# check keeps the prober busy meanwhile (it reads the authorities that the node trusts).
# shellcheck disable=SC2154 # work, failures: host.bash
. "$(dirname "$0")/../cli/host.bash"
cat >"$work/far.yaml" <<'YAML'
lab: probe-matrix
links: { wire: { delay: 15ms } }
nodes:
  a: { link: wire, address: 10.0.0.1/24 }
  b:
    link: wire
    address: 10.0.0.2/24
    services: { http: {}, web: { kind: http, port: 443, tls: { cert: valid, names: [b.test] } } }
checks:
  - { id: ports, matrix: { ports: [80, 443, 81, 82], pairs: [ { from: a, to: b, ports: [80, 443] } ] }, within: 20s, timeout: 8s }
  - { id: hidden, matrix: { ports: [81, 443, 82, 80], expect: none }, timeout: 8s }
  - { id: tls, from: a, tls: { to: b, server_name: b.test }, within: 20s, timeout: 5s }
YAML
run "$LABCTL" up "$work/far.yaml"
check "up" $?
for round in 1 2 3 4 5; do
    run "$LABCTL" check ports tls
    check "each port is measured beside another check, $round" $?
    ! grep -q '(none)' "$work/out"
    check "and nothing is judged that was not measured, $round" $?
    run "$LABCTL" check hidden tls
    [ $? -eq 1 ] && grep -q 'a reaches b on tcp/443' "$work/out" && grep -q 'a reaches b on tcp/80' "$work/out"
    check "what shall be closed and is open is seen on each port, $round" $?
done
run "$LABCTL" down probe-matrix
[ "$failures" -eq 0 ]
