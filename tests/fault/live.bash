# What tests of faults in a running lab share: sourced after the lab's file is written to $work/lab.yaml and `nodes` and
# `rows` (KIND|SYMPTOM|WHERE|PARAMETERS) are set.  A symptom is the id of a check that must go red, or the name of a
# function that must succeed under the fault and fail without.
snapshot >"$work/before"
lab() { run "$LABCTL" --lab live "$@"; }
in_node() { "$LABCTL" --lab live exec "$@" 2>&1; }

look='ip -o addr; ip -o link; ip route show table all | sort; ip -6 route show table all | sort; ip rule; nft list ruleset
ip neigh | sort
for f in /proc/sys/net/ipv4/conf/*/rp_filter /proc/sys/net/ipv4/conf/*/send_redirects /proc/sys/net/ipv4/tcp_rmem \
    /proc/sys/net/ipv4/ip_default_ttl /proc/sys/net/ipv4/ip_local_port_range \
    /proc/sys/net/netfilter/nf_conntrack_tcp_loose /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established
do read -r v <"$f"; echo "$f $v"; done
cat /etc/resolv.conf /etc/hosts /etc/nsswitch.conf /etc/dnsmasq.conf
ps ax -o comm= | grep -vxE "ps|grep|sort|sh" | sort'

state() { # what a learner can look at, in every node (all at once), and the topology
    local node waiting=()
    for node in "${nodes[@]}"; do
        in_node "$node" -- sh -c "$look" </dev/null >"$work/state.$node" &
        waiting+=($!)
    done
    wait "${waiting[@]}"
    for node in "${nodes[@]}"; do
        echo "== $node"
        grep -vE "REACHABLE|STALE|DELAY|PROBE|FAILED|INCOMPLETE" "$work/state.$node"
    done
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
    until_true 3 same_state
    check "$name: is taken out exactly" $?
}

try_rows() { # all of them in a healthy lab, which is healthy afterwards
    local row kind symptom where parameters
    lab up "$work/lab.yaml"
    check "the lab is up" $?
    lab check
    check "it is healthy" $?
    state >"$work/state"
    for row in "${rows[@]}"; do
        IFS='|' read -r kind symptom where parameters <<<"$row"
        try_row "$kind" "$symptom" "$where" "$parameters"
    done
    lab check
    check "it is healthy again" $?
}

# The director is killed at random moments of going in and going out; what was begun is finished.
kill_rounds() { # ROUNDS
    local broken=0 round row kind symptom where parameters client
    for ((round = 0; round < $1; round++)); do
        row=${rows[RANDOM % ${#rows[@]}]}
        IFS='|' read -r kind symptom where parameters <<<"$row"
        lab fault inject "$kind" --at "$where" $parameters &
        client=$!
        pause $((RANDOM % 40))
        kill -KILL "$(director_pid)" 2>/dev/null
        wait $client
        until_true 10 answers || { broken=1; break; }
        lab fault clear &
        client=$!
        if [ $((round % 2)) -eq 0 ]; then
            pause $((RANDOM % 30))
            kill -KILL "$(director_pid)" 2>/dev/null
        fi
        wait $client
        until_true 10 answers && lab fault clear && until_true 5 same_state || { broken=1; echo "round $round: $row" >>"$work/out"; break; }
    done
    check "killed in the middle $1 times, nothing stays" $broken
}
