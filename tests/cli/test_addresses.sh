#!/bin/bash
# as user
# A lab that runs keeps the addresses that it allotted: over a node whose name collides, a declared address that is
# taken, and a director that is killed.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/host.bash"
nodes=(a b c d)
file() { # NODE…: a topology of these, in this order; out hangs at the internet
    printf '%s\n' 'lab: addresses' 'vpcs:' '  v:' '    cidr: 10.0.0.0/16' '    internet_gateway: true' \
        '    subnets: { s: { cidr: 10.0.0.0/27, public_ips: true } }' \
        '    route_tables: { main: [ { destination: default, target: internet_gateway } ] }' \
        '    nat_gateways: { nat: { subnet: s } }' 'nodes:' '  out: { internet: true }'
    for node; do printf '  %s: { subnet: s }\n' "$node"; done
}
planned() { # NODE: its address in the plan in $work/plan
    sed -n "/^node $1\$/,/^\$/s/^ *address \(10[0-9.]*\).*/\1/p" "$work/plan"
}
allotted() { # every address of the lab, from the director and from the nodes themselves
    "$LABCTL" --format json inspect | grep -E '"(public_ip|address|addresses|name)":|[0-9]\.[0-9]'
    for node in "${nodes[@]}" out; do "$LABCTL" exec "$node" ip -o -4 addr show eth0 | grep -o 'inet [0-9.]*'; done
    "$LABCTL" graph
}
own() { "$LABCTL" exec "$1" ip -o -4 addr show eth0 | sed -n 's/.*inet \(10[0-9.]*\).*/\1/p'; }
same() { allotted >"$work/now" 2>&1; diff "$work/kept" "$work/now" >"$work/out"; }
answers() { "$LABCTL" inspect >/dev/null 2>&1; }
snapshot >"$work/before"

file "${nodes[@]}" >"$work/lab.yaml"
run "$LABCTL" plan "$work/lab.yaml"
cp "$work/out" "$work/plan"
declare -A alone
for node in "${nodes[@]}"; do alone[$node]=$(planned "$node"); done

# A name that a fresh lab, where it comes first in the file, would give the address of another node.
collider=
for ((i = 0; i < 100 && ${#collider} == 0; i++)); do
    file "n$i" "${nodes[@]}" >"$work/more.yaml"
    "$LABCTL" plan "$work/more.yaml" >"$work/plan"
    for node in "${nodes[@]}"; do
        if [ "$(planned "n$i")" = "${alone[$node]}" ]; then collider=n$i victim=$node; fi
    done
done
[ -n "$collider" ] && [ "$(planned "$victim")" != "${alone[$victim]}" ]
check "in a fresh lab $collider takes the address of $victim" $?

run "$LABCTL" up "$work/lab.yaml"
check "up" $?
[ "$(own "$victim")" = "${alone[$victim]}" ]
check "the lab has the addresses of its plan" $?
allotted >"$work/kept" 2>&1
[ "$(grep -c 'inet ' "$work/kept")" = 5 ]
check "every node has one" $?

run "$LABCTL" apply --dry-run "$work/more.yaml"
grep -q "node/$collider\|$collider" "$work/out" && ! grep -q "^[-~].*address\|^- " "$work/out"
check "a dry run takes nothing away" $?
cp "$work/out" "$work/dry"
run "$LABCTL" apply "$work/more.yaml"
check "apply" $?
[ "$(grep -c '^[-+~]' "$work/out")" = "$(grep -c '^[-+~]' "$work/dry")" ] && ! grep '^[-+~]' "$work/dry" | grep -vxFf "$work/out"
check "it does what the dry run said" $?
for node in "${nodes[@]}"; do [ "$(own "$node")" = "${alone[$node]}" ] || echo "$node: $(own "$node")"; done >"$work/out"
[ ! -s "$work/out" ]
check "$victim and the others keep their addresses" $?
new=$(own "$collider")
[ -n "$new" ] && [ "$new" != "${alone[$victim]}" ]
check "$collider has another one" $?
"$LABCTL" exec a ping -c 1 -W 2 "$new" >"$work/out" 2>&1
check "and is reached" $?

nodes+=("$collider")
allotted >"$work/kept" 2>&1
kill -KILL "$(director_pid)"
until_true 10 answers && same
check "a director that is killed finds the same addresses" $?
run "$LABCTL" apply "$work/more.yaml" && grep -q "nothing changed" "$work/out"
check "and the same lab" $?
run "$LABCTL" set node/a/labels '{ seen: yes }' && same
check "set renumbers nothing" $?

# The director, killed in the middle of a change: what it finishes is what was begun.
bad=0
for delay in 0 1 2 4 6 8 10 15 20 30; do
    director=$(director_pid)
    file "x$delay" "$collider" a b c d >"$work/next.yaml"
    "$LABCTL" apply "$work/next.yaml" >"$work/out" 2>"$work/err" &
    pid=$!
    pause "$delay"
    kill -KILL "$director" 2>/dev/null
    wait $pid
    until_true 10 answers || { bad=1; break; }
    for node in a b c d; do [ "$(own $node)" = "${alone[$node]}" ] || bad=1; done
    [ "$(own "$collider")" = "$new" ] || bad=1
    [ $bad -eq 0 ] || break
done
check "killed in the middle of changes: nobody is renumbered" $bad
run "$LABCTL" apply "$work/more.yaml" && same
check "without them it is the lab of before" $?

run "$LABCTL" set "node/$collider/address" "${alone[a]}"
check "an address is declared that another node was allotted" $?
[ "$(own "$collider")" = "${alone[a]}" ] && [ -n "$(own a)" ] && [ "$(own a)" != "${alone[a]}" ]
check "the declared one wins, the allotted one gives way" $?
for node in b c d; do [ "$(own $node)" = "${alone[$node]}" ] || echo "$node: $(own $node)"; done >"$work/out"
[ ! -s "$work/out" ]
check "nobody else moves" $?
allotted >"$work/kept" 2>&1
kill -KILL "$(director_pid)"
until_true 10 answers && same
check "and the director may be killed again" $?
"$LABCTL" exec b ping -c 1 -W 2 "$(own a)" >"$work/out" 2>&1
check "the node that moved is reached" $?

run "$LABCTL" down
check "down" $?
clean_host
check "the host is as it was" $?
[ "$failures" -eq 0 ]
