#!/bin/bash
# as user
# The course of an exercise: its briefing, phases and their faults, what the clock does by itself, claims, answers, pauses,
# what can be done now, the live view; and what happens when the disk is full, a node is dead, or two start at once.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"
nodes='  bridges: { lan: {} }
  nodes:
    web: { bridge: lan, address: 10.0.0.1/24, services: { http: { port: 80 } } }
    db: { bridge: lan, address: 10.0.0.2/24, services: { postgres: { kind: tcp, port: 5432 } } }
    ns: { bridge: lan, address: 10.0.0.53/24, services: { dns: { zones: { lab.test: { web: 10.0.0.1 } } } } }
    ops: { bridge: lan, address: 10.0.0.3/24, resolver: { servers: [10.0.0.53] } }'
cat >"$work/long.yaml" <<EOF
scenario: long
title: The house was changed
pass: 60%
vars: { port: { range: [8100, 8109] } }
topology:
  lab: course
$nodes
briefing: |
  The house was changed last night, and nobody wrote down what was done. Names, addresses and the database are said to
  be affected, in this order.

  - look first
phases:
  - { id: build, time: 60m, tasks: [proxy] }
  - { id: debug, time: 90m, draw: { pick: 2, from: [dns, route] } }
  - { id: write, time: 30m }
tickets:
  dns:
    title: Names are gone
    restrict: "do not touch ops"
    faults: [ { id: names, kind: dns-server-down, at: node/ns/service/dns } ]
    tasks: [ { id: names, checks: [ { id: lookup, from: ops, dns: { name: web.lab.test, type: A, answer: 10.0.0.1 }, points: 60 } ] } ]
  route:
    faults: [ { id: away, kind: route-missing, at: db, destination: 10.0.0.0/24 } ]
    tasks: [ { id: reach, checks: [ { id: reach, from: ops, tcp: "db:5432", points: 40 } ] } ]
tasks:
  - { id: proxy, kind: build, title: somebody listens, checks: [ { id: listen, from: ops, tcp: { to: web, port: "\${port}" }, points: 20 } ] }
guards: [ { id: ssh-closed, from: ops, tcp: { to: web, port: 22, expect: refused }, penalty: 30 } ]
questions: [ { id: why, points: 10, ask: "Why?", choices: [a, b], answer: b } ]
diagnosis: { points: 20 }
hints:
  - { task: names, cost: 5, text: "sesame" }
articulate: { prompt: "Why is it so?", words: 100, points: 20 }
EOF
cat >"$work/fast.yaml" <<EOF
scenario: fast
pass: 60%
topology:
  lab: course
$nodes
phases:
  - { id: one, time: 3s, tasks: [first] }
  - { id: two, time: 1s, draw: { pick: 1, from: [route] } }
faults: [ { id: blink, kind: loss, at: node/web/eth0, loss: 100%, after: 1s, for: 1500ms } ]
tickets:
  route:
    faults: [ { id: away, kind: route-missing, at: db, destination: 10.0.0.0/24 } ]
    tasks: [ { id: reach, checks: [ { id: reach, from: ops, tcp: "db:5432", points: 40 } ] } ]
tasks: [ { id: first, checks: [ { id: page, from: ops, tcp: { to: web, port: 80 }, points: 20 } ] } ]
EOF
cat >"$work/plain.yaml" <<EOF
scenario: plain
pass: 60%
time: 20m
topology:
  lab: course
$nodes
faults: [ { id: names, kind: dns-server-down, at: node/ns/service/dns } ]
tasks: [ { id: names, checks: [ { id: lookup, from: ops, dns: { name: web.lab.test, type: A, answer: 10.0.0.1 }, points: 60 } ] } ]
hints: [ { task: names, cost: 5, text: "sesame" }, { task: names, cost: 5, text: "again" } ]
EOF
sed 's/^time: .*/time: 3s/; s/^  lab: .*/  lab: brief/' "$work/plain.yaml" >"$work/brief.yaml"
sed 's/^vars: .*/vars: { node: { choose: [web, nobody] } }/; s/to: web, port: 22/to: "${node}", port: 22/; s/"${port}"/8100/' "$work/long.yaml" >"$work/odd.yaml"
snapshot >"$work/before"

lab() { run "$LABCTL" --lab course "$@"; }
no_lab() { [ -z "$(keeper_pid)" ]; }
latest() { find "$XDG_STATE_HOME/labctl/exercises" -mindepth 1 -maxdepth 1 | sort | tail -n 1; }
in_phase() { lab --format json status && grep -q "\"phase\": \"$1\"" "$work/out"; }

# ---- the beginning ----
impossible=
for seed in 1 2 3 4 5 6 7 8; do
    run "$LABCTL" start "$work/odd.yaml" --seed $seed && { lab down course; continue; }
    grep -q "nobody" "$work/err" && grep -q "this is the variant of seed $seed: it cannot be started" "$work/err" && impossible=$seed
    break
done
[ -n "$impossible" ] && no_lab
check "a seed that makes no sense is stated at the start" $?
rm -rf "$XDG_STATE_HOME/labctl"
run "$LABCTL" start "$work/long.yaml" --seed 7 --learner ada
check "a scenario with phases starts" $?
grep -q '^The house was changed$' "$work/out" && grep -q 'Phase build (60 min)' "$work/out" && grep -q 'proxy: somebody listens (20 points)' "$work/out" && ! grep -qE 'names|dns|Ticket' <(sed -n '/^Phase/,$p' "$work/out")
check "the briefing tells of its first phase alone" $?
[ "$(awk 'length > 80' "$(latest)/briefing.txt" | wc -l)" = 0 ] && grep -q '^- look first$' "$(latest)/briefing.txt" && grep -q 'proxy: somebody listens' "$(latest)/briefing.txt"
check "it lies in the directory of the exercise, a page wide" $?
lab check listen
port=$(grep -o 'web:81[0-9]*' "$work/out" | cut -d: -f2)
run "$LABCTL" && grep -q 'Exercise long: The house was changed, phase build, 1:00:00 left\|59:5' "$work/out" && grep -q 'labctl claim' "$work/out" && grep -q 'end this phase' "$work/out" && ! grep -q 'labctl hint' <(grep -v hint "$work/out")
check "labctl alone says what can be done now" $?
lab check lookup
[ $? -eq 4 ]
check "what comes later cannot be checked" $?
lab hint names
[ $? -eq 4 ]
check "nor is there a hint for it" $?
lab exec ops -- sh -c 'getent hosts web.lab.test'
check "nor is it broken" $?

# ---- claims and answers ----
lab claim --where node/db --where node/ns --what route-missing && grep -q "Claim 1" "$work/out"
check "a claim is recorded" $?
lab claim --where node/bd --what route-missing
[ $? -eq 4 ] && grep -q "nothing in this lab is called 'node/bd'" "$work/err"
check "of a thing that there is" $?
lab claim --where node/db --what rout-missing
[ $? -eq 2 ] && grep -q "did you mean 'route-missing'" "$work/err"
check "and a kind that there is" $?
lab claim
[ $? -eq 2 ]
check "and says something" $?
lab claim --where "$(printf '\377')" --what loss
[ $? -eq 2 ] && grep -q "UTF-8" "$work/err"
check "and that in writing" $?
lab claim --none --where node/db
[ $? -eq 2 ]
check "and not two things" $?
lab answer why b && lab answer why z
[ $? -eq 2 ] && grep -q "a, b" "$work/err"
check "an answer is one of the choices" $?
lab answer wyh b
[ $? -eq 4 ] && grep -q "did you mean 'why'" "$work/err"
check "of a question that there is" $?
echo "it is as it is" | lab answer articulate - && grep -q "^5 words (about 100 are wanted)" "$work/out" && [ "$(cat "$(latest)/answers/articulate.txt")" = "it is as it is" ]
check "a text comes from standard input" $?
lab answer articulate "$work/nothing.txt"
[ $? -eq 2 ] && grep -q "nothing.txt" "$work/err" && [ "$(cat "$(latest)/answers/articulate.txt")" = "it is as it is" ]
check "or from a file that there is" $?
lab status && grep -q 'said  question why (10 points): b' "$work/out" && grep -q '1 claim$' "$work/out" && grep -q '5 of 100 words' "$work/out"
check "status shows what was said" $?

words() { "$LABCTL" complete -- --lab course "$@" | cut -f1 | paste -sd' '; }
[ "$(words answer '')" = "why articulate" ] && [ "$(words answer why '')" = "a b" ] && [ "$(words hint '')" = proxy ] && [ "$(words check '')" = "proxy ssh-closed" ]
check "completion knows what this phase asks" $?
words claim --where '' | grep -q "node/db node/db/eth0 node/db/service/postgres" && words claim --what '' | grep -q "route-missing"
check "every thing of the lab, and every kind of fault" $?

# ---- the clock ----
left() { lab --format json status && sed -n 's/.*"time_left_s": \([0-9]*\)\.\([0-9]\).*/\1\2/p' "$work/out"; }
lab pause && first=$(left) && pause 300 && [ "$(left)" = "$first" ]
check "a pause stops the clock" $?
lab exec web -- true
[ $? -eq 125 ] && grep -q "is paused; \`labctl resume\`" "$work/err"
check "meanwhile nobody works" $?
lab set node/web/labels '{ seen: yes }'
[ $? -eq 4 ] && lab pause
[ $? -eq 4 ] && lab inspect && "$LABCTL" >"$work/out" && grep -q "labctl resume" "$work/out" && ! grep -q "labctl check" "$work/out"
check "but may look at what there is" $?
kill -KILL "$(director_pid)"
resumed() { lab resume; }
until_true 10 resumed && lab resume
[ $? -eq 4 ] && grep -q "running, not paused" "$work/err"
check "a pause outlives the director, and is ended once" $?

# ---- phases ----
lab exec web -- sh -c "nc -lk $port >/dev/null 2>&1 &" && lab submit && grep -q "^Phase debug (90 min)" "$work/out" && grep -q "Restriction: do not touch ops" "$work/out"
check "submit ends a phase and tells of the next one" $?
grep -q "Phase debug" "$(latest)/briefing.txt"
check "so does the file" $?
lab check
[ $? -eq 1 ] && grep -q "^FAIL *lookup" "$work/out" && grep -q "^FAIL *reach" "$work/out" && grep -q "^pass *listen" "$work/out"
check "its faults are in the running lab" $?
! grep -qE '"away"|"names",.*"in"|matrix' "$(latest)/journal.jsonl"
check "the journal does not tell of them yet" $?
lab set node/web/service/http/port 8088 && grep -q '"event":"change".*http/port' "$(latest)/journal.jsonl"
check "a change is on record" $?
kill -KILL "$(director_pid)"
until_true 10 in_phase debug && lab check
[ $? -eq 1 ] && [ "$(grep -c '^FAIL' "$work/out")" = 2 ]
check "phase and faults outlive the director" $?
lab exec ns -- dnsmasq
lab exec db -- ip route add 10.0.0.0/24 dev eth0
lab submit && in_phase write && "$LABCTL" >"$work/out" && grep -q "end the exercise: it is measured" "$work/out"
check "the last phase" $?
lab --format json submit && grep -q '"total": 1[0-9][0-9]' "$work/out" && no_lab
check "its end is the exercise's" $?
grep -A3 '"fixed"' "$work/out" | grep -q '"from"' && grep -q '"newly_opened"' "$work/out" && grep -q 'fault away comes' "$work/out" && grep -q '"learner": "ada"' "$work/out"
check "the report tells who reaches whom again, what came, and who it was" $?
run "$LABCTL" start "$work/long.yaml" && lab --format json submit --all
[ $? -eq 1 ] && no_lab && grep -q '"why": "0 of 60 points: its phase was not begun"' "$work/out"
check "submit --all ends it in any phase" $?

# ---- by the clock alone ----
blinks() { [ -n "$("$LABCTL" --lab course exec web -- tc qdisc show dev eth0 2>/dev/null | grep netem)" ] || ! "$LABCTL" --lab course exec ops -- ping -c 1 -W 0.2 10.0.0.1 >/dev/null 2>&1; }
steady() { "$LABCTL" --lab course exec ops -- ping -c 1 -W 0.2 10.0.0.1 >/dev/null 2>&1; }
cat >>"$work/fast.yaml" <<EOF
EOF
sed -i 's/port: 80 }/port: 81 }/; s/id: first,/id: first, kind: build,/' "$work/fast.yaml"
run "$LABCTL" start "$work/fast.yaml" && until_true 4 blinks && until_true 4 steady
check "a scheduled fault comes and goes" $?
until_true 12 in_phase two
check "a phase ends by itself" $?
until_true 10 no_lab && "$LABCTL" report --as json >"$work/out" && [ "$(grep -c '"end": "deadline"' "$work/out")" = 3 ] && grep -q "fault blink goes" "$work/out"
check "and the exercise" $?
run "$LABCTL" hint
[ $? -eq 4 ] && grep -q "The last exercise, 'fast', ended at .*; \`labctl report\` explains it" "$work/err"
check "who comes too late is told" $?

# ---- the live view ----
run "$LABCTL" start "$work/plain.yaml"
check "another one starts at once" $?
timeout 3 "$LABCTL" --lab course status --watch </dev/null >"$work/out" 2>"$work/err"
[ "$(wc -l <"$work/out")" = 1 ] && grep -q "left; running; 0 of 60 points; open: names" "$work/out"
check "in a pipe the live view is a line for each change" $?
timeout 10 script -qec "$LABCTL --lab course status --watch" /dev/null < <(read -r -t 2.5 <&$quiet; printf q; read -r -t 1 <&$quiet) >"$work/out" 2>&1
[ $? -eq 0 ] && grep -q $'\033\\[[0-9]*A' "$work/out" && grep -q "q leaves this view" "$work/out" && grep -q $'\033\\[?25h' "$work/out"
check "on a terminal it is brought up to date in place, and q leaves it" $?

# ---- two at once ----
run "$LABCTL" start "$work/plain.yaml"
[ $? -eq 4 ] && grep -q "lab 'course' is running already" "$work/err" && grep -q "labctl --lab OTHER start" "$work/err"
check "the same exercise again is refused, with a way out" $?
run "$LABCTL" --lab other start "$work/plain.yaml" && run "$LABCTL" status
[ $? -eq 2 ] && grep -q "say which" "$work/err" && run "$LABCTL" --lab other status && run "$LABCTL" --lab other abandon
check "beside it under another name" $?
lab abandon
(XDG_RUNTIME_DIR=$work/runtime "$LABCTL" start "$work/plain.yaml" >"$work/one" 2>&1; echo $? >"$work/one.rc") &
(XDG_RUNTIME_DIR=$work/runtime "$LABCTL" start "$work/plain.yaml" >"$work/two" 2>&1; echo $? >"$work/two.rc") &
wait
cat "$work/one" "$work/two" >"$work/out"
[ "$(cat "$work"/one.rc "$work"/two.rc | sort | paste -sd' ')" = "0 4" ] && lab status
check "of two who start at the same moment one is refused" $?
lab abandon

# ---- a dead node ----
run "$LABCTL" start "$work/brief.yaml"
"$LABCTL" --lab brief exec ns -- sh -c 'kill -KILL -1' >/dev/null 2>&1
"$LABCTL" --lab brief exec ops -- sh -c 'ip link delete eth0' >/dev/null 2>&1
kill -KILL "$(director_pid)"
until_true 15 no_lab && run "$LABCTL" report && grep -q "0 of 60 points" "$work/out"
check "the deadline scores what is left of the lab" $?

# ---- a full disk ----
export XDG_STATE_HOME=$work/small
mkdir -p "$XDG_STATE_HOME"
# mount(8) wants a root that mount(2) does not.
if perl -e '@a = ("tmpfs", $ARGV[0], "size=400k"); exit(syscall(165, $a[0], $a[1], $a[0], 0, $a[2]) != 0)' "$XDG_STATE_HOME"; then
    # The journal may have room in its last page: it is filled as well.
    fill() { cat /dev/zero >"$XDG_STATE_HOME/fill" 2>/dev/null; until [ $((tries++)) -gt 60 ] || ! lab claim --none; do :; done; }
    tries=0
    run "$LABCTL" start "$work/plain.yaml" && fill
    lab hint
    [ $? -eq 3 ] && grep -q "journal.*No space left" "$work/err" && ! grep -q sesame "$work/out"
    check "on a full disk a hint is not given" $?
    lab claim --none
    [ $? -eq 3 ] && lab --format json status && grep -q '"state": "running"' "$work/out"
    check "nor a claim taken, and the clock runs" $?
    rm "$XDG_STATE_HOME/fill"
    lab hint && grep -q sesame "$work/out" && lab hint && grep -q again "$work/out"
    check "when there is room again nothing is lost" $?
    kill -KILL "$(director_pid)"
    hints_gone() { lab --format json status && grep -q '"hints_left": 0' "$work/out"; }
    until_true 10 hints_gone
    check "and the journal holds" $?
    tries=0
    fill
    lab submit
    [ $? -eq 3 ] && grep -q "No space left" "$work/err" && ! no_lab
    check "submit says so, and the lab stays" $?
    rm "$XDG_STATE_HOME/fill"
    over() { no_lab || { lab submit; no_lab; }; }
    until_true 10 over && run "$LABCTL" report && grep -q "submitted" "$work/out"
    check "and it is scored as soon as it can be" $?
    tries=60
    run "$LABCTL" start "$work/brief.yaml" && fill
    closed() { ! "$LABCTL" --lab brief exec ops -- true >"$work/out" 2>"$work/err" && grep -q "is over\|has ended" "$work/err"; }
    until_true 8 closed
    check "a deadline comes all the same, and closes the lab" $?
    rm "$XDG_STATE_HOME/fill"
    until_true 10 no_lab && run "$LABCTL" report && grep -q "deadline" "$work/out"
    check "it is scored then" $?
    perl -e '$a = $ARGV[0]; exit(syscall(166, $a, 0) != 0)' "$XDG_STATE_HOME"
    rmdir "$XDG_STATE_HOME"
else
    echo "skip a full disk: no file system of our own"
fi
export XDG_STATE_HOME=$work/home/state

# ---- down ----
sed 's/^hints:.*/articulate: { prompt: "Why?", points: 5 }/' "$work/plain.yaml" >"$work/text.yaml"
run "$LABCTL" start "$work/text.yaml" && echo so | lab answer articulate - && run "$LABCTL" down course && no_lab && [ -s "$(latest)/journal.jsonl" ]
check "down ends it, and leaves its directory" $?
gone=$(latest)
run "$LABCTL" gc --remove && grep -q "removed $gone" "$work/out" && [ ! -e "$gone" ]
check "which gc can take away" $?
if [ -x "$BUILD/tests/exercise/test_schema" ]; then
    find "$XDG_STATE_HOME" -name report.json -size +0 -exec "$BUILD/tests/exercise/test_schema" {} + >"$work/out" 2>&1
    check "every report is of the shipped schema's shape" $?
fi
rm -rf "$XDG_STATE_HOME/labctl"
clean_host
check "nothing else is left" $?
exit $((failures > 0))
