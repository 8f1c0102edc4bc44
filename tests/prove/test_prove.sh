#!/bin/bash
# long
# as user
# What a proof accepts, and each bad scenario refused at the step that shows it; and that nothing is left of it.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"

# The parts of a good scenario; each bad one replaces what makes it bad.
good() {
    title="title: Names are gone"
    extra=""
    files=""
    faults='faults: [ { id: names-gone, kind: dns-server-down, at: node/ns/service/dns } ]'
    solution='solution: [ { at: ns, run: dnsmasq } ]'
    guards='guards:
  - { id: db-up, from: ops, tcp: "db:5432", penalty: 40 }
  - { id: ssh-closed, from: ops, tcp: { to: db, port: 22, expect: closed }, penalty: 40 }'
    fix_hosts='  - { id: hosts-file, steps: [ { at: ops, run: "echo 10.0.0.1 web.lab.test >>/etc/hosts" } ], caught_by: [names] }'
    fix_db='  - { id: db-off, steps: [ { at: ns, run: dnsmasq }, { at: db, run: "ip link set eth0 down" } ], caught_by: [db-up] }'
    fix_ssh='  - { id: opens-ssh, steps: [ { at: ns, run: dnsmasq }, { at: db, run: "nc -lk 22 >/dev/null 2>&1 &" } ], caught_by: [ssh-closed] }'
    checks='      - { id: lookup, from: ops, dns: { name: web.lab.test, type: A, answer: 10.0.0.1 }, points: 60 }
      - { id: page, from: ops, http: { url: "http://web.lab.test/", status: 200 }, points: 40 }'
}

scenario() { # NAME
    cat >"$work/$1.yaml" <<YAML
scenario: $1
$title
pass: 70%
$extra
topology:
  lab: drill
  bridges: { lan: {} }
  nodes:
    web: { bridge: lan, address: 10.0.0.1/24, services: { http: { port: 80 } } }
    db: { bridge: lan, address: 10.0.0.2/24, services: { postgres: { kind: tcp, port: 5432 } } }
    ns: { bridge: lan, address: 10.0.0.53/24, services: { dns: { zones: { lab.test: { web: 10.0.0.1 } } } } }
    ops: { bridge: lan, address: 10.0.0.3/24, resolver: { servers: [10.0.0.53] } $files }
$faults
tasks:
  - id: names
    checks:
$checks
$guards
$solution
wrong_fixes:
$fix_hosts
$fix_db
$fix_ssh
YAML
    good
}

refused() { # NAME STEP TEXT: not proved, the step failed, and it says that
    run timeout 60 "$LABCTL" prove "$work/$1.yaml"
    local status=$?
    [ $status -eq 1 ] && grep -qE "^  FAILED  $2 " "$work/out" && grep -qF "$3" "$work/out" && grep -q '^  not proved$' "$work/out"
}

good
scenario drill-names
snapshot >"$work/before"

# ---- proved ----
run "$LABCTL" prove "$work/drill-names.yaml" --certificate "$work/certificate.json"
[ $? -eq 0 ] && [ "$(grep -c '^  ok ' "$work/out")" = 10 ] && ! grep -q FAILED "$work/out" && grep -q '^  proved$' "$work/out"
check "a good scenario is proved, step by step" $?
grep -q "drill-names.yaml:21:5: nothing listened where 'ssh-closed' asks" "$work/out"
check "it is told that a negative guard has nobody to listen" $?
hash=$(sha256sum "$work/drill-names.yaml" | cut -d' ' -f1)
grep -q "\"sha256\": \"$hash\"" "$work/certificate.json" && grep -q '"proved": true' "$work/certificate.json" && grep -q "\"kernel\": \"$(uname -r)\"" "$work/certificate.json"
check "the certificate names the file by its hash, the kernel, the outcome" $?
run "$LABCTL" --format json prove "$work/drill-names.yaml" && grep -q '"step": "wrong fix"' "$work/out" && grep -q '"verdict": "ok"' "$work/out" && ! grep -q '"failed"' "$work/out"
check "the same as JSON" $?
run "$LABCTL" prove -q "$work/drill-names.yaml" "$work/drill-names.yaml" && ! grep -q ok "$work/out" && [ "$(grep -c '^  proved$' "$work/out")" = 2 ]
check "several, and quietly" $?
run "$LABCTL" prove "$work/drill-names.yaml" --repeat 2 && grep -q 'drill-names: proved 2 of 2 times' "$work/out" && grep -q 'drill-names, round 2' "$work/out"
check "several times over" $?

# What expires at another second in each lab is no trace: leases, here.
sed -n '1,/^pass:/p' "$work/drill-names.yaml" | sed 's/drill-names/leases/' >"$work/leases.yaml"
cat >>"$work/leases.yaml" <<'YAML'
topology:
  lab: leases
  bridges: { lan: {} }
  nodes:
    router: { bridge: lan, address: 192.168.7.1/24, services: { dhcp: { range: 192.168.7.100-192.168.7.150, router: 192.168.7.1 } } }
    laptop: { bridge: lan, dhcp: true }
    web: { bridge: lan, address: 192.168.7.2/24, services: { http: { port: 80 } } }
faults: [ { kind: link-down, at: node/web/eth0 } ]
tasks: [ { id: page, checks: [ { id: opens, from: laptop, http: "http://web/" } ] } ]
guards: [ { id: gateway, from: laptop, ping: router, penalty: 40 } ]
solution: [ { at: web, run: "ip link set eth0 up" } ]
wrong_fixes:
  - { id: nothing, steps: [ { at: laptop, run: "true" } ], caught_by: [page] }
  - { id: cuts, steps: [ { at: web, run: "ip link set eth0 up" }, { at: router, run: "ip link set eth0 down" } ], caught_by: [gateway] }
YAML
run "$LABCTL" prove "$work/leases.yaml"
check "leases are no trace" $?

# What a wrong fix has set going is waited for, also where the first look has spent the time on a task that is red.
fix_ssh='  - { id: opens-ssh, steps: [ { at: db, run: "(sleep 1; exec nc -lk 22) >/dev/null 2>&1 &" } ], caught_by: [ssh-closed] }'
scenario late
run "$LABCTL" prove "$work/late.yaml" && grep -q "ok *wrong fix opens-ssh .*red: ssh-closed" "$work/out"
check "a wrong fix that takes a moment" $?

# ---- refused, each at its step ----
guards='guards: [ { id: db-up, from: ops, tcp: "db:5432", penalty: 40 }, { id: nobody, from: ops, tcp: "db:4444", penalty: 5 } ]'
fix_ssh=""
scenario sick
refused sick healthy "guard 'nobody' is red, not green (tcp ops -> db:4444 open): expected open, got refused" && [ "$(grep -c '^  [oF]' "$work/out")" = 1 ]
check "a lab that is not healthy: nothing else is looked at" $?
faults='faults: [ { id: elsewhere, kind: route-missing, at: db, destination: 10.0.0.0/24 } ]'
scenario painless
refused painless faults "task 'names' is green although nothing was done"
check "a symptom that is not seen" $?
checks='      - { id: lookup, from: ops, dns: { name: web.lab.test, type: A, answer: 10.0.0.1 }, points: 60 }
      - { id: by-address, from: ops, http: { url: "http://10.0.0.1/", status: 200 }, points: 40 }'
scenario generous
refused generous "nothing done" "check 'by-address' of task 'names' gives 40 points for nothing" && grep -q "warning: .*check 'by-address' of task 'names' stays green" "$work/out"
check "points for nothing" $?
solution='solution: [ { at: ops, run: "echo 10.0.0.1 web.lab.test >>/etc/hosts" } ]'
scenario half
refused half solution "check 'lookup' is red, not green"
check "a solution that does not reach all points" $?
solution='solution: [ { at: ns, run: dnsmasq }, { at: db, run: "no-such-program --now" } ]'
scenario clumsy
refused clumsy solution "step 2 (run no-such-program --now): it ended with status 127 in db"
check "a solution whose step fails" $?
solution='solution: [ { set: node/ops/eth0/address, to: 10.0.0.2/24 } ]'
scenario lost
refused lost solution "step 1 (set node/ops/eth0/address)"
check "a solution that sets what cannot be" $?
guards='guards:
  - { id: db-up, from: ops, tcp: "db:5432", penalty: 10 }
  - { id: ssh-closed, from: ops, tcp: { to: db, port: 22, expect: closed }, penalty: 40 }'
scenario mild
refused mild "wrong fix db-off" "it passes: 90 of 100 points, the pass mark is 70%"
check "a wrong fix that passes" $?
fix_hosts='  - { id: hosts-file, steps: [ { at: ops, run: "echo 10.0.0.1 web.lab.test >>/etc/hosts" } ], caught_by: [names, db-up] }'
scenario blamed
refused blamed "wrong fix hosts-file" "'db-up' is to catch it and is green"
check "a wrong fix that is not caught by what it names" $?
fix_ssh=""
scenario idle
refused idle guards "idle.yaml:21:5: guard 'ssh-closed' is never red"
check "a guard that cannot go red" $?
files=', files: { /root/notes: { content: "see names-gone" } }'
scenario note
refused note leaks "node ops shows the word 'names-gone' in /root/notes: see names-gone"
check "a file that names the fault" $?
files=', files: { /root/todo: { content: "there is a saboteur" } }'
faults='faults: [ { id: saboteur, kind: dns-server-down, at: node/ns/service/dns } ]'
scenario todo
refused todo leaks "node ops shows the word 'saboteur' in /root/todo"
check "a file of the author's that has the fault's plain name" $?
files=", run: [ \"sh -c 'sleep 1000; true' scenario >/dev/null 2>&1 &\" ]"
scenario walker
refused walker leaks "node ops shows the word 'scenario' in processes"
check "a process that tells" $?
files=', run: [ "date +%N >/root/number" ]'
scenario dice
refused dice leaks "ops, /root/number has what the healthy lab has not"
check "what differs where the faults change nothing" $?
# Every section of the look: what stands in it by chance must be missed in the other lab.
by_chance() { # NAME COMMANDS SECTION…: n is a number by chance; where both labs drew the same, they draw again
    local name=$1 section missed=0 draw
    files=", run: [ \"bash -c 'n=\$((10 + \$(date +%s%N) / 1000 % 240)); $2'\" ]"
    scenario "$name"
    for draw in 1 2 3; do
        run timeout 60 "$LABCTL" prove "$work/$name.yaml"
        missed=0
        for section in "${@:3}"; do
            grep -q "ops, $section has what the healthy lab has not" "$work/out" || { missed=1; echo "$draw: not in $section"; }
        done
        [ $missed -ne 0 ] || break
    done
    check "what differs by chance is missed: ${*:3}" $missed
}
by_chance chances 'ip address add 10.7.0.$n/32 dev lo; ip route add blackhole 10.8.$n.0/24; ip rule add from 10.9.$n.1 table 9; ip neighbour add 10.0.0.$n lladdr 02:00:00:00:00:77 dev eth0 nud permanent; nft add table ip t$n; ip link set eth0 txqueuelen $n' \
    addresses routes rules neighbours nftables links
by_chance surroundings 'hostname h$n; ip link set lo alias a$n; tc qdisc add dev lo root pfifo limit $n; mount -t tmpfs t$n /mnt; sysctl -qw net.ipv4.tcp_fin_timeout=$n; nc -lk $((2000 + n)) >/dev/null 2>&1 & ' \
    hostname interfaces queues sockets mounts sysctls
by_chance belongings 'touch /root/f$n; echo $n >/srv/c; X=$n sleep 1000 >/dev/null 2>&1 & sleep 1$n >/dev/null 2>&1 & ' \
    files /srv/c environment processes

# ---- the rest of the language ----
extra='diagnosis: { points: 10 }
questions:
  - { id: why, points: 5, ask: "Who is gone?", choices: [web, ns], answer: ns }
  - { id: port, points: 5, ask: "Which port?", number: 53 }'
scenario answers
run "$LABCTL" prove "$work/answers.yaml" && grep -q '^  ok      solution .* 120 of 120 points' "$work/out"
check "answer key and true claim give their points" $?
# Who opens what shall be silent, and keeps the packets or the answers back in the prober's own node, is caught.
cat >"$work/silent.yaml" <<'YAML'
scenario: silent
title: Two must not meet
time: 10m
pass: 70%
topology:
  lab: silent
  bridges: { lan: {}, dmz: {} }
  nodes:
    a: { bridge: lan, address: 10.0.0.1/24, gateway: 10.0.0.254 }
    gw:
      forwarding: true
      interfaces: { eth0: { bridge: lan, address: 10.0.0.254/24 }, eth1: { bridge: dmz, address: 10.1.0.254/24 } }
      nftables: |
        table inet house {
          chain forwarding { type filter hook forward priority 0; policy drop;
            ct state established,related accept
            tcp dport 80 accept
          }
        }
    web: { bridge: dmz, address: 10.1.0.1/24, gateway: 10.1.0.254, services: { http: { body: "x\n" }, ssh: { kind: tcp, port: 22 } } }
faults: [ { id: gone, kind: packet-filter, at: web, chain: input, protocol: tcp, ports: 80 } ]
tasks: [ { id: page, checks: [ { id: get, from: a, http: "http://web/", points: 100 } ] } ]
guards:
  - { id: apart, matrix: { nodes: [a, gw, web], tcp: 22, pairs: [ { from: gw, to: web } ] }, penalty: 50 }
solution: [ { at: web, run: "nft flush ruleset" } ]
wrong_fixes:
  - id: opens
    steps: [ { at: gw, run: "nft insert rule inet house forwarding accept" } ]
    caught_by: [apart]
  - id: opens-and-keeps-back
    steps:
      - { at: gw, run: "nft insert rule inet house forwarding accept" }
      - { at: a, run: "nft add table ip x; nft 'add chain ip x o { type filter hook output priority 0; }'; nft add rule ip x o tcp dport 22 drop" }
    caught_by: [apart]
  - id: opens-and-lets-no-answer-in
    steps:
      - { at: gw, run: "nft insert rule inet house forwarding accept" }
      - { at: a, run: "nft add table ip x; nft 'add chain ip x i { type filter hook input priority 0; }'; nft add rule ip x i tcp sport 22 drop" }
    caught_by: [apart]
YAML
run timeout 120 "$LABCTL" prove "$work/silent.yaml"
check "a silent pair of a matrix that its own prober keeps back is red" $?
printf '%s\n' "scenario: quiet" "control: true" "diagnosis: { points: 10 }" "$(sed -n '/^topology:/,/ops:/p' "$work/answers.yaml")" >"$work/quiet.yaml"
run "$LABCTL" prove "$work/quiet.yaml" && grep -q '^  ok      solution .* 10 of 10 points' "$work/out" && grep -q '^  ok      leaks' "$work/out"
check "a healthy control: the claim that nothing is broken" $?
faults='faults:
  - { id: names-gone, kind: dns-server-down, at: node/ns/service/dns }
  - { id: noise, kind: loss, at: node/web/eth0, loss: 20%, after: 10m, for: 2m }'
scenario later
run timeout 60 "$LABCTL" --format json prove "$work/later.yaml" && grep -q 'noise\|+ .*web' "$work/out"
check "a fault that comes later is in at once, and gone at the end" $?

cat >"$work/phases.yaml" <<YAML
scenario: small-exit-test
title: Build, debug, explain
topology: $PWD/topologies/home-lan.yaml
level: 3
phases:
  - { id: build, time: 20m, tasks: [share] }
  - { id: debug, time: 30m, draw: { pick: 2, from: [wire, record, rate] } }
  - { id: articulate, time: 30m }
vars:
  where: { choose: [laptop, nas] }
tasks:
  - id: share
    kind: build
    checks: [ { from: laptop, tcp: "nas:8080", within: 5s, points: 30 } ]
diagnosis: { points: 20 }
tickets:
  wire:
    restrict: Nothing may be switched off.
    faults: [ { kind: loss, at: link/uplink, loss: 30% } ]
    tasks: [ { id: clean, checks: [ { from: home-router, ping: { to: isp, count: 40, loss_below: 5% } } ] } ]
    solution: [ { set: link/uplink/loss, to: 0% } ]
  rate:
    faults: [ { kind: route-missing, at: "node/\${where}", destination: default } ]
    tasks: [ { id: port, checks: [ { from: "\${where}", ping: { to: isp, count: 10 } } ] } ]
    solution: [ { at: "\${where}", run: "ip route add default via 192.168.1.1" } ]
  record:
    faults: [ { kind: dns-wrong-record, at: node/home-router/service/dns, name: nas.home.test, answer: 192.168.1.99 } ]
    tasks: [ { id: name, checks: [ { from: laptop, dns: { name: nas.home.test, type: A, answer: 192.168.1.30 } } ] } ]
    hints: [ { task: name, cost: 10, text: "Ask the router: dig nas.home.test @192.168.1.1" } ]
    solution: [ { set: node/home-router/service/dns/zones/home.test/nas, to: 192.168.1.30 } ]
solution:
  - { at: nas, run: "nc -lk -p 8080 >/dev/null 2>&1 &" }
wrong_fixes:
  - { id: hurry, steps: [ { at: laptop, run: "echo 192.168.1.30 nas.home.test >> /etc/hosts" } ], caught_by: [share] }
YAML
run timeout 120 "$LABCTL" prove "$work/phases.yaml" --seeds 3
[ $? -eq 0 ] && grep -q 'small-exit-test: proved 3 of 3 times' "$work/out" && grep -q '^  ok      solution .* 250 of 250 points' "$work/out"
check "phases with tickets and variables, over three seeds" $?
[ "$(grep -c '^  ok      ticket ' "$work/out")" = 6 ] && [ "$(sed -n 's/^  ok      ticket \([a-z]*\) .*/\1/p' "$work/out" | sort -u | wc -l)" -ge 2 ]
check "each drawn ticket alone, other ones with another seed" $?
sed -i 's|{ id: clean, checks: .*|{ id: clean, checks: [ { from: laptop, dns: { name: nas.home.test, type: A, answer: 192.168.1.30 } } ] } ]|' "$work/phases.yaml"
run timeout 120 "$LABCTL" prove "$work/phases.yaml" --seeds 3
[ $? -eq 1 ] && grep -q "^  FAILED  ticket wire " "$work/out" && grep -q "task 'clean' is green although nothing was done" "$work/out"
check "a ticket whose task is another ticket's" $?

# ---- bad files, this machine ----
run "$LABCTL" prove "$work/nowhere.yaml"
[ $? -eq 2 ]
check "a file that is not there" $?
faults='faults: [ { id: names-gone, kind: dns-server-dwn, at: node/ns/service/dns } ]'
scenario slip
run "$LABCTL" prove "$work/slip.yaml" "$work/nowhere.yaml"
[ $? -eq 2 ] && grep -q "did you mean 'dns-server-down'" "$work/err" && grep -q nowhere.yaml "$work/err" && [ ! -s "$work/out" ]
check "a mistake in the file is shown where it stands" $?
extra='requires: { programs: [no-such-program] }'
scenario needy
run "$LABCTL" prove "$work/needy.yaml"
[ $? -eq 3 ] && grep -q no-such-program "$work/err"
check "what this machine lacks" $?
run "$LABCTL" prove "$work/drill-names.yaml" --seeds 0
[ $? -eq 2 ]
check "no seed at all" $?

# ---- beside others ----
"$LABCTL" prove "$work/drill-names.yaml" >"$work/first" 2>&1 &
first=$!
"$LABCTL" prove "$work/drill-names.yaml" >"$work/second" 2>&1 &
second=$!
until_true 10 grep -q '^  ok      healthy' "$work/first"
run "$LABCTL" list && ! grep -q 'prove' "$work/out"
check "its labs are nobody's business" $?
wait $first && wait $second
check "two at once" $?
"$LABCTL" start "$work/drill-names.yaml" >"$work/out" 2>"$work/err" || cat "$work/err"
run "$LABCTL" prove "$work/drill-names.yaml"
[ $? -eq 4 ] && grep -q "refused during exercise 'drill-names'" "$work/err"
check "it is refused during an exercise" $?
run "$LABCTL" abandon
rm -rf "$XDG_STATE_HOME/labctl"

# ---- ends ----
left=0
for signal in INT TERM KILL; do
    for wait in 50 400 1300; do
        "$LABCTL" prove "$work/drill-names.yaml" >"$work/out" 2>"$work/err" &
        client=$!
        pause $((wait % 1000))
        kill -$signal $client
        wait $client 2>/dev/null
        until_true 6 same_host || { left=1; break 2; }
    done
done
check "nothing is left whatever ends it" $left
clean_host
check "nothing is left" $?
exit $((failures > 0))
