#!/bin/bash
# long
# as user
# An exercise whose lab is gone is taken up again: what was changed by hand is there, the clock goes on, the score is as if
# nothing had happened; what is damaged is refused, and the last good checkpoint stays.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"
cat >"$work/rescue.yaml" <<'END'
scenario: rescue
title: Nobody gets out
time: 20m
topology:
  lab: rescue
  bridges: { lan: {}, dmz: {} }
  nodes:
    web: { interfaces: { eth0: { bridge: dmz, address: 10.1.0.1/24, gateway: 10.1.0.254 } }, services: { http: { port: 80 } } }
    gw:
      forwarding: true
      interfaces: { eth0: { bridge: lan, address: 10.0.0.254/24 }, eth1: { bridge: dmz, address: 10.1.0.254/24 } }
    ns: { bridge: lan, address: 10.0.0.53/24, services: { dns: { zones: { lab.test: { web: 10.1.0.1 } } } } }
    ops: { interfaces: { eth0: { bridge: lan, address: 10.0.0.3/24, gateway: 10.0.0.254 } }, resolver: { servers: [10.0.0.53] } }
faults:
  - { id: away, kind: route-missing, at: ops, destination: default }
tasks:
  - id: out
    title: ops reaches the web
    checks:
      - { id: page, from: ops, http: { url: "http://web.lab.test/", status: 200 }, points: 100 }
guards: [ { id: closed, from: gw, tcp: { to: web, port: 22, expect: refused }, penalty: 30 } ]
hints: [ { task: out, cost: 10, text: "look at its routes" } ]
END
lab() { run "$LABCTL" --lab rescue "$@"; }
inside() { "$LABCTL" --lab rescue exec "$1" -- bash -s; } # NODE, a script on standard input
directory() { echo "$XDG_STATE_HOME"/labctl/exercises/*-rescue; }
latest() { if [ "$(directory)/checkpoint.1" -nt "$(directory)/checkpoint.2" ]; then echo "$(directory)/checkpoint.1"; else echo "$(directory)/checkpoint.2"; fi; }
no_lab() { [ -z "$(keeper_pid)" ]; }
lose() { # the keeper dies, and all of the lab with it
    kill -KILL "$(keeper_pid)"
    until_true 10 no_lab
}
total() { sed -n '/^  "points"/,/}/s/.*"total": \([0-9]*\).*/\1/p' "$work/out"; }
# What a person can see of a node that he has changed, without what the kernel numbers or orders anew.
state() { # NODE
    inside "$1" <<'END' 2>&1
ip -o addr | sed 's/^[0-9]*: //; s/valid_lft.*//' | sort
ip route show table all | grep -v 'table local' | sort
ip -6 route show table all | grep -v 'table local\|ff00\|fe80' | sort
ip rule; ip neigh show nud permanent | sort; nft list ruleset
ip -o link | sed 's/^[0-9]*: //; s/@[^ ]*//; s/ link-netns.*//; s/ altname.*//; s/<.*> mtu/mtu/; s/ state .* mode/ mode/' | sort
grep -rH . /proc/sys/net/ipv4/conf /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/tcp_syncookies 2>/dev/null | sort
find /etc /root /home /srv /var/www | sort
find /etc /root /home /srv -type f -newermt '2000-01-02' ! -newermt '2000-01-04' -printf '%p %m %U %G %T@ %s\n' | sort
find /etc /root -type f -size -100k -exec sha256sum {} + | sort
readlink /root/link
END
}

# ---- nothing to take up ----
run "$LABCTL" resume
[ $? -eq 4 ] && grep -q "no exercise is paused, and none was interrupted" "$work/err"
check "nothing to take up" $?
run "$LABCTL" start "$work/rescue.yaml"
check "it starts" $?
[ "$failures" -eq 0 ] || exit 1
[ -s "$(directory)/alive" ] && until_true 5 test -s "$(directory)/checkpoint.2"
check "the first checkpoint comes at once" $?
run "$LABCTL" resume
[ $? -eq 4 ] && grep -q "running, not paused" "$work/err"
check "a clock that runs is not resumed" $?
grep -aqE 'route-missing|10\.0\.0|look at its' "$(directory)"/checkpoint.* && tells=1 || tells=0
check "a checkpoint tells nothing to who reads it by accident" "$tells"

# ---- what a learner does ----
inside ops <<'END' >"$work/out" 2>"$work/err"
set -e
ip route add default via 10.0.0.254
ip addr add 192.168.7.1/24 dev eth0
ip addr add 192.168.7.2/24 dev eth0
ip route add 172.16.0.0/12 via 10.0.0.254 metric 7
ip route add blackhole 203.0.113.0/24
ip route add default via 10.0.0.254 table 77
ip rule add from 192.168.7.1 table 77 priority 500
ip neigh add 10.0.0.99 lladdr 02:00:00:00:00:99 dev eth0
ip link add link0 type bridge
ip addr add 10.9.9.9/32 dev link0
ip link set link0 up mtu 1400
echo 2 >/proc/sys/net/ipv4/conf/eth0/rp_filter
echo 0 >/proc/sys/net/ipv4/tcp_syncookies
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 0 >/proc/sys/net/ipv4/conf/link0/forwarding
nft -f - <<'RULES'
table inet mine {
    set ports { type inet_service; elements = { 23, 9 } }
    chain in {
        type filter hook input priority 0; policy accept;
        tcp dport @ports counter drop comment "mine"
    }
}
RULES
echo changed >/etc/motd
chmod 600 /etc/motd
mkdir -p /root/notes/deep /home/me
printf 'binary\0content\n' >/root/notes/deep/file
touch -d 2000-01-03 /root/notes/deep/file
ln -s /etc/motd /root/link
ln -s nowhere /root/dangling
mkfifo /root/pipe
head -c 2000000 /dev/zero >/root/large
rm /etc/services
rm -r /var/spool
END
check "the learner works" $?
inside web <<'END' >"$work/out" 2>"$work/err"
set -e
ip route replace default via 10.1.0.254 metric 50
ip link set eth0 mtu 1300
END
check "in another node too" $?
lab set node/ns/labels '{ seen: yes }' && lab hint && lab check >/dev/null
for node in ops web; do state $node >"$work/$node.before"; done
sed -i '/large\|pipe/d' "$work/ops.before"
lab pause
check "a pause keeps what is there" $?

# ---- the keeper dies ----
lose
run "$LABCTL"
[ $? -eq 0 ] && grep -q "Exercise rescue was interrupted; .labctl resume. takes it up again" "$work/out"
check "labctl alone says so" $?
run "$LABCTL" status
[ $? -eq 4 ] && grep -q "rescue was interrupted" "$work/err"
check "status too" $?
run "$LABCTL" exercises && grep -q "rescue was interrupted" "$work/out"
check "exercises too" $?
run "$LABCTL" gc && grep -q "labctl resume" "$work/out"
check "gc too" $?
run "$LABCTL" resume other
[ $? -eq 4 ] && grep -q "no exercise 'other' was interrupted" "$work/err"
check "one that there is not" $?

# ---- what is refused ----
good() { cp "$work/good/$1" "$(directory)/$1"; }
mkdir "$work/good" && cp "$(directory)"/*.* "$work/good/"
sed -i '2s/"cost":10/"cost":99/; 3s/"cost":10/"cost":99/; 4s/"cost":10/"cost":99/' "$(directory)/journal.jsonl"
run "$LABCTL" resume
[ $? -eq 2 ] && grep -q "corrupted journal: line [234]: its hash is not that of its content" "$work/err" && no_lab
check "a journal that was changed, with its line" $?
good journal.jsonl
sed -i "$(grep -n '"event":"hint"' "$(directory)/journal.jsonl" | cut -d: -f1),\$d" "$(directory)/journal.jsonl"
run "$LABCTL" resume
[ $? -eq 2 ] && grep -q "corrupted journal: .*lines are missing at its end" "$work/err" && no_lab
check "a journal whose end was cut away" $?
good journal.jsonl
printf 'x' | dd of="$(directory)/checkpoint.1" bs=1 seek=300 conv=notrunc 2>/dev/null
printf 'x' | dd of="$(directory)/checkpoint.2" bs=1 seek=300 conv=notrunc 2>/dev/null
run "$LABCTL" resume
[ $? -eq 2 ] && grep -q "the checkpoint is damaged: its hash is not that of its content" "$work/err" && no_lab
check "checkpoints that were changed" $?
good checkpoint.1 && good checkpoint.2
printf 'lab: rescue\nbridges: { b: {} }\nnodes: { a: { bridge: b, address: 10.0.0.1/24 } }\n' >"$work/plain.yaml"
run "$LABCTL" up "$work/plain.yaml"
run "$LABCTL" resume rescue
[ $? -eq 4 ] && grep -q "a lab 'rescue' is running" "$work/err"
check "where a lab of its name runs" $?
run "$LABCTL" down rescue

# ---- taken up ----
run "$LABCTL" resume && grep -q "Exercise rescue goes on in lab rescue" "$work/out" &&
    grep -Eq "put back as it was at [0-9:]{8}, [0-9:]+ ago; what was changed after that, programs that you had started" "$work/out"
check "it goes on" $?
grep -q "not put back: ops: /root/large was not kept: it is larger than 1 MiB" "$work/out" && grep -q "/root/pipe was not kept: it is no regular file" "$work/out"
check "what could not be kept is told" $?
for node in ops web; do
    state $node >"$work/$node.after"
    diff "$work/$node.before" "$work/$node.after" >"$work/out" 2>&1
    check "$node is as it was" $?
done
lab dump && grep -q 'seen: "yes"' "$work/out"
check "so is the topology" $?
lab --format json status && grep -q '"hints_left": 0' "$work/out" && [ "$(total)" = 90 ]
check "hints and points too" $?
grep -q '"checkpoint_age":[0-9]' "$(directory)/journal.jsonl" && grep -q '"event":"lost"' "$(directory)/journal.jsonl" && grep -q '"event":"resume"' "$(directory)/journal.jsonl"
check "the lost time is on record" $?

# ---- twice, without a pause, while it is being written ----
"$LABCTL" --lab rescue exec ops -- sh -c 'echo second >/etc/motd' </dev/null
lab pause && lab resume
touch "$work/then"
"$LABCTL" --lab rescue exec ops -- sh -c 'echo third >/etc/motd' </dev/null
lose
# On a busy machine another checkpoint may have come in between: what it knows is not known here.
motd() { "$LABCTL" --lab rescue exec ops -- cat /etc/motd </dev/null; }
known=second
[ "$(latest)" -nt "$work/then" ] && known='@(second|third)'
old() { [ $(($(date +%s) - $(stat -c %Y "$(directory)/alive"))) -ge 3 ]; }
until_true 10 old
# shellcheck disable=SC2053 # a pattern
run "$LABCTL" --format json resume && [[ $(motd) == $known ]]
check "a second time: what the last checkpoint knew" $?
known=$(motd)
age=$(sed -n 's/.*"checkpoint_age_s": \([0-9]*\).*/\1/p' "$work/out")
[ "${age:-0}" -ge 2 ] && [ "$age" -le 60 ]
check "and how old it is: $age s" $?
lab pause
cp "$(directory)"/checkpoint.* "$work/good/"
lose
latest=$(latest)
for cut in 0 60 5000; do
    good "${latest##*/}"
    truncate -s $cut "$latest"
    run "$LABCTL" resume && [ "$(motd)" = "$known" ]
    check "cut off at $cut bytes: the one before it" $?
    lab pause
    cp "$(directory)"/checkpoint.* "$work/good/"
    lose
    latest=$(latest)
done
run "$LABCTL" resume
check "and once more" $?

# ---- the score is as if nothing had happened ----
lab --format json submit && [ "$(total)" = 90 ]
check "submit: 100 - 10" $?
grep -q 'programs that the learner had started, connections and conntrack entries are gone' "$work/out" && grep -q 'not put back: ops: /root/large' "$work/out"
check "the report says what is gone" $?
find "$(directory)" -name 'checkpoint.*' -size +0 -o -name alive -size +0 | grep -q . && left=1 || left=0
check "no checkpoint outlives the exercise" $left
run "$LABCTL" report --rescore && run "$LABCTL" resume
[ $? -eq 4 ]
check "what was scored is not taken up" $?
rm -rf "$XDG_STATE_HOME/labctl"

# ---- by itself, after a while ----
newer() { [ -n "$(find "$(directory)" -name 'checkpoint.*' -newer "$work/mark")" ]; }
LABCTL_CHECKPOINT=0.2 run "$LABCTL" start "$work/rescue.yaml"
"$LABCTL" --lab rescue exec ops -- sh -c 'echo one >/etc/motd' </dev/null
until_true 10 test -s "$(directory)/checkpoint.1" && kept_first=0 || kept_first=1
check "a change is kept by itself" $kept_first
writes=1 # on a busy machine the first one may be older than the change
for ((i = 0; i < 10 && writes; i++)); do
    touch "$work/mark"
    until_true 1 newer || writes=0
done
check "nothing is written where nothing changes" $writes
touch "$work/mark"
until_true 5 test "$(directory)/alive" -nt "$work/mark"
check "but that it is alive" $?
kill -KILL "$(director_pid)"
answers() { "$LABCTL" --lab rescue inspect >/dev/null 2>&1; }
until_true 10 answers && touch "$work/mark"
"$LABCTL" --lab rescue exec ops -- sh -c 'ip route add default via 10.0.0.254' </dev/null
lab pause && lose && run "$LABCTL" resume && lab check
check "the director's successor goes on with it" $?
lab abandon && until_true 10 no_lab
run "$LABCTL" resume
[ $? -eq 4 ]
check "what was abandoned is not taken up" $?
rm -rf "$XDG_STATE_HOME/labctl"

# ---- given up ----
last() { tail -n 1 "$(directory)/journal.jsonl"; }
run "$LABCTL" start "$work/rescue.yaml" && run "$LABCTL" down rescue && grep -q "exercise rescue is abandoned" "$work/out" && until_true 10 no_lab
last | grep '"event":"abandon"' | grep -q '"reason":"the lab was taken down"'
check "down gives the journal its end" $?
run "$LABCTL" resume
[ $? -eq 4 ]
check "and it is not taken up" $?
rm -rf "$XDG_STATE_HOME/labctl"
run "$LABCTL" start "$work/rescue.yaml" && lab pause && lose
run "$LABCTL" abandon && grep -q "exercise rescue is abandoned; its files stay in $(directory)" "$work/out" && ! grep -q "stays as it is" "$work/out"
check "one whose lab is gone is given up" $?
last | grep '"event":"abandon"' | grep -q '"reason":"abandoned after its lab was gone"'
check "with an end in its journal" $?
run "$LABCTL" abandon
[ $? -eq 4 ] && grep -q "no lab is running" "$work/err"
check "once" $?
rm -rf "$XDG_STATE_HOME/labctl"
for damage in '2s/"event"/"even"/' '1s/{/[/' '$d'; do
    run "$LABCTL" start "$work/rescue.yaml" && lab hint && lab pause && lose
    sed -i "$damage" "$(directory)/journal.jsonl" && cp "$(directory)"/*.* "$(directory)"/alive "$work/good/"
    run "$LABCTL" resume rescue
    [ $? -eq 2 ] && grep -q "corrupted journal" "$work/err" && [ "$damage" = '$d' ] || grep -q "labctl abandon .*-rescue. gives it up" "$work/err"
    check "$damage: resume says what can be done" $?
    run "$LABCTL" abandon rescue && grep -q "its journal stays as it is (corrupted journal: .*abandoned.json" "$work/out" && grep -q '"problem": "corrupted journal' "$(directory)/abandoned.json"
    check "$damage: it is given up" $?
    for file in "$work"/good/*; do cmp -s "$file" "$(directory)/${file##*/}" || break; done
    check "$damage: all is kept as evidence" $?
    run "$LABCTL" resume rescue
    [ $? -eq 4 ]
    check "$damage: nobody is asked again" $?
    run "$LABCTL" gc --remove && [ ! -e "$(directory)" ]
    check "$damage: gc takes it away" $?
    rm -rf "$XDG_STATE_HOME/labctl" "$work/good"/*
done

# ---- a checkpoint of another exercise ----
sed 's/Nobody/Somebody/' "$work/rescue.yaml" >"$work/other.yaml"
run "$LABCTL" start "$work/other.yaml" && lab pause && lose && rm -f "$work/good/"* && cp "$(directory)"/checkpoint.* "$work/good/"
rm -rf "$XDG_STATE_HOME/labctl"
run "$LABCTL" start "$work/rescue.yaml" && lab pause && lose && good checkpoint.1 && good checkpoint.2 && lines=$(wc -l <"$(directory)/journal.jsonl")
run "$LABCTL" resume
[ $? -eq 2 ] && grep -q "the scenario of the checkpoint is not the one that the journal was begun with" "$work/err" && no_lab && [ "$(wc -l <"$(directory)/journal.jsonl")" = "$lines" ]
check "a checkpoint of another scenario is refused, and nothing written" $?
rm -rf "$XDG_STATE_HOME/labctl"

# ---- a full disk ----
mkdir "$work/small"
if ! mount -t tmpfs -o size=160k tmpfs "$work/small"; then
    echo "skip a full disk: no tmpfs can be mounted here"
    exit "$failures"
fi
export XDG_STATE_HOME=$work/small
LABCTL_CHECKPOINT=0.2 run "$LABCTL" start "$work/rescue.yaml"
"$LABCTL" --lab rescue exec ops -- sh -c 'echo before >/etc/motd' </dev/null
lab pause && lab resume
check "it starts where there is room" $?
head -c 300000 /dev/zero >"$work/small/full" 2>/dev/null
truncate -s -8192 "$work/small/full" # the journal has room
"$LABCTL" --lab rescue exec ops -- sh -c 'head -c 60000 /dev/urandom >/root/much; echo after >/etc/motd' </dev/null
lab pause
[ $? -eq 0 ] && grep -q "not kept as it is now: write the checkpoint of .* KiB: No space left on device" "$work/err"
check "a pause tells of a full disk" $?
grep -q '"event":"checkpoint".*No space left on device; the one before it stays' "$(directory)/journal.jsonl"
check "so does the journal" $?
lose
run "$LABCTL" resume && [ "$("$LABCTL" --lab rescue exec ops -- cat /etc/motd </dev/null)" = before ]
check "the last good one stays" $?
rm "$work/small/full"
again() { grep -q 'checkpoints are written again\|"event":"abandon"' "$(directory)/journal.jsonl" || [ "$(find "$(directory)" -name 'checkpoint.*' -size +1k | wc -l)" = 2 ]; }
until_true 10 again
check "with room again they are written again" $?
lab abandon
umount "$work/small"
exit "$failures"
