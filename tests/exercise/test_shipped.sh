#!/bin/bash
# Every shipped scenario: started it shows its symptom; with nothing done there are no points, with its solution all
# that its tasks are worth; and nothing is left.
# shellcheck disable=SC2154 # what the sourced file sets
set -u
. "$(dirname "$0")/steps.sh"
cd "$root" || exit 1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
export XDG_STATE_HOME=$scratch/state

started() { # SCENARIO: starts it and looks at the symptom
    labctl start "$1" >"$log" 2>&1 || return 1
    labctl --format json status >"$log" 2>&1 || return 1
    grep -q '"verdict": "fail"' "$log" && [ "$(points "$log" | cut -d' ' -f1)" = 0 ]
}

exercise() { # SCENARIO: two whole exercises
    local file=$1 name=${1##*/} maximum status earned total
    name=${name%.yaml}
    lab=x-$name-$$
    log=$scratch/$name.log
    started "$file" && say ok "$name shows its symptom" || say "not ok" "$name shows its symptom" "$log"
    labctl --format json submit >"$log" 2>&1
    status=$?
    maximum=$(points "$log" | sed 's/.* of //')
    [ $status = 1 ] && [ "$(points "$log")" = "0 of $maximum" ] && [ "${maximum:-0}" -gt 0 ] && say ok "$name: no points for nothing" ||
        say "not ok" "$name: no points for nothing" "$log"
    started "$file" && solution_steps "$file" | run_steps >"$log" 2>&1 && say ok "$name takes its solution" ||
        say "not ok" "$name takes its solution" "$log"
    labctl --format json submit >"$log" 2>&1
    status=$?
    earned=$(task_points "$log") total=$(points "$log")
    [ $status = 0 ] && [ "${earned% of *}" = "${earned#* of }" ] && [ "${total% of *}" = "${earned% of *}" ] && say ok "$name: full score for its solution" ||
        say "not ok" "$name: full score for its solution" "$log"
    "$LABCTL" report "$name" >"$log" 2>&1
    grep -q "^$total points, " "$log" && grep -q "What was broken" "$log" && say ok "$name: the report explains it" ||
        say "not ok" "$name: the report explains it" "$log"
    "$LABCTL" list >"$log" 2>&1
    grep -q "^$lab " "$log" && say "not ok" "$name leaves no lab" "$log" || say ok "$name leaves no lab"
    labctl down "$lab" >/dev/null 2>&1
}

# At the same time: most of it is waiting for what does not answer.
for file in scenarios/{lossy-uplink,asymmetric-return,broken-dns,closed-security-group}.yaml; do
    exercise "$file" >"$scratch/${file##*/}.out" 2>&1 &
done
wait
cat "$scratch"/*.out
! grep -q '^not ok' "$scratch"/*.out
