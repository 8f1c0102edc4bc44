# For tests of what the cloud's words mean: a lab from a text, looked at with ordinary tools inside its nodes.
# shellcheck shell=bash
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
work=$(mktemp -d) || exit 1
lab=row-$$
failures=0

finish() {
    "$LABCTL" down "$lab" >/dev/null 2>&1
    rm -rf "$work"
    [ "$failures" -eq 0 ]
}
trap 'finish; exit $((failures > 0))' EXIT

report() { # NAME STATUS
    if [ "$2" -eq 0 ]; then
        echo "ok $1"
    else
        echo "not ok $1"
        failures=$((failures + 1))
        cat "$work/out" 2>/dev/null
    fi
}

up() { # the topology comes on stdin
    cat >"$work/lab.yaml"
    "$LABCTL" down "$lab" >/dev/null 2>&1
    "$LABCTL" up "$work/lab.yaml" --name "$lab" >"$work/out" 2>&1 && return
    report "the lab comes up" 1
    exit 1
}

on() { # NODE COMMAND...
    local node=$1
    shift
    "$LABCTL" --lab "$lab" exec "$node" -- "$@"
}

holds() { # NAME COMMAND...: succeeds
    local name=$1
    shift
    "$@" >"$work/out" 2>&1
    report "$name" $?
}

fails() { # NAME COMMAND...
    local name=$1
    shift
    ! "$@" >"$work/out" 2>&1
    report "$name" $?
}

shows() { # NAME PATTERN COMMAND...: its output has a line that matches
    local name=$1 pattern=$2
    shift 2
    "$@" >"$work/out" 2>&1
    grep -Eq -- "$pattern" "$work/out"
    report "$name" $?
}

# What a TCP connection meets: open, refused (a RST at once) or silent (no answer within a second).
tcp() { # NODE ADDRESS PORT
    # shellcheck disable=SC2016
    on "$1" timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$2" "$3" 2>"$work/tcp"
    case $? in
    0) echo open ;;
    124) echo silent ;;
    *) if grep -q refused "$work/tcp"; then echo refused; else cat "$work/tcp"; fi ;;
    esac
}

meets() { # NAME WORD NODE ADDRESS PORT
    local seen
    seen=$(tcp "$3" "$4" "$5")
    echo "$seen instead of $2" >"$work/out"
    [ "$seen" = "$2" ]
    report "$1" $?
}

pings() { # NAME NODE ADDRESS
    holds "$1" on "$2" ping -n -c 1 -W 1 "$3"
}

no_ping() { # NAME NODE ADDRESS
    fails "$1" on "$2" ping -n -c 1 -W 1 "$3"
}

# A TCP connection to an echo service that stays open; `answers` says whether what is sent on it comes back.
hold() { # NAME NODE ADDRESS PORT
    mkfifo "$work/$1.in" "$work/$1.out"
    # shellcheck disable=SC2016
    on "$2" bash -c 'exec 3<>"/dev/tcp/$0/$1" || exit
        while read -r word; do
            echo "$word" >&3
            until ! read -r -t 2 back <&3 || [ "$back" = "$word" ]; do :; done
            if [ "$back" = "$word" ]; then echo answers; else echo silent; fi
        done' "$3" "$4" <"$work/$1.in" >"$work/$1.out" 2>/dev/null &
    eval "exec {held_$1_in}>\"$work/$1.in\" {held_$1_out}<\"$work/$1.out\""
}
answers() { # NAME: answers or silent
    local in=held_$1_in out=held_$1_out line
    echo "word-$RANDOM$RANDOM" >&"${!in}" && read -r -t 10 -u "${!out}" line && echo "$line"
}
flow() { # NAME WORD HELD
    local seen
    seen=$(answers "$3")
    echo "${seen:-nothing} instead of $2" >"$work/out"
    [ "$seen" = "$2" ]
    report "$1" $?
}
let_go() { # HELD
    local in=held_$1_in out=held_$1_out
    eval "exec ${!in}>&- ${!out}<&-"
    rm -f "$work/$1.in" "$work/$1.out"
}

# What tcpdump hears in a node, in $work/heard; returns when it listens.  `heard` waits for its end.
listen() { # SECONDS NODE ARGUMENTS...
    local seconds=$1 node=$2 line
    shift 2
    exec {ready}< <(on "$node" timeout "$seconds" tcpdump -n -l -i eth0 "$@" 2>&1 >"$work/heard")
    listener=$!
    while read -r -t 10 -u "$ready" line; do
        if [[ $line == *listening* ]]; then break; fi
    done
}
heard() {
    wait "$listener"
    exec {ready}<&-
}

# The findings of a topology on stdin.
validate() {
    cat >"$work/bad.yaml"
    # shellcheck disable=SC2069 # what is said on stderr, and nothing else
    "$LABCTL" validate "$work/bad.yaml" 2>&1 >/dev/null
}
