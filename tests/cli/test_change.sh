#!/bin/bash
# Changes that cannot be: refused whole, and the lab is what it was; two at a time; a shell whose caller is killed.
# shellcheck disable=SC2154 # $work and $failures are of host.bash
. "$(dirname "$0")/host.bash"
cat >"$work/lab.yaml" <<'YAML'
lab: change
bridges: { lan: {} }
nodes:
  web: { bridge: lan, address: 10.0.0.1/24 }
  db: { bridge: lan, address: 10.0.0.2/24 }
YAML
variant() { sed "s|10.0.0.1/24 }|10.0.0.1/24, $2 }|" "$work/lab.yaml" >"$work/$1.yaml"; }
variant refused 'files: { /etc/motd: { content: hi } }, nftables: "table inet x { chain y { iif nothing accept; }; }"'
variant silent 'services: { s: { kind: exec, command: "echo waiting >\&2; sleep 100", ready: { tcp: 99 } } }'
variant dead 'services: { s: { kind: exec, command: "echo no luck >\&2; exit 4", ready: { tcp: 99 } } }'
variant missing 'services: { s: { kind: exec, command: no-such-program --now } }'
variant brief 'services: { s: { kind: exec, command: "sleep 0.03; echo a word that it does not know >\&2; exit 5" } }'
variant motd 'files: { /etc/motd: { content: hi } }'
snapshot >"$work/before"

run "$LABCTL" up "$work/dead.yaml"
[ $? -eq 3 ] && grep -q 'web/s ended with status 4' "$work/err" && grep -q 'no luck' "$work/err"
check "up names the service that does not start, and shows its log" $?
! grep -q director "$work/err"
check "and says it once" $?
clean_host
check "and nothing is left" $?

run "$LABCTL" up "$work/missing.yaml"
[ $? -eq 3 ] && grep -q 'web/s could not be started: execute no-such-program: No such file' "$work/err"
check "and one whose program there is not, though nothing waits for it" $?
clean_host

run "$LABCTL" up "$work/brief.yaml"
[ $? -eq 3 ] && grep -q 'web/s ended with status 5' "$work/err" && grep -q 'a word that it does not know' "$work/err"
check "and one that ends when it has seen its configuration, though nothing waits for it either" $?
clean_host

run "$LABCTL" up "$work/lab.yaml"
check "up" $?
"$LABCTL" dump >"$work/healthy"
run "$LABCTL" apply "$work/refused.yaml"
[ $? -eq 3 ] && grep -q 'refused.yaml:[0-9]*:[0-9]*: error: nft: ' "$work/err" && grep -q '^labctl: nothing was changed$' "$work/err"
check "a ruleset that nft refuses" $?
! "$LABCTL" exec web test -e /etc/motd && [ -z "$("$LABCTL" exec web nft list tables)" ]
check "what was done before it is undone" $?

"$LABCTL" exec web ip link del eth0
run "$LABCTL" inspect
grep -q '^warning: interface eth0 of web is gone: .*labctl apply' "$work/out"
check "an interface that was deleted in its node is told, with the remedy" $?
run "$LABCTL" apply --dry-run "$work/lab.yaml"
grep -q '^+ link web/eth0 .*(it was gone)$' "$work/out" && ! "$LABCTL" exec web ip link show eth0 >"$work/out" 2>&1
check "apply --dry-run names it" $?
run "$LABCTL" apply "$work/lab.yaml"
grep -q '^1 operation done$' "$work/out" && "$LABCTL" exec web ping -n -c 1 -W 1 10.0.0.2 >>"$work/out"
check "apply makes it again" $?
run "$LABCTL" apply "$work/lab.yaml"
grep -q '^nothing changed$' "$work/out"
check "once" $?

"$LABCTL" apply "$work/silent.yaml" >"$work/slow" 2>&1 &
slow=$!
busy() { "$LABCTL" list --format json | grep -q '"busy": "apply"'; }
until_true 5 busy
check "list says who is at work" $?
run "$LABCTL" apply "$work/motd.yaml"
[ $? -eq 4 ] && grep -q "busy: apply by pid $slow since" "$work/err"
check "a second change is refused" $?
wait $slow
[ $? -eq 3 ] && grep -q 'nothing was changed: service web/s does not answer on tcp/99' "$work/slow" && grep -q waiting "$work/slow"
check "a service that does not answer, with its log" $?
"$LABCTL" dump | cmp -s - "$work/healthy"
check "the topology is what it was" $?
run "$LABCTL" apply "$work/motd.yaml"
[ $? -eq 0 ] && [ "$("$LABCTL" exec web cat /etc/motd)" = hi ]
check "the next change works" $?

# What comes with an interface that comes up is put there by that already; the rest of the change meets it.
"$LABCTL" exec web sh -c 'ip neigh; ip route' | sort >"$work/neighbours"
for round in first second; do
    run "$LABCTL" set node/web/up false && ! "$LABCTL" exec web ping -n -c 1 -W 1 10.0.0.2 >"$work/out" 2>&1
    check "an interface is switched off, the $round time" $?
    run "$LABCTL" set node/web/up true && "$LABCTL" exec web ping -n -c 1 -W 1 10.0.0.2 >>"$work/out" &&
        "$LABCTL" exec web sh -c 'ip neigh; ip route' | sort | cmp - "$work/neighbours" >>"$work/out"
    check "and on again, with what it had" $?
done

run "$LABCTL" set lab other
[ $? -eq 2 ] && grep -q '^labctl: a lab that runs keeps its name' "$work/err"
check "a lab that runs keeps its name" $?
run "$LABCTL" set title 'Two machines'
[ $? -eq 0 ] && "$LABCTL" dump | grep -qx 'lab: change' && "$LABCTL" dump | grep -qx 'title: Two machines'
check "and can be changed afterwards" $?

# What the caller has closed is closed for the program as well, and never something of labctl's own.
"$LABCTL" exec web -- cat <&- >"$work/out" 2>&1
grep -q 'Bad file descriptor' "$work/out" && ! "$LABCTL" exec web -- readlink /proc/self/fd/0 <&- | grep -qE 'socket|anon_inode|memfd'
check "a closed standard input stays closed in the node" $?
"$LABCTL" exec web -- sh -c 'echo lost; exit 7' >&- 2>/dev/null
[ $? -eq 7 ] && "$LABCTL" set title 'Closed' <&- >&- 2>&-; "$LABCTL" dump | grep -qx 'title: Closed'
check "a change is made with nothing to write to" $?

# A shell: its terminal is as before when the lab ends, and the shell ends when its caller is killed.
mkfifo "$work/keys"
exec {keys}<>"$work/keys"
script -qec "stty -a >'$work/tty'; '$LABCTL' shell web; stty -a | cmp - '$work/tty' && echo SAME" /dev/null \
    >"$work/out" 2>&1 <"$work/keys" &
echo 'sleep 1000' >&$keys
sleeping() { "$LABCTL" exec web pgrep -x sleep >/dev/null; }
until_true 5 sleeping
kill -KILL "$(keeper_pid)"
until_true 5 grep -q SAME "$work/out"
check "the terminal is restored when the lab dies" $?
kill %% 2>/dev/null
wait 2>/dev/null
run "$LABCTL" up "$work/lab.yaml"
script -qec "exec '$LABCTL' shell web" /dev/null >"$work/out" 2>&1 <"$work/keys" &
echo 'sleep 1000' >&$keys
until_true 5 sleeping
kill -KILL "$(pgrep -xf "$LABCTL shell web")"
not_sleeping() { ! sleeping; }
until_true 5 not_sleeping
check "a shell ends with its caller" $?
kill %% 2>/dev/null
wait 2>/dev/null
run "$LABCTL" down
check "down" $?
# ---- what is wrong with the running lab is no mistake of the file that is applied to it ----
cat >"$work/peers.yaml" <<'YAML'
lab: peers
vpcs:
  a: { cidr: 10.1.0.0/16, subnets: { s: { cidr: 10.1.1.0/24 } }, security_groups: { ops: { ingress: [] } } }
  b:
    cidr: 10.2.0.0/16
    subnets: { s: { cidr: 10.2.1.0/24 } }
    security_groups: { db: { ingress: [ { protocol: tcp, ports: 5432, from: vpc/a/security_group/ops } ] } }
peerings: { between-them: { between: [a, b] } }
nodes: { one: { subnet: a/s, security_groups: [ops] }, two: { subnet: b/s, security_groups: [db] } }
YAML
run "$LABCTL" up "$work/peers.yaml" && run "$LABCTL" fault inject peering-missing --at peering/between-them && "$LABCTL" dump >"$work/dump.yaml"
sed '/^nodes/a\  three: { subnet: b/s }' "$work/dump.yaml" >"$work/three.yaml"
run "$LABCTL" apply "$work/dump.yaml" && grep -qx 'nothing changed' "$work/out" && grep -q 'warning: .*\[unpeered-group\]' "$work/err"
check "a dump can be applied while a fault makes the lab break a rule" $?
run "$LABCTL" apply "$work/three.yaml" && run "$LABCTL" exec three true && run "$LABCTL" fault status && grep -q 'in force: yes' "$work/out"
check "also with a change beside it, which leaves the fault alone" $?
sed -i 's/ports: 5432/ports: 99999/' "$work/dump.yaml"
run "$LABCTL" apply "$work/dump.yaml"
[ $? -eq 2 ] && grep -q "error: .*99999" "$work/err"
check "what is wrong besides is an error" $?
run "$LABCTL" fault clear && { run "$LABCTL" apply "$work/three.yaml"; [ $? -eq 2 ]; } && grep -q 'error: .*\[unpeered-group\]' "$work/err"
check "and so is the same where the running lab is right" $?
run "$LABCTL" down peers
# ---- names in a lab whose nodes share their hosts file as a layer, which few nodes do not ----
{
    echo 'lab: many'; echo 'bridges: { lan: {} }'; echo 'nodes:'
    for i in {1..40}; do echo "  n$i: { bridge: lan, address: 10.0.0.$i/24 }"; done
} >"$work/many.yaml"
many() { run "$LABCTL" --lab many "$@"; }
resolves() { many exec "$1" -- getent hosts n1 && grep -q "^$2 " "$work/out"; }
run "$LABCTL" up "$work/many.yaml" && resolves n7 10.0.0.1 && many exec n5 -- sh -c 'echo 10.9.9.9 mine >>/etc/hosts'
check "forty nodes resolve each other" $?
many set node/n1/eth0/address 10.0.0.101/24 && resolves n7 10.0.0.101 && resolves n40 10.0.0.101
check "and by the new address when one changes" $?
many exec n5 -- tail -n 1 /etc/hosts && grep -qx '10.9.9.9 mine' "$work/out"
check "but the hosts file that somebody changed stays" $?
run "$LABCTL" down many
clean_host
check "the host is as it was" $?
[ "$failures" -eq 0 ]
