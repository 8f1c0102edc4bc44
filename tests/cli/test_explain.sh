#!/bin/bash
# labctl explain: on a file and on a running lab, its verdicts as exit statuses, JSON, the grid, what it refuses.
# shellcheck disable=SC2154 # $work and $failures are of host.bash
. "$(dirname "$0")/host.bash"
cat >"$work/shop.yaml" <<'YAML'
lab: shop
vpcs:
  main:
    cidr: 10.0.0.0/16
    dns: { support: false }
    internet_gateway: true
    subnets: { front: { cidr: 10.0.1.0/24, public_ips: true } }
    route_tables: { main: [ { destination: 0.0.0.0/0, target: internet_gateway } ] }
    security_groups:
      web: { ingress: [ { protocol: tcp, ports: 80, from: any4 } ] }
      db:
        ingress: [ { protocol: tcp, ports: 5432, from: security_group/web } ]
nodes:
  web: { subnet: main/front, security_groups: [web], services: { http: {} } }
  db: { subnet: main/front, security_groups: [db], services: { postgres: { kind: tcp, port: 5432 } } }
  odd: { subnet: main/front, run: ["true"] }
  visitor: { internet: 203.0.113.200 }
YAML
file() { run "$LABCTL" explain --file "$work/shop.yaml" "$@"; }

file web db:5432
[ $? -eq 0 ] && grep -q '^VERDICT  reachable$' "$work/out" && grep -q '^RETURN$' "$work/out"
check "reachable: 0, with the way back" $?
file visitor db:5432
[ $? -eq 1 ] && grep -q '^VERDICT  blocked (timeout), 1 cause$' "$work/out" &&
    grep -q 'ENI_SG_RULES_MISMATCH  vpc/main/security_group/db: .*shop.yaml:11$' "$work/out"
check "blocked: 1, by which thing, on which line" $?
! grep -q '^note:' "$work/out" && sed 's|dns: {.*|ipv6_cidr: "2001:db8:1::/56"|; s|front: { cidr|front: { ipv6_cidr: "2001:db8:1:1::/64", cidr|' "$work/shop.yaml" >"$work/both.yaml" &&
    run "$LABCTL" explain --file "$work/both.yaml" web db:5432 && grep -q '^note: db has the address 2001:db8:1:1::[0-9a-f:]* as well' "$work/out"
check "a name of both families: its other address" $?
file visitor web:81
[ $? -eq 1 ] && grep -q '^VERDICT  blocked (timeout), 2 causes$' "$work/out" && grep -q 'NOBODY_LISTENS' "$work/out"
check "every cause is told" $?
file odd visitor
[ $? -eq 5 ] && grep -q '^VERDICT  undetermined$' "$work/out"
check "undetermined: 5" $?
file web node/db/service/postgres --format json
[ $? -eq 0 ] && grep -q '"verdict": "reachable"' "$work/out" && grep -q '"port": 5432' "$work/out" &&
    grep -q '"version": 1' "$work/out"
check "a service stands for its port; JSON" $?
file web/eth0 203.0.113.200
check "an interface and an address" $?
file 203.0.113.77 web:80
check "somebody on the internet" $?
file web dp:5432
[ $? -eq 4 ] && grep -q "the node 'dp' is not in the topology; did you mean 'db'?" "$work/err"
check "a node that is not there: the nearest one" $?
for bad in db:0 db:70000 db:80/sctp db:http vpc/main; do
    file web "$bad"
    [ $? -eq 2 ] && [ "$(wc -l <"$work/err")" -ge 1 ] && [ ! -s "$work/out" ]
    check "refused: $bad" $?
done
run "$LABCTL" explain --file "$work/shop.yaml" --tcp 80 web db
[ $? -eq 2 ] && grep -q 'DST:PORT' "$work/err"
check "--tcp without --all" $?
run "$LABCTL" explain --file "$work/shop.yaml" --all --tcp 80
[ $? -eq 0 ] && grep -qE '^2 of 12 ordered pairs answer on tcp port 80; .*X: timeout.*undetermined' "$work/out"
check "all pairs" $?

run "$LABCTL" explain web db
[ $? -eq 4 ]
check "no lab: 4" $?
run "$LABCTL" up "$work/shop.yaml" && run "$LABCTL" explain web db:5432
check "on the running lab" $?
run "$LABCTL" set vpc/main/security_group/db/ingress '[]' && run "$LABCTL" explain web db:5432
[ $? -eq 1 ] && grep -q SG_HAS_NO_RULES "$work/out"
check "as it was changed" $?
run "$LABCTL" complete -- explain web ''
grep -qx visitor "$work/out"
check "completion of the second node" $?
complete() { "$LABCTL" complete -- "$@" | cut -f1 | paste -sd' '; }
[ "$(complete logs web '')" = "$("$LABCTL" dump | awk '/^  web:/ { node = 1; next } /^  [a-z]/ { node = 0 } node && /^      [a-z]/ { print $1 }' | tr -d : | paste -sd' ')" ]
check "completion of a node's services" $?
run "$LABCTL" fault inject loss --at node/web/eth0 loss=5% --id drizzle && [ "$(complete fault clear '')" = drizzle ]
check "of the faults that are in" $?
complete link set '' | grep -q 'node/web/eth0' && ! complete link set '' | grep -q service && complete set '' | grep -q 'node/web/eth0/ '
check "of wires, and of things that have keys" $?
run "$LABCTL" fault clear
run "$LABCTL" down shop
[ "$failures" -eq 0 ]
