#!/bin/bash
# kill -9 of the command line, the keeper, the director and a node's init at random moments; and Ctrl-C.  Each has its
# consequence, and afterwards the host is as it was.  KILLS: rounds of each kind.
# shellcheck disable=SC2154 # $work and $failures are of host.bash
. "$(dirname "$0")/host.bash"
KILLS=${KILLS:-25}
cat >"$work/lab.yaml" <<'YAML'
lab: kills
bridges: { lan: {} }
nodes:
  web: { bridge: lan, address: 10.0.0.1/24, services: { http: { port: 80 } } }
  db: { bridge: lan, address: 10.0.0.2/24, services: { postgres: { kind: tcp, port: 5432 } } }
  ops: { bridge: lan, address: 10.0.0.3/24 }
YAML
sed 's/10.0.0.3/10.0.0.4/' "$work/lab.yaml" >"$work/other.yaml"
snapshot >"$work/before"

no_lab() { [ -z "$(keeper_pid)" ] && ! grep -q @labctl /proc/net/unix; }
up() { run "$LABCTL" up "$work/lab.yaml"; }
works() { "$LABCTL" exec ops ping -c 1 -W 2 10.0.0.1 >"$work/out" 2>"$work/err"; }

# The command line, killed while it builds: the lab is gone, or (killed after the last step) it is whole.
rounds=0 whole=0 bad=0
while [ $rounds -lt "$KILLS" ]; do
    rounds=$((rounds + 1))
    "$LABCTL" up "$work/lab.yaml" >"$work/out" 2>"$work/err" &
    pid=$!
    pause $((RANDOM % 90))
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    if [ $? -eq 137 ] && until_true 3 no_lab; then continue; fi
    works && whole=$((whole + 1)) || { bad=$((bad + 1)); break; }
    run "$LABCTL" down || bad=$((bad + 1))
done
[ $bad -eq 0 ]
check "up killed $rounds times: the lab is gone, or whole ($whole)" $?
clean_host
check "the host is as it was" $?

# Ctrl-C: the same, and the lab is gone when up returns.
rounds=0 bad=0 interrupted=0
set -m # a background job takes SIGINT only with job control
while [ $rounds -lt "$KILLS" ]; do
    rounds=$((rounds + 1))
    "$LABCTL" up "$work/lab.yaml" >"$work/out" 2>"$work/err" &
    pid=$!
    pause $((RANDOM % 60))
    kill -INT $pid 2>/dev/null
    wait $pid
    case $? in
    0) run "$LABCTL" down || bad=$((bad + 1)) ;;
    130) interrupted=$((interrupted + 1)) ;;
    *) bad=$((bad + 1)); break ;;
    esac
    until_true 1 no_lab || { bad=$((bad + 1)); break; }
done 2>"$work/jobs"
set +m
[ $bad -eq 0 ]
check "up interrupted $interrupted times" $?
clean_host
check "the host is as it was" $?

# The keeper: everything ends with it, the callers' commands too.
rounds=0 bad=0
while [ $rounds -lt "$KILLS" ]; do
    rounds=$((rounds + 1))
    up || { bad=1; break; }
    "$LABCTL" exec ops sleep 100 >"$work/out" 2>"$work/err" </dev/null &
    pid=$!
    pause $((RANDOM % 20))
    kill -KILL "$(keeper_pid)"
    wait $pid
    status=$?
    [ $status -eq 125 ] || [ $status -eq 137 ] || { bad=1; echo "exec: $status"; break; }
    until_true 2 no_lab || { bad=1; break; }
done
[ $bad -eq 0 ]
check "keeper killed $rounds times: the lab is gone, and its callers know" $?
clean_host
check "the host is as it was" $?

# The director: commands that run go on, a change that was under way is finished, the next command is answered.
up
check "up" $?
rounds=0 bad=0
"$LABCTL" exec ops sleep 1000 >"$work/sleep" 2>&1 </dev/null &
sleeper=$!
files=("$work/other.yaml" "$work/lab.yaml") addresses=(10.0.0.4 10.0.0.3)
while [ $rounds -lt "$KILLS" ]; do
    which=$((rounds % 2)) rounds=$((rounds + 1))
    director=$(director_pid)
    "$LABCTL" apply "${files[which]}" >"$work/out" 2>"$work/err" &
    pid=$!
    pause $((RANDOM % 30))
    kill -KILL "$director" 2>/dev/null
    wait $pid
    "$LABCTL" inspect >"$work/out" 2>"$work/err" || { bad=1; break; }
    "$LABCTL" apply "${files[which]}" >"$work/out" 2>"$work/err" || { bad=1; break; }
    "$LABCTL" exec ops ip -o addr show eth0 >"$work/out"
    [ "$(grep -o 'inet 10[0-9.]*' "$work/out")" = "inet ${addresses[which]}" ] || { bad=1; break; }
done
[ $bad -eq 0 ]
check "director killed $rounds times in the middle of changes" $?
kill -0 $sleeper && works
check "what ran goes on, and the network works" $?
kill $sleeper
wait $sleeper
[ $? -eq 143 ]
check "its caller still has its signals and its status" $?

# A node's init: the node is made anew, as after a reboot, with its addresses and services.
rounds=0 bad=0
while [ $rounds -lt "$KILLS" ]; do
    rounds=$((rounds + 1))
    mapfile -t inits < <(node_inits)
    kill -KILL "${inits[RANDOM % ${#inits[@]}]}"
    if [ $((rounds % 4)) -eq 0 ]; then kill -KILL "$(director_pid)"; fi
    until_true 10 works || { bad=1; break; }
done
[ $bad -eq 0 ]
check "node inits killed $rounds times" $?
answers() { "$LABCTL" exec ops curl -sf -m 2 http://10.0.0.1/ >"$work/out" 2>"$work/err"; }
until_true 10 answers
check "a rebuilt node's service answers" $?

# A caller: what it ran in the node ends too.
rounds=0 bad=0
nothing_left() { ! "$LABCTL" exec ops pgrep -x tail >/dev/null; }
while [ $rounds -lt $((KILLS / 4)) ]; do
    rounds=$((rounds + 1))
    "$LABCTL" exec ops tail -f /dev/null >"$work/out" 2>"$work/err" </dev/null &
    pid=$!
    pause $((RANDOM % 20))
    kill -KILL $pid
    wait $pid
    until_true 5 nothing_left || { bad=1; break; }
done 2>"$work/jobs"
[ $bad -eq 0 ]
check "exec killed $rounds times: its command ends" $?

# down, killed itself.
run "$LABCTL" down
check "down" $?
rounds=0 bad=0
while [ $rounds -lt $((KILLS / 2)) ]; do
    rounds=$((rounds + 1))
    up || { bad=1; break; }
    "$LABCTL" down >"$work/out" 2>"$work/err" &
    pid=$!
    pause $((RANDOM % 5))
    kill -KILL $pid 2>/dev/null
    wait $pid
    run "$LABCTL" down || { bad=1; break; }
    # The first one may have been killed while the keeper was on its way out: its name is free before it is gone.
    until_true 5 no_lab || { bad=1; break; }
done 2>"$work/jobs"
[ $bad -eq 0 ]
check "down killed $rounds times" $?
clean_host
check "the host is as it was" $?
[ "$failures" -eq 0 ]
