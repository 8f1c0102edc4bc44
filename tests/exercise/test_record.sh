#!/bin/bash
# as user
# What is recorded of a session in an exercise: a shell on a terminal, a command with and without one; what the command sees
# does not change; passwords, the limit, a full disk, a restarted director; the journal's entries and the report's timeline.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"
cat >"$work/course.yaml" <<'YAML'
scenario: recorded
pass: 60%
time: 20m
topology:
  lab: recorded
  bridges: { lan: {} }
  nodes:
    web: { bridge: lan, address: 10.0.0.1/24, services: { http: { port: 80 } } }
    ops: { bridge: lan, address: 10.0.0.3/24 }
faults: [ { id: away, kind: route-missing, at: web, destination: 10.0.0.0/24 } ]
tasks: [ { id: page, checks: [ { id: page, from: ops, tcp: { to: web, port: 80 }, points: 60 } ] } ]
YAML
lab() { run timeout 60 "$LABCTL" --lab recorded "$@"; }
plain() { timeout 60 "$LABCTL" --lab recorded exec ops "$@"; }
here() { find "$XDG_STATE_HOME/labctl/exercises" -mindepth 1 -maxdepth 1 | sort | tail -n 1; }
entry() { until_true 5 grep -q "\"event\":\"record\".*\"file\":\"sessions/$1\"" "$journal" && grep "\"file\":\"sessions/$1\"" "$journal"; }
cast() { printf '%s/sessions/%s' "$directory" "$1"; }

# ---- without an exercise nothing is recorded ----
sed -n '/^topology:/,/^faults:/p' "$work/course.yaml" | sed '1d;$d;s/^  //' >"$work/lab.yaml"
"$LABCTL" up "$work/lab.yaml" >"$work/out" 2>&1 && plain true && ! find "$HOME" -name '*.cast' | grep -q .
check "outside of an exercise nothing is recorded" $?
"$LABCTL" down recorded >/dev/null 2>&1

run timeout 120 "$LABCTL" start "$work/course.yaml"
check "an exercise starts" $?
directory=$(here) journal=$directory/journal.jsonl

# ---- a command without a terminal ----
lab exec ops -- sh -c 'echo out; echo err >&2; exit 3'
[ $? -eq 3 ] && [ "$(cat "$work/out")" = out ] && [ "$(cat "$work/err")" = err ]
check "a recorded command's output and status are its own" $?
entry ops-1.cast >"$work/entry" && grep -q '"argv":\["sh","-c"' "$work/entry" && grep -q '"node":"ops"' "$work/entry" && grep -q '"status":3' "$work/entry" &&
    grep -q "\"sha256\":\"$(sha256sum <"$(cast ops-1.cast)" | cut -d' ' -f1)\"" "$work/entry"
check "the journal names node, command, file, its hash and the exit status" $?
head -n 1 "$(cast ops-1.cast)" | grep -Eq '^\{"version": 2, "width": 80, "height": 24, "timestamp": [0-9]+, "env": \{.*\}, "title": "ops: sh -c' &&
    grep -Eq '^\[[0-9]+\.[0-9]{6}, "o", "out\\n"\]$' "$(cast ops-1.cast)" && grep -Eq '"o", "err\\n"' "$(cast ops-1.cast)"
check "the recording is an asciicast: a header, and output with its times" $?

plain sh -c '[ -p /dev/stdout ] && [ ! -t 1 ]' | cat
[ "${PIPESTATUS[0]}" -eq 0 ]
check "where standard output is a pipe the command sees one" $?
plain sh -c 'printf "a\000b\377\303\251\342\202"; printf "\254z"' | od -An -tx1 | tr -d ' \n' >"$work/bytes"
last=$(find "$directory/sessions" -name 'ops-*.cast' | sort -V | tail -n 1)
entry "${last##*/}" >/dev/null
[ "$(cat "$work/bytes")" = 610062ffc3a9e282ac7a ] && tail -n +2 "$last" | sed 's/.*"o", "\(.*\)"\]/\1/' | tr -d '\n' | grep -qF "a\\u0000b"$'\xef\xbf\xbd'"é€z"
check "binary output passes unchanged, and is valid UTF-8 in the recording" $?
printf 'in\n' | plain cat >"$work/file" && [ "$(cat "$work/file")" = in ] && plain sh -c 'echo more' >>"$work/file" && [ "$(cat "$work/file")" = $'in\nmore' ]
check "files as input and output are as they were" $?
plain sh -c 'i=0; while [ $i -lt 300 ]; do echo o$i; echo e$i >&2; i=$((i + 1)); done' >"$work/both" 2>&1
awk '{ want = (NR % 2 ? "o" : "e") int((NR - 1) / 2); if ($0 != want) exit 1 } END { exit NR != 600 }' "$work/both"
check "output and error into one file keep their order" $?
plain sh -c 'head -c 3000000 /dev/zero' | wc -c | grep -qx 3000000 && plain yes | head -n 1 | grep -qx y
check "much output is whole, and a reader that goes away ends the command" $?
plain sh -c 'mkfifo /tmp/go; (read x </tmp/go; echo late) & echo early' >"$work/late"
grep -qx early "$work/late" && ! grep -q late "$work/late" && plain sh -c 'echo >/tmp/go' && until_true 10 grep -qx late "$work/late"
check "what a command leaves behind neither holds it nor loses its output" $?
plain nosuch >"$work/out" 2>&1
[ $? -eq 127 ] && until_true 5 grep -q '"argv":\["nosuch"\].*"status":127' "$journal"
check "a command that is not there is on record" $?
count=$(find "$directory/sessions" -name '*.cast' | wc -l)
lab exec ops -- true && [ "$(find "$directory/sessions" -name '*.cast' | wc -l)" -eq $((count + 1)) ]
check "each session is a file of its own" $?

# ---- terminals ----
script -qec "'$LABCTL' --lab recorded exec ops -- sh -c 'test -t 1 && test -t 2 && stty size <&1 && printf \"l\\tine\\n\"'" /dev/null </dev/null >"$work/out" 2>&1
last=$(find "$directory/sessions" -name 'ops-*.cast' | sort -V | tail -n 1)
entry "${last##*/}" | grep -q '"status":0' && grep -q '"o", "[^"]*l\\tine\\n' "$last"
check "where standard output is a terminal the command has one, and it is recorded" $?
mkfifo "$work/keys"
script -qec "stty rows 30 cols 90; exec '$LABCTL' --lab recorded shell web" /dev/null >"$work/out" 2>&1 <"$work/keys" &
shell=$!
exec 8>"$work/keys"
until_true 10 grep -q '[#$]' "$work/out"
printf 'PS1=; exec sh\n' >&8
pause 300
printf 'echo vis$((1+1))ble; stty -echo; echo ready\n' >&8
until_true 10 grep -q '^ready' "$work/out"
printf 'read secret\n' >&8
pause 200
printf 'sesame\n' >&8
pause 200
printf 'stty echo; stty size; echo done$((3+4))\n' >&8
until_true 10 grep -q done7 "$work/out"
printf 'exit 5\n' >&8
exec 8>&-
wait $shell
entry_of=$(find "$directory/sessions" -name 'web-*.cast' | sort -V | tail -n 1)
entry "${entry_of##*/}" | grep -q '"argv":\[\].*"status":5' && head -n 1 "$entry_of" | grep -q '"width": 90, "height": 30' &&
    grep -q '"o", "[^"]*vis2ble' "$entry_of" && grep -q '"o", "[^"]*30 90' "$entry_of" && grep -q '"i", "[^"]*stty -echo' "$entry_of"
check "a shell is recorded: its window, what it shows, what is typed where it shows" $?
! grep -q sesame "$entry_of"
check "what is typed blind is not recorded" $?

# ---- limits ----
plain sh -c 'head -c 20000000 /dev/zero | tr "\000" x' | wc -c | grep -qx 20000000
last=$(find "$directory/sessions" -name 'ops-*.cast' | sort -V | tail -n 1)
entry "${last##*/}" | grep -q '"problem":"recording incomplete: ' && [ "$(wc -c <"$last")" -le $((16 << 20)) ] && tail -n 1 "$last" | grep -q '"m", "the recording ends here'
check "a recording ends at 16 MB and says so; the session goes on" $?

# ---- a restarted director ----
script -qec "exec '$LABCTL' --lab recorded exec ops -- sh -c 'echo first; read x; echo second\$x'" /dev/null >"$work/out" 2>&1 <"$work/keys" &
shell=$!
exec 8>"$work/keys"
until_true 10 grep -q first "$work/out"
last=$(find "$directory/sessions" -name 'ops-*.cast' | sort -V | tail -n 1)
old=$(director_pid)
kill -9 "$old"
until_true 10 lab exec ops -- true
printf 'x\n' >&8
exec 8>&-
wait $shell
entry "${last##*/}" | grep -q '"status":0' && grep -q secondx "$last"
check "a session outlives the director, and is on record by the next one" $?

# ---- the end ----
"$LABCTL" --lab recorded exec ops -- sh -c 'echo left; exec sleep 100' >"$work/left" 2>&1 &
left=$!
until_true 10 grep -q left "$work/left"
lab submit
wait $left
grep -q '"event":"record".*"problem":"open at the end"' "$journal" && ! grep -q '"event":"record".*"event":"score"' "$journal"
check "what is open at the end is on record" $?
grep -q '"event": "record"' "$directory/report.json" && grep -q '"text": "ops: sh -c echo out; echo err >&2; exit 3: exit status 3 (sessions/ops-1.cast)"' "$directory/report.json"
check "the report's timeline shows what was run" $?
run "$LABCTL" report --rescore "$directory"
check "the journal with its recordings is verified" $?

# ---- a full disk ----
mkdir "$work/small"
if mount -t tmpfs -o size=512k tmpfs "$work/small" 2>/dev/null; then
    export XDG_STATE_HOME=$work/small
    run timeout 120 "$LABCTL" start "$work/course.yaml"
    directory=$(here) journal=$directory/journal.jsonl
    plain sh -c 'echo before; read x; head -c 100000 /dev/zero; echo after' < <(
        until_true 10 grep -qs before "$directory/sessions/ops-1.cast"
        dd if=/dev/zero of="$work/small/fill" bs=4k 2>/dev/null
        echo go
    ) >"$work/out" 2>"$work/err"
    tr -d '\000' <"$work/out" >"$work/shown" && mv "$work/shown" "$work/out" && grep -q after "$work/out"
    check "on a full disk the session goes on" $?
    plain true
    check "on a full disk another one begins" $?
    rm "$work/small/fill"
    entry ops-1.cast | grep -q '"problem":"recording incomplete: No space left on device"' && until_true 5 grep -q '"problem":"not recorded: No space left on device"' "$journal"
    check "the journal says what is incomplete as soon as it can be written" $?
    lab abandon
    "$LABCTL" down recorded >/dev/null 2>&1
    exec 8>&-
    umount -l "$work/small"
else
    echo "skip a full disk: no tmpfs can be mounted"
fi
exit $((failures > 0))
