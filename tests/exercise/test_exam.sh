#!/bin/bash
# as user
# An exam: sealed, opened by its code, not paused, verified afterwards by whoever has the code.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"
mkdir -p "$work/author" "$work/desk"
cat >"$work/author/net.yaml" <<'YAML'
lab: exam
bridges: { lan: {} }
nodes:
  web: { bridge: lan, address: 10.0.0.1/24, services: { http: { port: 80 } }, files: { /etc/motd: { source: motd.txt } } }
  ns: { bridge: lan, address: 10.0.0.53/24, services: { dns: { zones: { lab.test: { web: 10.0.0.1 } } } } }
  ops: { bridge: lan, address: 10.0.0.3/24, resolver: { servers: [10.0.0.53] } }
YAML
# shellcheck disable=SC2016 # for the scenario to leave alone
echo 'welcome to ${HOME}' >"$work/author/motd.txt"
cat >"$work/author/drill.yaml" <<'YAML'
scenario: drill
title: Names are gone
topology: net.yaml
time: 20m
pass: 70%
vars:
  word: { choose: [sesame-a, sesame-b, sesame-c, sesame-d] }
  port: { range: [8000, 8999] }
faults: [ { id: names, kind: dns-server-down, at: node/ns/service/dns } ]
tasks:
  - id: names
    title: names resolve
    checks: [ { id: lookup, from: ops, dns: { name: web.lab.test, type: A, answer: 10.0.0.1 }, points: 60 } ]
guards: [ { id: web-closed, from: ops, tcp: { to: web, port: "${port}", expect: refused }, penalty: 30 } ]
hints: [ { task: names, cost: 10, text: "${word}" } ]
articulate:
  prompt: Why did names not resolve?
  words: 20
  points: 10
  rubric: [ { points: 6, text: names the server }, { points: 4, text: says how it was seen } ]
solution: [ { at: ns, run: "open-the-secret" } ]
YAML
sed 's/net.yaml/nothing.yaml/' "$work/author/drill.yaml" >"$work/author/bad.yaml"
sealed=$work/desk/drill.sealed
snapshot >"$work/before"
lab() { run "$LABCTL" --lab exam "$@"; }
latest() { find "$XDG_STATE_HOME/labctl/exercises" -mindepth 1 -maxdepth 1 | sort | tail -n 1; }
no_lab() { [ -z "$(keeper_pid)" ]; }
answers() { "$LABCTL" --lab exam inspect >/dev/null 2>&1; }
refuses() { # STATUS TEXT: the last command had no output but one line of error that says so
    [ "$1" -eq 2 ] && [ ! -s "$work/out" ] && grep -q "$2" "$work/err" && ! grep -q "sesame\|dns-server-down\|lookup" "$work/err"
}

# ---- sealing ----
run "$LABCTL" pack "$work/author/bad.yaml" -o "$work/desk/bad.sealed"
[ $? -eq 2 ] && grep -q "nothing.yaml' cannot be read" "$work/err" && [ ! -e "$work/desk/bad.sealed" ]
check "what is not valid is not sealed" $?
run "$LABCTL" pack "$work/author/drill.yaml" -o "$sealed" && grep -qE '^start code: ([a-z0-9]{4}-){3}[a-z0-9]{4}$' "$work/out"
check "a code is made and printed" $?
code=$(sed -n 's/^start code: //p' "$work/out")
grep -aq '^name: drill$' "$sealed" && ! grep -aqE 'sesame|lookup|10\.0\.0|open-the-secret|welcome' "$sealed"
check "nothing of it can be read but its name and title" $?
run "$LABCTL" pack "$sealed"
[ $? -eq 2 ] && grep -q "sealed already" "$work/err"
check "it is not sealed twice" $?
for reader in validate up; do
    run "$LABCTL" "$reader" "$sealed"
    [ $? -eq 2 ] && grep -q "'$sealed' is sealed" "$work/err" && grep -q "labctl start" "$work/err" && [ "$(wc -l <"$work/err")" -eq 2 ]
    check "$reader says that it is sealed, and prints none of its bytes" $?
done

# ---- what does not open ----
mv "$work/author" "$work/away"
run "$LABCTL" start "$sealed" --code "$code-x"
refuses $? "not the start code of 'drill'"
check "a wrong code is told" $?
run "$LABCTL" start "$sealed" </dev/null
[ $? -eq 2 ] && grep -q "LABCTL_START_CODE" "$work/err"
check "no code at all is told" $?
head -c 700 "$sealed" >"$work/desk/cut.sealed"
run "$LABCTL" start "$work/desk/cut.sealed" --code "$code"
refuses $? "cut off"
check "one that was cut off is told" $?
sed 's/^title: .*/title: Another title/' "$sealed" >"$work/desk/changed.sealed"
run "$LABCTL" start "$work/desk/changed.sealed" --code "$code"
refuses $? "damaged\|changed\|cut off"
check "one that was changed is told" $?
[ ! -e "$XDG_STATE_HOME/labctl" ]
check "nothing is left of them" $?

# ---- an exam ----
LABCTL_START_CODE=$code run "$LABCTL" start "$sealed" --seed 7 --learner ada
check "it starts, with the code from the environment" $?
grep -q "evidence, not proof" "$work/out" && grep -q "Head of its journal at the start" "$work/out"
check "it says what it is, and gives the head out" $?
first=$(grep -A1 "Head of its journal" "$work/out" | tail -n 1 | tr -d ' ')
[ "$(head -n 1 "$(latest)/journal.jsonl" | grep -o '"hash":"[0-9a-f]*"')" = "\"hash\":\"$first\"" ]
check "the head is that of the journal" $?
! grep -rqE 'sesame|dns-server-down' "$work/desk" "$XDG_STATE_HOME" "$TMPDIR" "$XDG_RUNTIME_DIR"
check "no disk holds it in clear" $?
# shellcheck disable=SC2016 # as the file has it
[ "$("$LABCTL" --lab exam exec web -- cat /etc/motd </dev/null)" = 'welcome to ${HOME}' ]
check "a file of a node came along as it is" $?
lab pause
[ $? -eq 4 ] && grep -q "an exam cannot be paused" "$work/err"
check "an exam is not paused" $?
kill -KILL "$(director_pid)"
until_true 10 answers && lab hint names && grep -q "sesame-" "$work/out"
check "the director finds the key again" $?
printf 'The server ns was down:\n\n> lookup timed out\n\nso nothing had a name.\n' >"$work/text"
lab answer articulate "$work/text"
check "the text is handed in" $?
"$LABCTL" --lab exam exec ns -- dnsmasq </dev/null >/dev/null 2>&1
lab submit && grep -q "50 of 60 points" "$work/out" && grep -q "Head of its journal at the end" "$work/out"
check "it is scored, and gives the head out again" $?
last=$(grep -A1 "Head of its journal" "$work/out" | tail -n 1 | tr -d ' ')
directory=$(latest)
[ "$(tail -n 1 "$directory/journal.jsonl" | grep -o '"hash":"[0-9a-f]*"')" = "\"hash\":\"$last\"" ]
check "the last one too" $?
! grep -q 'scenario_text' "$directory/journal.jsonl"
check "the journal does not hold the scenario" $?

# ---- verifying ----
run "$LABCTL" report "$directory/" --rescore
[ $? -eq 2 ] && grep -q "verified with its start code" "$work/err"
check "without the code nothing is verified" $?
run "$LABCTL" report "$directory/" --rescore --code "$code" --as json && grep -q '"total": 50' "$work/out" && grep -q '"mode": "exam"' "$work/out"
check "with it the score follows from journal and sealed file" $?
run "$LABCTL" report "$directory/" && grep -q "it is an exam: its journal is verified with its start code" "$work/err"
check "its report is shown without" $?
cp -r "$directory" "$work/edited" && sed -i 's/"exact": "50"/"exact": "60"/' "$work/edited/report.json"
run "$LABCTL" report "$work/edited/"
[ $? -eq 2 ] && grep -q 'points.exact is "60", its journal makes it "50"' "$work/err"
check "but not where it was edited" $?
cp -r "$directory" "$work/forged"
sed -i '2s/"at":[0-9]*/"at":1/' "$work/forged/journal.jsonl"
run "$LABCTL" report "$work/forged/" --rescore --code "$code"
[ $? -eq 2 ] && grep -q "corrupted journal: line 2: its keyed hash" "$work/err"
check "a changed line shows" $?
mv "$work/away" "$work/author"
cp -r "$directory" "$work/swapped"
run "$LABCTL" pack "$work/author/drill.yaml" -o "$work/swapped/exam.sealed" --code "$code" -q
run "$LABCTL" report "$work/swapped/" --rescore --code "$code"
[ $? -eq 2 ] && grep -q "corrupted journal: line 1" "$work/err"
check "so does another sealed file under the same code" $?

# ---- marking ----
run "$LABCTL" mark "$directory/" && grep -q "14 words of about 20: short by 6" "$work/out" && grep -q "not found  lookup timed out" "$work/out" && grep -q "1    - of 6    names the server" "$work/out"
check "mark shows text, length, quotes and rubric" $?
mkdir -p "$directory/sessions"
printf '{"version": 2, "width": 80, "height": 24}\n[0.5, "o", "\\u001b[31mlookup timed\\u001b[0m out\\r\\n"]\n' >"$directory/sessions/ops-1.cast"
run "$LABCTL" mark "$directory/" && grep -q "found *lookup timed out  \[sessions/ops-1.cast\]" "$work/out"
check "a quote is found in what was recorded" $?
run "$LABCTL" mark "$directory/" --points 6,3
[ $? -eq 2 ] && grep -q "start code" "$work/err"
check "marks of an exam need its code" $?
for wrong in "--points 7,3" "--points 6" "--points 6,3,1" "--points six,3" "--rubric 3=1" "--rubric nothing=1" "--rubric 1"; do
    # shellcheck disable=SC2086 # several words
    run "$LABCTL" mark "$directory/" --code "$code" $wrong
    [ $? -eq 2 ] || { echo "$wrong is taken" >>"$work/err"; false; break; }
done && ! grep -q '"event":"mark"' "$directory/journal.jsonl"
check "more than a row has, too few, too many, no numbers" $?
run "$LABCTL" mark "$directory/" --code "$code" --points 6,1 --marker grace && grep -q "+ text 7 = 57 points earned.*57 of 70" "$work/out"
check "marks count from then on" $?
run "$LABCTL" mark "$directory/" --code "$code" --rubric says=4 && run "$LABCTL" report "$directory/" --as json &&
    grep -q '"marked": 10' "$work/out" && tr -d '\n' <"$work/out" | grep -q '"machine_points": {.*"total": 50,.*"maximum": 60,'
check "one row is marked anew; what the machine scored stays" $?
run "$LABCTL" report "$directory/" --rescore --code "$code" && grep -q "60 of 70 points" "$work/out" && grep -q "4 of 4  says how it was seen" "$work/out" && grep -q "1 of 1 quoted" "$work/out"
check "the chain goes on, and the report follows from it" $?
cp -r "$directory" "$work/other"
echo "and more" >>"$work/other/answers/articulate.txt"
run "$LABCTL" mark "$work/other/"
[ $? -eq 2 ] && grep -q "is not the text that was handed in" "$work/err"
check "a text that was changed afterwards is no text" $?
run "$LABCTL" mark "$directory/" "$work/forged/" && [ "$(wc -l <"$work/out")" = 2 ] && grep -q "10 of 10 points" "$work/out" && grep -q "not marked" "$work/out"
check "several are listed" $?

# ---- one variant alone ----
run "$LABCTL" pack "$work/author/drill.yaml" -o "$work/desk/ada.sealed" --code "$code" --learner ada -q && [ ! -s "$work/out" ]
check "one learner's variant is sealed" $?
run "$LABCTL" start "$work/desk/ada.sealed" --code "$code" --learner bob
refuses $? "sealed for seed '' and learner 'ada'"
check "and is nobody else's" $?
lab start "$work/desk/ada.sealed" --code "$code" && grep -q 'ada' "$(latest)/journal.jsonl"
check "it starts for her without being told" $?
lab --format json submit
until_true 8 no_lab && [ "$(latest)" != "$directory" ]
run "$LABCTL" report "$directory/" "$(latest)/" --as csv --rescore --code "$code" && [ "$(wc -l <"$work/out")" = 3 ] && [ "$(grep -c '^learner,scenario' "$work/out")" = 1 ] && [ "$(grep -c '"ada","drill"' "$work/out")" = 2 ] && grep -q ',60,70,.*,10,' "$work/out"
check "several make one gradebook" $?
run "$LABCTL" report "$directory/" "$(latest)/" --as html
[ $? -eq 2 ]
check "several are no page" $?

rm -rf "$XDG_STATE_HOME/labctl"
unchanged() { snapshot >"$work/after" && diff "$work/before" "$work/after" >"$work/out"; }
until_true 8 unchanged
check "nothing is left behind" $?
[ "$failures" -eq 0 ]
