#!/bin/bash
# An exercise from start to score: what is refused, what survives, who ends it, and what is left.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"
topology='topology:
  lab: drill
  bridges: { lan: {} }
  nodes:
    web: { bridge: lan, address: 10.0.0.1/24, services: { http: { port: 80 } } }
    db: { bridge: lan, address: 10.0.0.2/24, gateway: 10.0.0.1, services: { postgres: { kind: tcp, port: 5432 } } }
    ns: { bridge: lan, address: 10.0.0.53/24, services: { dns: { zones: { lab.test: { web: 10.0.0.1 } } } } }
    ops: { bridge: lan, address: 10.0.0.3/24, resolver: { servers: [10.0.0.53] } }'
faults='faults: [ { id: names, kind: dns-server-down, at: node/ns/service/dns } ]'
tasks='tasks:
  - id: names
    title: names resolve
    checks:
      - { id: lookup, from: ops, dns: { name: web.lab.test, type: A, answer: 10.0.0.1 }, points: 60 }
      - { id: page, from: ops, http: { url: "http://web.lab.test/", status: 200 }, points: 40 }'
guards='guards: [ { id: db-closed, from: ops, tcp: { to: db, port: 22, expect: refused }, penalty: 30 } ]'
hints='hints:
  - { task: names, cost: 10, text: "sesame-one" }
  - { task: names, cost: 15, text: "sesame-two" }'

scenario() { # FILE LINE…
    local file=$1
    shift
    printf '%s\n' "scenario: drill" "title: Names are gone" "pass: 70%" "$topology" "$@" >"$work/$file"
}
scenario drill.yaml "time: 20m" "$faults" "$tasks" "$guards" "$hints" 'solution: [ { at: ns, run: "open-sesame" } ]'
# A service that is late: every check of it is red for the first second and a half, and says nothing of `within`.
late() { # FILE WAIT
    scenario "$1" "$faults" "$tasks" 'guards: [ { id: late, from: ops, tcp: { to: web, port: 99 }, penalty: 5 } ]'
    sed -i "s|http: { port: 80 } } }|http: { port: 80 }, late: { kind: exec, command: \"sleep $2; exec nc -lk 99\" } } }|" "$work/$1"
}
late late.yaml 1.5
late never.yaml 60
scenario allows.yaml "allow: [matrix, apply, explain]" "$faults" "$tasks"
scenario short.yaml "time: 1500ms" "$faults" "$tasks" "$guards"
scenario sick.yaml "$faults" "$tasks" 'guards: [ { id: nobody, from: ops, tcp: { to: db, port: 4444 }, penalty: 5 } ]'
scenario painless.yaml 'faults: [ { kind: route-missing, at: db, destination: 10.0.0.0/24 } ]' "$tasks"
scenario bad.yaml 'faults: [ { kind: dns-server-dwn, at: node/ns/service/dns } ]' "$tasks"
scenario needs.yaml 'requires: { programs: [no-such-program, sh, nor-this] }' "$faults" "$tasks"
snapshot >"$work/before"

lab() { run "$LABCTL" --lab drill "$@"; }
total() { sed -n '/^  "points"/,/}/s/.*"total": \([0-9]*\).*/\1/p' "$work/out"; }
answers() { "$LABCTL" --lab drill inspect >/dev/null 2>&1; }
no_lab() { [ -z "$(keeper_pid)" ]; }
directories() { find "$XDG_STATE_HOME/labctl/exercises" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | wc -l; }

# ---- what does not start ----
run "$LABCTL" start "$work/sick.yaml"
[ $? -eq 2 ] && grep -q "not healthy" "$work/err" && grep -q "nobody (tcp ops -> db:4444 open): expected open, got refused" "$work/err"
check "a lab that is not healthy is not started, and it says why" $?
run "$LABCTL" start "$work/never.yaml"
[ $? -eq 2 ] && grep -q "late (tcp ops -> web:99 open): expected open, got refused" "$work/err"
check "nor one whose service does not come" $?
"$LABCTL" start "$work/never.yaml" >"$work/out" 2>"$work/err" &
starting=$!
being_started() { "$LABCTL" --lab drill fault status 2>&1 | grep -q "exercise 'drill' is being started; a moment, please"; }
until_true 5 being_started
check "nobody hears of its faults while it is being started" $?
kill -TERM $starting
wait $starting
[ $? -eq 143 ] && [ "$(grep -c interrupted "$work/err")" = 1 ] && [ ! -s "$work/out" ]
check "a start that is interrupted says so once" $?
until_true 2 same_host || { snapshot | diff "$work/before" -; false; }
check "and leaves nothing of any of its labs" $?
run "$LABCTL" start "$work/late.yaml"
check "a service that is late costs nothing where green is expected" $?
run "$LABCTL" down drill
rm -rf "$XDG_STATE_HOME/labctl"
run "$LABCTL" start "$work/painless.yaml"
[ $? -eq 2 ] && grep -q "task 'names' is green although nothing was done" "$work/err"
check "a fault without its symptom is not started" $?
run "$LABCTL" start "$work/bad.yaml"
[ $? -eq 2 ] && grep -q "bad.yaml:12:19: error: no kind of fault is called 'dns-server-dwn'" "$work/err" && grep -q "did you mean 'dns-server-down'" "$work/err"
check "an unknown fault is an error with its mark" $?
run "$LABCTL" start "$work/needs.yaml"
[ $? -eq 3 ] && grep -q "no-such-program" "$work/err" && grep -q "nor-this" "$work/err"
check "a missing program is a missing capability, and all of them are named" $?
run "$LABCTL" start "$work/nowhere.yaml"
[ $? -eq 2 ]
check "a file that is not there" $?
run "$LABCTL" status
[ $? -eq 4 ]
check "no exercise, no status" $?
no_lab && [ "$(directories)" = 0 ]
check "nothing is left of them" $?

# ---- while it runs ----
run "$LABCTL" start "$work/drill.yaml"
check "it starts" $?
run "$LABCTL" start "$work/drill.yaml"
[ $? -eq 4 ] && grep -q "running already" "$work/err"
check "two at once are refused" $?
refused=0
sed 's/^  //;1d' <<<"$topology" >"$work/lab.yaml"
for words in "fault inject loss --at node/web/eth0 loss=5%" "fault status" "fault clear" "matrix" "explain web db" "apply $work/lab.yaml" "apply --dry-run $work/lab.yaml" "plan topologies/home-lan.yaml" "link set wire loss=5%" "link set node/ops loss=5%" "link reset wire" "link show"; do
    lab $words
    [ $? -eq 4 ] && grep -q "refused during" "$work/err" || { refused=1; echo "$words is not refused" >>"$work/out"; break; }
done
check "what an exercise does not allow is refused" $refused
lab check
[ $? -eq 1 ] && grep -q "2 fail" "$work/out" && grep -q "pass .*db-closed" "$work/out"
check "check measures tasks and guards" $?
lab check db-closed
check "check takes the id of a guard" $?
lab check names
[ $? -eq 1 ] && [ "$(grep -c '^FAIL' "$work/out")" = 2 ]
check "check takes the id of a task" $?
run "$LABCTL" up "$work/lab.yaml" --name beside && { run "$LABCTL" check; [ $? -eq 1 ]; } && grep -q "pass .*db-closed" "$work/out" && run "$LABCTL" status
check "of several labs it finds the one with the exercise, as status does" $?
run "$LABCTL" down beside
lab hint && grep -q sesame-one "$work/out" && lab hint names && grep -q sesame-two "$work/out"
check "hints come in their order" $?
lab hint
[ $? -eq 4 ]
check "there is no third hint" $?
lab hint nmes
[ $? -eq 4 ] && grep -q "did you mean 'names'" "$work/err"
check "a task that is misspelt" $?
# What a node can see: files, processes, environment, and the rules of its own.
leaks=0
for node in web db ns ops; do
    "$LABCTL" --lab drill exec $node -- sh -c 'cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr "\0" "\n"; nft list ruleset; mount
        find / -xdev -path /proc -prune -o -path /dev -prune -o -path /usr -prune -o -path /sys -prune -o -type f -size -200k -exec cat {} + 2>/dev/null' >"$work/seen" 2>/dev/null </dev/null
    grep -aqE 'sesame|dns-server-down|"db-closed"|scenario: drill' "$work/seen" && { leaks=1; echo "$node tells" >"$work/out"; }
    [ -s "$work/seen" ] || leaks=1
done
check "no node tells of fault, hint or solution" $leaks
kill -KILL "$(director_pid)"
until_true 10 answers && lab --format json status && grep -q '"text": "sesame-two"' "$work/out" && grep -q '"hints_left": 0' "$work/out"
check "clock and hints outlive the director" $?
"$LABCTL" --lab drill exec ns -- dnsmasq </dev/null >/dev/null 2>&1
repaired() { lab --format json status && [ "$(total)" = 75 ]; }
until_true 10 repaired # one look is one attempt, and a busy machine may be late
check "a repair in the node counts: 100 - 25" $?
lab set node/web/labels '{ seen: yes }'
check "set is allowed" $?
lab --format json submit && [ "$(total)" = 75 ]
check "submit: above the pass mark, 0" $?
no_lab
check "the lab is gone" $?
run "$LABCTL" report && grep -q "75 of 100 points, 75%; pass mark 70%: passed" "$work/out" && grep -q "expected\|saw" "$work/out" && grep -q "dns-server-down at node/ns/service/dns" "$work/out"
check "the report explains it when the lab is gone" $?
run "$LABCTL" report drill --as json && grep -q '"head": "[0-9a-f]\{64\}"' "$work/out"
check "as JSON too" $?
run "$LABCTL" report drill --rescore --as json && "$LABCTL" report drill --as json | cmp -s - "$work/out"
check "its journal alone gives the same again" $?
run "$LABCTL" report --as pdf
[ $? -eq 2 ]
check "not as what it cannot write" $?
[ "$(directories)" = 1 ]
check "one exercise, one directory" $?

run "$LABCTL" report drill && [ ! -s "$work/err" ]
check "and nothing speaks against the report" $?
report=$(echo "$XDG_STATE_HOME"/labctl/exercises/*/report.json)
cp "$report" "$work/report.json"
sed -i 's/"exact": "75"/"exact": "95"/; s/"total": 75/"total": 95/; s/"percent": 75/"percent": 95/' "$report"
run "$LABCTL" report drill
[ $? -eq 2 ] && grep -q 'report.json is not what follows from its journal: points.total is 95, its journal makes it 75; points.exact is "95", its journal makes it "75"' "$work/err" && grep -q "report --rescore" "$work/err"
check "a report that was edited is told of" $?
run "$LABCTL" report drill --rescore --as json
[ $? -eq 2 ] && grep -q "points.total is 95, its journal makes it 75" "$work/err" && grep -q '"total": 75' "$work/out"
check "rescoring says that they differ, and what is right" $?
run "$LABCTL" report drill drill
[ $? -eq 2 ] && [ ! -s "$work/out" ] && run "$LABCTL" report drill drill --rescore
[ $? -eq 2 ] && grep -q "drill: 75 of 100 points, passed, as recorded" "$work/out" && grep -q 'exact is "95"' "$work/err"
check "of several it is left out, or computed again" $?
cp "$work/report.json" "$report" && sed -i 's/at node\/ns\/service\/dns/at node\/web\/service\/dns/' "$report"
run "$LABCTL" report drill --as csv
[ $? -eq 2 ] && grep -q 'faults\[0\].description is' "$work/err"
check "so is one whose words were edited" $?
mv "$report" "$work/edited" && run "$LABCTL" report "${report%/*}/" --rescore
[ $? -eq 2 ] && grep -q "passed" "$work/out" && grep -q "report.json" "$work/err"
check "or that is missing" $?
cp "$work/report.json" "$report"
mkdir "$work/alone" && cp "$report" "$work/alone/" && run "$LABCTL" report "$work/alone/" && grep -q "journal.jsonl is not there: nothing shows" "$work/err"
check "where there is no journal nothing can be told" $?

sed -i 's/"event":"hint"/"event":"gift"/' "$XDG_STATE_HOME"/labctl/exercises/*/journal.jsonl
run "$LABCTL" report drill --rescore
[ $? -eq 2 ] && grep -q "corrupted journal: line [0-9]*: its hash" "$work/err" && run "$LABCTL" report drill
[ $? -eq 2 ] && grep -q "corrupted journal: line [0-9]*: its hash" "$work/err" && grep -q "75 of 100 points" "$work/out"
check "a journal that was changed is told of, with its line" $?

# ---- the deadline ----
run "$LABCTL" start "$work/short.yaml"
check "a short one starts" $?
until_true 8 no_lab
check "the deadline ends it though nobody is there" $?
run "$LABCTL" report && grep -q "deadline" "$work/out" && grep -q "0 of 100 points" "$work/out"
check "and it is scored" $?
run "$LABCTL" start "$work/short.yaml"
kill -KILL "$(director_pid)"
until_true 8 no_lab && [ "$(find "$XDG_STATE_HOME" -name report.json -size +0 | wc -l)" = 3 ]
check "also where the director was killed before" $?

# ---- other ends ----
printf '%s\n' "scenario: drill" "control: true" "$topology" >"$work/control.yaml"
run "$LABCTL" start "$work/control.yaml" && lab status && lab submit && grep -q "nothing" "$work/out"
check "a healthy control, where there is nothing to do" $?
run "$LABCTL" start "$work/allows.yaml" && lab matrix && ! grep -q refused "$work/err" &&
    lab explain db web:80 && grep -q "^VERDICT" "$work/out"
check "what the scenario allows is allowed" $?
lab submit
[ $? -eq 1 ] && grep -q "0 of 100 points, 0%; pass mark 70%: not passed" "$work/out"
check "submit: below the pass mark, 1" $?
run "$LABCTL" start "$work/drill.yaml" && lab abandon && no_lab
check "abandon ends it" $?
latest=$(find "$XDG_STATE_HOME/labctl/exercises" -mindepth 1 -maxdepth 1 | sort | tail -n 1)
run "$LABCTL" report && grep -q "the latest exercise, $(basename "$latest"), has no report: this is one before it" "$work/err"
check "a report of one before it says so" $?
grep -q '"event":"abandon"' "$latest/journal.jsonl" && [ ! -s "$latest/report.json" ]
check "and leaves its journal, no score" $?
killed=0 started=0 kept=$(directories)
for delay in 20 150 400 900 1300; do
    "$LABCTL" start "$work/drill.yaml" >/dev/null 2>&1 &
    client=$!
    pause $((delay > 999 ? 999 : delay))
    kill -KILL $client 2>/dev/null
    wait $client 2>/dev/null
    [ $? -eq 0 ] && started=$((started + 1)) && "$LABCTL" down drill >/dev/null 2>&1
    until_true 5 no_lab || { killed=1; break; }
done
check "a start that is killed leaves no lab" $killed
[ $(($(directories) - kept - started)) -le 1 ] # one may have been killed between its files and its clock
check "nor files" $?
if [ -x "$BUILD/tests/exercise/test_schema" ]; then
    find "$XDG_STATE_HOME" -name report.json -size +0 -exec "$BUILD/tests/exercise/test_schema" {} + >"$work/out" 2>&1
    check "every report is of the shipped schema's shape" $?
fi
rm -rf "$XDG_STATE_HOME/labctl" # what is meant to stay
clean_host
check "nothing else is left" $?
exit $((failures > 0))
