#!/bin/bash
# One lab through the commands about a lab and its nodes; the host is as it was afterwards.
# shellcheck disable=SC2154 # $work and $failures are of host.bash
. "$(dirname "$0")/host.bash"
cat >"$work/shop.yaml" <<'YAML'
lab: shop
title: Two machines
bridges: { lan: {} }
nodes:
  web:
    bridge: lan
    address: 10.0.0.1/24
    services: { http: { body: "hello\n" } }
  db:
    bridge: lan
    address: 10.0.0.2/24
    routes: [ { destination: 10.9.0.0/24, via: 10.0.0.1 } ]
checks:
  - { id: hello, from: db, http: { url: "http://web/", status: 200 } }
YAML
snapshot >"$work/before"

run "$LABCTL" up "$work/shop.yaml"
check "up" $?
grep -qx 'lab shop is up: 2 nodes in [0-9.]* s' "$work/out" && [ ! -s "$work/err" ]
check "up says what it did, and nothing else" $?
run "$LABCTL" up "$work/shop.yaml"
[ $? -eq 4 ] && grep -q "lab 'shop' is running already" "$work/err" && grep -q 'labctl apply' "$work/err"
check "a second up names apply" $?
run "$LABCTL" up -t "$work/shop.yaml" --name other --format json
check "another lab of the same file" $?
grep -q '"lab": "other"' "$work/out"
check "up --format json" $?
run "$LABCTL" list --format json
[ "$(grep -c '"state": "running"' "$work/out")" -eq 2 ]
check "list shows both" $?
run "$LABCTL" inspect
[ $? -eq 2 ] && grep -q 'other, shop' "$work/err"
check "two labs: say which" $?
run "$LABCTL" down other
check "down of one" $?
run "$LABCTL" down other
check "down of nothing is no error" $?

run "$LABCTL" inspect --format json
grep -q '"version": 1' "$work/out" && grep -q '10.0.0.2/24' "$work/out"
check "inspect --format json" $?
run "$LABCTL" exec web hostname
[ "$(cat "$work/out")" = web ]
check "exec" $?
run "$LABCTL" web hostname
[ "$(cat "$work/out")" = web ]
check "a node's name in place of a verb" $?
run "$LABCTL" exec web -- sh -c 'exit 7'; [ $? -eq 7 ]
check "exec: the command's status" $?
run "$LABCTL" exec web -- sh -c 'kill -15 $$'; [ $? -eq 143 ]
check "exec: killed by a signal" $?
run "$LABCTL" exec web nosuch; [ $? -eq 127 ]
check "exec: not found" $?
run "$LABCTL" exec web /etc/hosts; [ $? -eq 126 ]
check "exec: not executable" $?
run "$LABCTL" exec wbe true; [ $? -eq 125 ] && grep -q "did you mean 'web'" "$work/err"
check "exec: no such node" $?
[ "$(seq 1 100000 | "$LABCTL" exec web -- cat | sha256sum)" = "$(seq 1 100000 | sha256sum)" ]
check "exec: standard input and output are the caller's" $?
"$LABCTL" exec web -- sh -c 'trap "exit 42" TERM; echo ready; sleep 60 & wait' >"$work/out" 2>"$work/err" </dev/null &
caller=$!
until_true 5 grep -q ready "$work/out"
kill -TERM $caller
wait $caller; [ $? -eq 42 ]
check "exec: signals are forwarded" $?
[ "$(echo 'hostname' | "$LABCTL" shell db)" = db ]
check "shell from a pipe" $?
script -qec "$LABCTL shell db" /dev/null >"$work/out" 2>&1 <<'IN'
stty size; tty; echo "$((40 + 2))"; exit 9
IN
[ $? -eq 9 ] && grep -q '^/dev/pts/' "$work/out" && grep -q '^42' "$work/out"
check "shell on a terminal" $?

run "$LABCTL" dump
cp "$work/out" "$work/dump.yaml"
run "$LABCTL" apply "$work/dump.yaml"
[ $? -eq 0 ] && [ "$(cat "$work/out")" = "nothing changed" ]
check "applying the dump changes nothing" $?
sed 's/10.9.0.0/10.8.0.0/' "$work/dump.yaml" >"$work/changed.yaml"
run "$LABCTL" apply --dry-run "$work/changed.yaml"
grep -q '^+ route 10.8.0.0/24' "$work/out" && grep -q '^- route 10.9.0.0/24' "$work/out" &&
    "$LABCTL" exec db ip route | grep -q 10.9.0.0
check "apply --dry-run shows and does nothing" $?
run "$LABCTL" apply "$work/changed.yaml"
check "apply" $?
"$LABCTL" exec db ip route >"$work/out"
grep -q 10.8.0.0/24 "$work/out" && ! grep -q 10.9.0.0 "$work/out"
check "apply did it" $?
run "$LABCTL" set node/db/routes '[ { destination: 10.7.0.0/24, via: 10.0.0.1 } ]'
[ $? -eq 0 ] && "$LABCTL" exec db ip route | grep -q 10.7.0.0/24
check "set" $?
run "$LABCTL" set node/db/routs '[]'
[ $? -eq 2 ]
check "set of an unknown key" $?
run "$LABCTL" set node/bd/routes '[]'
[ $? -eq 4 ] && grep -q "db" "$work/err"
check "set at an unknown thing" $?
run "$LABCTL" unset node/db/routes
[ $? -eq 0 ] && ! "$LABCTL" exec db ip route | grep -q 10.7.0.0/24
check "unset" $?
EDITOR="sed -i s/10.0.0.2/10.0.0.3/" run "$LABCTL" edit
[ $? -eq 0 ] && "$LABCTL" exec db ip addr show eth0 | grep -q 10.0.0.3/24
check "edit" $?
EDITOR=true run "$LABCTL" edit
[ $? -eq 0 ] && grep -q unchanged "$work/err"
check "edit without a change" $?
EDITOR="sed -i s/bridge:/brigde:/" run "$LABCTL" edit
[ $? -eq 2 ] && kept=$(sed -n 's/^Your text is kept in \([^;]*\);.*/\1/p' "$work/err") && grep -q brigde "$kept" && rm "$kept"
check "edit keeps a text with mistakes" $?
mkdir "$work/edited"
(trap '' XFSZ; ulimit -f 0; TMPDIR=$work/edited EDITOR=true exec "$LABCTL" edit) 2>/dev/null
[ $? -eq 3 ] && [ -z "$(ls "$work/edited")" ]
check "edit leaves nothing where there is no room for the text" $?
run "$LABCTL" dump
"$LABCTL" dump >"$work/again"
cmp -s "$work/out" "$work/again" && grep -q 10.0.0.3 "$work/out"
check "dump shows the changes" $?

"$LABCTL" capture db -w - -c 2 icmp >"$work/icmp.pcap" 2>"$work/err" &
caller=$!
until_true 5 test -s "$work/icmp.pcap"
run "$LABCTL" exec web ping -c 1 -W 2 10.0.0.3
wait $caller
check "capture ends after -c packets" $?
[ "$(tcpdump -nr "$work/icmp.pcap" 2>/dev/null | grep -c 'ICMP echo')" -eq 2 ]
check "tcpdump reads the capture" $?
run timeout -s INT 10 "$LABCTL" capture db -w /dev/full
[ $? -eq 3 ] && grep -q "write /dev/full: No space left on device" "$work/err"
check "capture: a full disk is no capture" $?
run "$LABCTL" capture db 'tpc'
[ $? -eq 2 ] && grep -q "filter 'tpc'" "$work/err"
check "capture: a wrong filter" $?
run "$LABCTL" capture web/eth9
[ $? -eq 4 ] && grep -q "did you mean 'eth0'" "$work/err"
check "capture: no such interface" $?
run "$LABCTL" logs web http
check "logs" $?
run "$LABCTL" logs web htpt
[ $? -eq 4 ] && grep -q "did you mean 'http'" "$work/err"
check "logs: no such service" $?

run "$LABCTL" down
check "down" $?
clean_host
check "the host is as it was" $?

sed 's/hello\\n/x/; s/services: .*/run: [ "exit 3" ]/' "$work/shop.yaml" >"$work/fails.yaml"
run "$LABCTL" up "$work/fails.yaml"
[ $? -ne 0 ] && grep -q 'exit 3' "$work/err"
check "a run line that fails fails up" $?
clean_host
check "and nothing is left" $?
run "$LABCTL" up "$work/nosuch.yaml"; [ $? -eq 2 ]
check "a file that is not there" $?
run "$LABCTL" --lab none inspect; [ $? -eq 4 ]
check "a lab that is not there" $?
run "$LABCTL" upp x; [ $? -eq 2 ] && grep -q "did you mean 'up'" "$work/err"
check "a slip in the verb" $?
run "$LABCTL" up --nmae x "$work/shop.yaml"; [ $? -eq 2 ] && grep -q "did you mean '--name'" "$work/err"
check "a slip in an option" $?
[ "$failures" -eq 0 ]
