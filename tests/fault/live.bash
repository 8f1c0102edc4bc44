# What tests of faults in a running lab share: sourced after the lab's file is written to $work/lab.yaml and `nodes` and
# `rows` (KIND|SYMPTOM|WHERE|PARAMETERS) are set.  A symptom is the id of a check that must go red, or the name of a
# function that must succeed under the fault and fail without.  `settle`: how many seconds the lab takes to be as before.
snapshot >"$work/before"
lab() { run "$LABCTL" --lab live "$@"; }
in_node() { "$LABCTL" --lab live exec "$@" 2>&1; }

look=${LABCTL%/*}/tests/cmd/look
[ -x "$look" ] || { echo "not ok $look is there (make tests)"; exit 1; }
state() { # what a learner can look at, in every node, and the topology; without a look, never the same
    "$look" live || echo "no look: $EPOCHREALTIME"
    "$LABCTL" --lab live dump
}

traces() { # words that would tell; what a node shows must have none of them
    state | sed '/^lab: live/,$d' | grep -iE '(labctl|\bfault|inject|exercise|scenario)'
}

same_state() {
    state >"$work/now"
    cmp -s "$work/state" "$work/now" || { diff "$work/state" "$work/now" >"$work/out"; return 1; }
}

in_force() { # yes|no
    lab --format json fault status && grep -q "\"in_force\": \"$1\"" "$work/out"
}

answers() { "$LABCTL" --lab live fault status >/dev/null 2>&1; }

shows() { # SYMPTOM
    if declare -F "$1" >/dev/null; then
        "$1" >"$work/out" 2>"$work/err"
    else
        lab check "$1"
        [ $? -eq 1 ]
    fi
}

try_row() { # KIND SYMPTOM WHERE PARAMETERS: in, seen, hidden, out
    local kind=$1 symptom=$2 where=$3 parameters=$4 name status
    name="$kind at $where"
    if declare -F "$symptom" >/dev/null; then
        ! shows "$symptom"
        check "$name: no symptom when healthy" $?
    fi
    lab fault inject "$kind" --at "$where" $parameters
    check "$name: goes in" $?
    in_force yes
    check "$name: is in force" $?
    shows "$symptom"
    check "$name: shows its symptom" $?
    traces >"$work/out"
    [ $? -eq 1 ]
    check "$name: nothing tells of it" $?
    lab set title other && lab unset title
    check "$name: something else can be changed meanwhile" $?
    lab fault inject "$kind" --at "$where" $parameters
    status=$?
    # The rule or record that is gone cannot go once more: that is wrong usage, the rest is in already.
    [ $status -eq 4 ] || [ $status -eq 2 ]
    check "$name: twice is refused" $?
    if [ "$kind" = loss ] || [ "$kind" = dns-wrong-record ]; then # one of the machines, one of the cloud
        kill -KILL "$(director_pid)"
        until_true 10 answers && in_force yes
        check "$name: outlives the director" $?
    fi
    lab fault clear
    check "$name: goes out" $?
    lab fault clear
    check "$name: once more is nothing" $?
    out+=("$name")
}

# To look at everything takes longer than a fault: what was put in and taken out since the last look is compared at once.
taken_out() {
    local taken status
    until_true "${settle:-3}" same_state
    status=$? # of that, not of what the name is made with
    taken=$(printf '%s, ' "${out[@]}")
    check "${taken}all are taken out exactly" $status
    out=()
}

ids() { "$LABCTL" --lab live --format json fault status | sed -n 's/^ *"id": "\(.*\)",*$/\1/p'; }

# Two at a time: the first one in is the first one out, then the last one in.  What stands where the other one does is
# refused; of the rest nothing may stay.
try_pairs() {
    local i row kind where parameters both pairs=0 broken=0
    for ((i = 0; i + 1 < ${#rows[@]}; i += 2 * step)); do
        for row in "${rows[@]:i:2}"; do
            IFS='|' read -r kind _ where parameters <<<"$row"
            lab fault inject "$kind" --at "$where" $parameters
        done
        mapfile -t both < <(ids)
        if [ ${#both[@]} -eq 2 ]; then
            pairs=$((pairs + 1))
            [ $((pairs % 2)) -ne 0 ] || lab fault clear "${both[0]}" || broken=1
        fi
        lab fault clear || broken=1
        until_true "${settle:-3}" same_state || { broken=1; echo "${rows[*]:i:2}" >>"$work/out"; break; }
    done
    [ $pairs -gt 0 ] && [ $broken -eq 0 ]
    check "two at a time, in both orders ($pairs pairs)" $?
}

try_rows() { # all of them in a healthy lab, which is healthy afterwards
    local i kind symptom where parameters step=1 out=()
    # tests/run runs all of them as an ordinary user; where root runs one too, a part of the rows is enough.
    [ "$(id -u)" -ne 0 ] || [ -n "${LIVE_ALL:-}" ] || step=3
    lab up "$work/lab.yaml"
    check "the lab is up" $?
    until_true 20 lab check
    check "it is healthy" $?
    state >"$work/state"
    if [ -n "${KILL_EACH:-}" ]; then
        kill_each
        return
    fi
    for ((i = 0; i < ${#rows[@]}; i += step)); do
        IFS='|' read -r kind symptom where parameters <<<"${rows[i]}"
        try_row "$kind" "$symptom" "$where" "$parameters"
        [ ${#out[@]} -lt 4 ] || taken_out
    done
    [ ${#out[@]} -eq 0 ] || taken_out
    try_pairs
    until_true 20 lab check
    check "it is healthy again" $?
}

struck() { # MILLISECONDS CMD…: the director is killed so long after the command began
    local client director
    director=$(director_pid) # before: to look for it takes longer than many a fault
    "${@:2}" &
    client=$!
    pause "$1"
    kill -KILL "$director" 2>/dev/null
    wait $client || in_the_middle=$((in_the_middle + 1)) # it got no answer
    until_true 10 answers
}

no_lab() { [ -z "$(keeper_pid)" ]; }

took() { # CMD…: how many milliseconds
    local began=${EPOCHREALTIME/./}
    "$@"
    echo $(((${EPOCHREALTIME/./} - began) / 1000))
}

# Each kind, as often as STRIKES says, at moments spread over what it takes: the director dies while it goes in, while it is
# in and while it goes out, and what was begun is finished; the keeper dies with it in, and nothing is left of the lab.
strikes=${STRIKES:-3} in_the_middle=0
kill_each() {
    local row kind where parameters name
    for row in "${rows[@]}"; do
        IFS='|' read -r kind _ where parameters <<<"$row"
        name="$kind at $where"
        kill_director
        lab fault inject "$kind" --at "$where" $parameters
        kill -KILL "$(keeper_pid)"
        until_true 5 no_lab && clean_host 5
        check "$name: ends with the keeper" $?
        lab up "$work/lab.yaml" && until_true "${settle:-5}" same_state
        check "$name: is not in the next lab" $?
    done
    [ $((in_the_middle * 10)) -ge $((strikes * 2 * ${#rows[@]})) ] # a fifth to a half of them are; the rest come too late
    check "the director died in the middle $in_the_middle times" $?
}

kill_director() {
    local strike in out goes_in=0 stays=0 goes_out=0
    in=$(took lab fault inject "$kind" --at "$where" $parameters)
    out=$(took lab fault clear)
    for ((strike = 0; strike < strikes && goes_in + stays + goes_out == 0; strike++)); do
        struck $(((strike * in + RANDOM % (in + 1)) / strikes)) lab fault inject "$kind" --at "$where" $parameters
        lab fault inject "$kind" --at "$where" $parameters # it is in already, or it goes in now
        in_force yes || goes_in=1
        [ $strike -gt 0 ] || struck 0 true && in_force yes || stays=1
        struck $(((strike * out + RANDOM % (out + 1)) / strikes)) lab fault clear
        lab fault clear && until_true "${settle:-5}" same_state || goes_out=1
    done
    check "$name: goes in, killed or not" $goes_in
    check "$name: outlives the director" $stays
    check "$name: goes out, killed or not" $goes_out
}

# The director is killed at random moments of going in and going out; what was begun is finished.
kill_rounds() { # ROUNDS
    [ -z "${KILL_EACH:-}" ] || return 0
    local broken=0 round row kind where parameters
    for ((round = 0; round < $1; round++)); do
        row=${rows[RANDOM % ${#rows[@]}]}
        IFS='|' read -r kind _ where parameters <<<"$row"
        struck $((RANDOM % 40)) lab fault inject "$kind" --at "$where" $parameters || { broken=1; break; }
        if [ $((round % 2)) -eq 0 ]; then struck $((RANDOM % 30)) lab fault clear; else lab fault clear; fi
        until_true 10 answers && lab fault clear && until_true "${settle:-5}" same_state || { broken=1; echo "round $round: $row" >>"$work/out"; break; }
    done
    check "killed in the middle $1 times, nothing stays" $broken
}

# Every row, some deaths, and the end of the script.
try_all() {
    try_rows
    kill_rounds "$KILLS"
    lab down live
    clean_host
    check "nothing is left" $?
    exit $((failures > 0))
}
