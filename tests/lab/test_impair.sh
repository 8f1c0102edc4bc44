#!/bin/bash
# What wires do to packets in a running lab: each parameter is measured with ping and with numbered packets, changed live,
# served again after the relay was killed, and seen by no node.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"
cat >"$work/lab.yaml" <<'YAML'
lab: wires
links:
  late: { delay: 30ms }
  lossy: { loss_every: 4 }
  bursts: { loss: 20%, loss_burst: 5 }
  thin: { rate: 200kbit, limit: 10 }
  uneven: [ { from: node/a, delay: 40ms }, { from: node/b, loss_every: 2 } ]
  twice: { duplicate: 30% }
  wrong: { corrupt: 30% }
nodes:
  a:
    interfaces:
      l0: { link: late, address: 10.0.0.1/24 }
      l1: { link: lossy, address: 10.0.1.1/24 }
      l2: { link: bursts, address: 10.0.2.1/24 }
      l3: { link: thin, address: 10.0.3.1/24 }
      l4: { link: uneven, address: 10.0.4.1/24 }
      l5: { link: twice, address: 10.0.5.1/24 }
      l6: { link: wrong, address: 10.0.6.1/24 }
  b:
    interfaces:
      l0: { link: late, address: 10.0.0.2/24 }
      l1: { link: lossy, address: 10.0.1.2/24 }
      l2: { link: bursts, address: 10.0.2.2/24 }
      l3: { link: thin, address: 10.0.3.2/24 }
      l4: { link: uneven, address: 10.0.4.2/24 }
      l5: { link: twice, address: 10.0.5.2/24 }
      l6: { link: wrong, address: 10.0.6.2/24 }
  s1: { subnet: main/one }
  s2: { subnet: main/one }
vpcs:
  main:
    cidr: 10.9.0.0/16
    subnets: { one: { cidr: 10.9.1.0/24 } }
    security_groups: { default: { ingress: [ { protocol: all, from: any4 } ], egress: [ { protocol: all, to: any4 } ] } }
YAML
snapshot >"$work/before"
lab() { run "$LABCTL" --lab wires "$@"; }
pings() { # NODE ADDRESS COUNT [OPTION…]: ping's summary in $work/out; its figures in $received and $least, $mean (ms)
    local node=$1 address=$2 count=$3
    shift 3
    lab exec "$node" -- ping -q -c "$count" -i 0.02 -W 1 "$@" "$address"
    received=$(sed -n 's/.* \([0-9]*\) received.*/\1/p' "$work/out")
    least=$(sed -n 's/^rtt [^=]*= \([0-9]*\).*/\1/p' "$work/out")
    received=${received:-0} least=${least:-0}
}
between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }
relay_pid() { pgrep -f '^/program/relay' | head -n 1; }
served() { pings a 10.0.0.2 2 && [ "$received" -eq 2 ]; }

lab up "$work/lab.yaml"
check "the lab is up" $?
pings a 10.0.0.2 20
[ "$received" -eq 20 ] && between "$least" 60 75
check "a delay is one way: the round trip takes twice as long" $?
pings a 10.0.1.2 40
[ "$received" -eq 23 ] # 30 arrive, and 7 of their answers do not
check "every fourth is lost, exactly, each way" $?
pings a 10.0.2.2 3000 -i 0.0005 # 64 % arrive; many bursts in a second
between "$received" 1550 2290
check "bursts lose their share, of fast packets too" $?
pings a 10.0.3.2 5 -s 972 # 1014 bytes in 41 ms, each way
between "$least" 75 110
check "a rate makes packets take their time" $?
lab exec a -- ping -q -f -c 60 -s 972 -W 3 10.0.3.2
grep -qE ' [1-9][0-9]*(\.[0-9]*)?% packet loss' "$work/out"
check "a queue of ten drops its tail" $?
pings a 10.0.4.2 20
[ "$received" -eq 10 ] && between "$least" 40 55
check "the two directions differ" $?
pings a 10.0.5.2 40
grep -q 'duplicates' "$work/out"
check "packets arrive twice" $?
pings a 10.0.6.2 60 -w 5 # of a wrong time in an answer, ping concludes to wait for years
lab exec a -- cat /proc/net/snmp
awk '/^Icmp:/ { if (n++) print $4 + 0 }' "$work/out" | grep -qx '[1-9][0-9]*'
check "wrong bits are found by checksums" $?

lab --format json link show link/late
grep -q '"backend": "\(relay\|netem\)"' "$work/out" && grep -q '"delay": "30ms"' "$work/out"
check "link show tells who serves a wire" $?
lab link show link/lossy
grep -q nftables "$work/out" && grep -qx ' *passed 30, lost 10' "$work/out" && grep -qx ' *passed 23, lost 7' "$work/out"
check "losses are served by nftables, and counted" $?

# Live: nothing under way is lost, the counters go on.
"$LABCTL" --lab wires exec a -- ping -q -c 100 -i 0.02 -W 2 10.0.0.2 >"$work/under-way" 2>&1 &
for delay in 5ms 50ms 1ms 20ms; do lab link set link/late delay=$delay; done
wait $!
grep -q ' 100 received' "$work/under-way"
check "changes lose no packet" $?
lab link set late --from node/a delay=0 && pings a 10.0.0.2 5 && between "$least" 20 35
check "one direction by itself" $?
lab link reset link/late && pings a 10.0.0.2 5 && between "$least" 0 10
check "reset takes all away" $?
lab link set late profile=satellite-geo rate=50mbit && pings a 10.0.0.2 5 && between "$least" 540 640
check "a line by its name" $?
lab link set late profile=satelliet; [ $? -eq 2 ] && lab link show late && grep -q 'delay 300ms.* rate 50mbit' "$work/out"
check "an unknown name changes nothing" $?
lab link set late profile=none && pings a 10.0.0.2 5 && between "$least" 0 10
check "none is none" $?
lab link set late rate=200mbit && pings a 10.0.0.2 5 && lab link show late &&
    grep -qE '^ *passed [5-9], (lost 0|overflowed 0), queue 0$' "$work/out"
check "a rate by a queue of the kernel is counted" $?
lab link set late loss=90% loss_burst=2; [ $? -eq 2 ] && lab link show late && ! grep -q loss "$work/out"
check "bursts that are too short for their share are refused" $?
lab link set late rate=none && lab link show late && grep -q 'not impaired' "$work/out"
check "none takes a parameter away" $?
lab link show lat; [ $? -eq 4 ] && lab link show node/a/l9; [ $? -eq 4 ] && lab link show node/a/l0 && lab link sett late delay=1ms
[ $? -eq 2 ] && grep -q "did you mean 'set'" "$work/err"
check "what is not there is not said to be unimpaired" $?
lab link set late delay=2h; [ $? -eq 2 ] && grep -q 'an hour at most' "$work/out" "$work/err" && lab link set late seed=x
[ $? -eq 2 ] && grep -q 'a whole number from 0 to 4294967295' "$work/out" "$work/err" && lab link set late distribution=norml
[ $? -eq 2 ] && grep -q "did you mean 'normal'" "$work/out" "$work/err"
check "what is wrong is told" $?
lab link reset late && lab link set late profile=lte loss=0% && lab dump && grep -A2 'profile: lte' "$work/out" | grep -q 'loss: 0%' &&
    lab set link/late/profile intercontinental && pings a 10.0.0.2 5 && between "$least" 140 175 &&
    lab set link/late/profile nonne; [ $? -eq 2 ] && lab unset link/late/profile && lab link show late &&
    grep -q 'not impaired' "$work/out"
check "a running line keeps its name: set and unset change it" $?
# Every 50 ms a frame, both ways: of ten that are sent every 20 ms the last ones wait for those before. Delays of a table: 20 or 40 ms.
printf '# recorded\n50\n' >"$work/line.down"
lab link reset late && lab link set late trace=@"$work/line.down" && pings a 10.0.0.2 10 -s 1400 && lab link show late &&
    grep -q 'trace 50$' "$work/out" && "$LABCTL" --lab wires dump | grep -q 'trace: "50"'
check "a line passes what another one has passed" $?
lab link set late rate=none && lab link show late && grep -q 'trace 50$' "$work/out"
check "what is not there is taken away without it" $?
longest=$("$LABCTL" --lab wires exec a -- ping -q -c 10 -i 0.02 -W 2 -s 1400 10.0.0.2 | sed -n 's|^rtt .* = [^/]*/[^/]*/\([0-9]*\).*|\1|p')
between "${longest:-0}" 200 700
check "as fast as that" $?
lab link set late trace=@"$work/none"; [ $? -eq 2 ] && grep -q "cannot be read: No such file" "$work/err"
check "a recording that there is not" $?
lab link set late trace=none delay=30ms jitter=10ms distribution_table=-8192,8192 &&
    lab exec a -- ping -c 40 -i 0.02 -W 1 10.0.0.2 && sed -n 's/.* time=\([0-9]*\).*/\1/p' "$work/out" >"$work/times"
awk '$1 >= 40 { n[int(($1 - 40) / 20)]++; if (($1 - 40) % 20 < 10) near++ } END { exit !(n[0] && n[1] && n[2] && near >= 30) }' "$work/times"
check "delays as a table has them" $?
lab link set late distribution=normal && lab link show late && grep -q 'distribution normal' "$work/out" && ! grep -q table "$work/out" &&
    lab link reset late
check "a distribution takes the place of a table" $?
lab set link/late/delay 30ms && pings a 10.0.0.2 5 && between "$least" 60 75
check "set as for any key" $?

# A wire in a VPC, both ways.
lab fault inject delay --at node/s1/eth0 delay=30ms
check "a fault at an interface of a VPC" $?
lab exec s2 -- ping -q -c 5 -i 0.02 s1
grep -q ' 5 received' "$work/out" && [ "$(sed -n 's/^rtt [^=]*= \([0-9]*\).*/\1/p' "$work/out")" -ge 60 ]
check "delays what it sends and what it receives" $?
lab fault clear

# An interface that somebody deleted and that is made again: its wire is as it was, and not so twice over.
lab exec a -- ip link del l1
lab apply "$work/lab.yaml" && pings a 10.0.1.2 40
[ "$received" -eq 23 ]
check "a wire that went with its interface comes back with it" $?

# The relay is nobody's single point of failure.
if pid=$(relay_pid) && [ -n "$pid" ]; then
    kill -KILL "$pid"
    until_true 10 served && pings a 10.0.0.2 5 && between "$least" 60 75
    check "a relay that was killed comes back" $?
    kill -KILL "$(director_pid)" "$(relay_pid)"
    until_true 15 served
    check "and when the director was killed with it" $?
    lab link set link/late delay=10ms && pings a 10.0.0.2 5 && between "$least" 20 35
    check "and is told of changes" $?
fi
# The wires of a namespace come in by one packet socket, as the kernel waits for all processors when a ring is made and
# twice when it goes: a lab of many wires would take seconds to begin and to end.
cat >"$work/many.yaml" <<YAML
lab: many
links:
$(for i in {1..20}; do echo "  l$i: { delay: 5ms }"; done)
nodes:
  hub:
    interfaces:
$(for i in {1..20}; do echo "      e$i: { link: l$i, address: 10.0.$i.1/24 }"; done)
$(for i in {1..20}; do echo "  n$i: { interfaces: { eth0: { link: l$i, address: 10.0.$i.2/24 } } }"; done)
YAML
packet_sockets() { echo $(($(wc -l <"/proc/$1/net/packet") - 1)); }
sockets_are() { [ "$(packet_sockets "$1")" -eq "$2" ]; }
many() { run "$LABCTL" --lab many "$@"; }
many up "$work/many.yaml"
check "a lab of forty wires with delays is up" $?
served_by=$("$LABCTL" --lab many --format json link show | sed -n 's/.*"backend": "\([a-z]*\)".*/\1/p' | sort -u)
pid=
[ "$served_by" != relay ] || pid=$(pgrep -n -f '^/program/relay')
many exec hub -- sh -c 'for i in $(seq 20); do ping -q -c 2 -i 0.02 -W 1 10.0.$i.2; done'
if [ -n "$pid" ]; then
    sockets_are "$pid" 1
    check "one socket serves all of them" $?
fi
[ "$(sed -n 's/^rtt [^=]*= \([0-9]*\).*/\1/p' "$work/out" | awk '$1 >= 10 && $1 < 30' | wc -l)" -eq 20 ]
check "each delays what passes, both ways" $?
for i in {1..20}; do many link reset "link/l$i"; done
many exec hub -- ping -q -c 2 -i 0.02 -W 1 10.0.20.2
[ "$(sed -n 's/^rtt [^=]*= \([0-9]*\).*/\1/p' "$work/out")" -lt 5 ]
check "and none when they are reset" $?
if [ -n "$pid" ]; then
    until_true 10 sockets_are "$pid" 0
    check "the socket goes with the last of them" $?
    many link set link/l7 delay=20ms
    many exec hub -- ping -q -c 2 -i 0.02 -W 1 10.0.7.2
    [ "$(sed -n 's/^rtt [^=]*= \([0-9]*\).*/\1/p' "$work/out")" -ge 40 ] && sockets_are "$pid" 1
    check "and the relay, which stayed, serves the next" $?
    # While a delay comes and goes in what a node sends, nothing is lost or arrives twice.
    many exec hub -- ping -q -c 1000 -i 0.002 -W 1 10.0.9.2 &
    pinging=$! changes=0
    while kill -0 "$pinging" 2>/dev/null; do
        "$LABCTL" --lab many fault inject delay --at node/hub/e9 direction=out delay=3ms >/dev/null 2>&1 &&
            "$LABCTL" --lab many fault clear >/dev/null 2>&1 && changes=$((changes + 1))
    done
    wait "$pinging"
    [ $changes -gt 3 ] && grep -q '1000 packets transmitted, 1000 received, 0% packet loss' "$work/out" && ! grep -q duplicates "$work/out"
    check "a delay comes and goes without a packet lost or doubled" $?
    # More than it has room for, while it stands still: each packet is delivered, or told to be lost.
    counted() { # KEY: of what n7 receives
        "$LABCTL" --lab many --format json link show |
            sed -n '/"interface": "node.n7.eth0"/,/"queue"/s/^ *"'"$1"'": \([0-9]*\),*$/\1/p'
    }
    sent() { many exec hub -- cat /sys/class/net/e7/statistics/tx_packets; cat "$work/out"; }
    all_told() { [ $(($(counted passed) - passed + $(counted overrun))) -eq $(($(sent) - before)) ]; }
    passed=$(counted passed) before=$(sent)
    kill -STOP "$pid"
    # (At once no more than waits for a processor: net.core.netdev_max_backlog.)
    many exec hub -- sh -c 'for i in $(seq 12); do ping -q -c 500 -l 500 -W 0.1 10.0.7.2; done'
    kill -CONT "$pid"
    until_true 10 all_told && [ "$(counted overrun)" -gt 0 ]
    check "what it had no room for is counted" $?
fi
many down
lab exec a -- sh -c 'cat /proc/mounts /proc/net/dev; ip -d link; nft list ruleset; ps ax; ls -R /opt /run /tmp; env'
! grep -iqE 'relay|netem|labctl|impair|wo-|wi-' "$work/out"
check "no node sees any of it" $?
lab down wires
clean_host
check "nothing is left" $?
exit $((failures > 0))
