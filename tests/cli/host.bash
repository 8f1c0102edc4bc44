# A host of our own for tests of whole labs: private pid, mount and network namespaces, so that what is compared before and
# after is ours alone.  Source it first; it starts the script again inside.  Then: LABCTL, work, snapshot, check, …
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
if [ -z "${LABCTL_TEST_HOST:-}" ]; then
    export LABCTL_TEST_HOST=1 LABCTL
    options=(--pid --fork --mount-proc --net --mount --propagation private --kill-child)
    if [ "$(id -u)" -ne 0 ]; then options+=(--user --map-current-user --keep-caps); fi
    if ! unshare "${options[@]}" true 2>/dev/null; then
        echo "skip $(basename "$0" .sh): no namespaces for a host of its own"
        exit 0
    fi
    exec unshare "${options[@]}" bash "$0" "$@"
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export HOME=$work/home XDG_STATE_HOME=$work/home/state XDG_RUNTIME_DIR=$work/runtime TMPDIR=$work/tmp
mkdir -p "$HOME" "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR" "$TMPDIR"
unset LABCTL_LAB
[ -x "$LABCTL" ] || { echo "not ok $LABCTL is there"; exit 1; }
exec {quiet}<> <(:) # nothing ever comes out of it
failures=0

check() { # NAME STATUS: shows $work/out and $work/err where it failed
    if [ "$2" -eq 0 ]; then
        echo "ok $1"
    else
        echo "not ok $1"
        failures=$((failures + 1))
        tail -n 20 "$work/out" "$work/err" 2>/dev/null
    fi
}

run() { # CMD…: its output in $work/out and $work/err
    "$@" >"$work/out" 2>"$work/err"
}

processes() { # all but zombies and this script; read without starting any
    local p state argv lines=
    for p in /proc/[0-9]*; do
        { read -r _ _ state _ <"$p/stat"; mapfile -d "" -t argv <"$p/cmdline"; } 2>/dev/null || continue
        [ "$state" = Z ] || [ "${p#/proc/}" = $$ ] || [ "${p#/proc/}" = "$BASHPID" ] && continue
        lines+="${argv[*]}"$'\n'
    done
    sort <<<"$lines"
}

snapshot() {
    ip -o link; ip -o addr; ip route show table all; ip rule
    nft list ruleset 2>&1
    (cd /proc/sys/net && find . -type f -readable ! -name '*nf_conntrack_count' -exec grep -H . {} + 2>/dev/null | sort)
    sed 's/^[0-9]* [0-9]* [0-9:]* //' /proc/self/mountinfo
    find /run "$XDG_RUNTIME_DIR" "$HOME" "$TMPDIR" 2>/dev/null | sort
    grep -o '@labctl/.*' /proc/net/unix
    processes
}

until_true() { # SECONDS CMD…: tries again every 10 ms; four times as long where the machine is busy with other tests
    local deadline=$((${EPOCHREALTIME/./} + $1 * 4000000))
    shift
    until "$@"; do
        [ "${EPOCHREALTIME/./}" -lt $deadline ] || return 1
        read -rt 0.01 -u "$quiet" || :
    done
}

same_host() {
    snapshot >"$work/now"
    cmp -s "$work/before" "$work/now"
}

clean_host() { # within a second of the last death the host is as it was
    until_true "${1:-2}" same_host || { diff "$work/before" "$work/now" | head -n 20; return 1; }
}

namespace_pids() { # DEPTH: processes that are pid 1 of a pid namespace that deep below ours
    local p line
    for p in /proc/[0-9]*; do
        { line=$(grep '^NSpid:' "$p/status"); } 2>/dev/null || continue
        set -- "$1" $line
        [ $# -eq $(($1 + 3)) ] && [ "${!#}" = 1 ] && echo "${p#/proc/}"
    done
}

keeper_pid() { namespace_pids 1; }
node_inits() { namespace_pids 2; }
director_pid() { # starts no process: who wants to kill it in the middle of something has little time
    local p argv
    for p in /proc/[0-9]*; do
        { IFS= read -rd "" argv <"$p/cmdline"; } 2>/dev/null && [ "$argv" = director ] && echo "${p#/proc/}" && return
    done
}

pause() { # MILLISECONDS, by a read that times out
    read -rt "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))" -u "$quiet" || :
}
