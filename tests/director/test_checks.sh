#!/bin/bash
# Checks and the matrix of a running lab: verdicts, what is said, exit statuses; a dead prober is never a pass.
# shellcheck disable=SC2154 # work, failures: host.bash
. "$(dirname "$0")/../cli/host.bash"
cat >"$work/shop.yaml" <<'YAML'
lab: probe-shop
bridges: { lan: {} }
nodes:
  web:
    bridge: lan
    address: 10.0.0.1/24
    services:
      http: { body: "hello\n", routes: [ { path: /gone, status: 410, body: "no\n" } ] }
      ssh: { kind: tcp, port: 22, banner: "SSH-2.0-lab\r\n" }
      echo: { kind: tcp-echo }
      uecho: { kind: udp-echo }
      own: { kind: exec, command: "exec nc -lk 9000", ready: { tcp: 9000 } }
  ns:
    bridge: lan
    address: 10.0.0.53/24
    services:
      dns:
        ttl: 300
        zones:
          home.test:
            web: 10.0.0.1
            www: { cname: web }
            six: { aaaa: "2001:db8::1" }
            note: { txt: "one, \"two\"" }
            "@": { mx: "10 mail" }
            _sip._udp: { srv: "0 5 5060 sip" }
            sub: { ns: ns1.elsewhere.test }
          0.0.10.in-addr.arpa:
            "1": { ptr: web.home.test }
  client:
    bridge: lan
    address: 10.0.0.3/24
    resolver: { servers: [10.0.0.53], search: [home.test] }
checks:
  - { id: open, from: client, tcp: "web:22" }
  - { id: banner-port-closed, from: client, tcp: { to: web, port: 23, expect: closed } }
  - { id: page, from: client, http: { url: "http://www/", status: 200, body_contains: hello } }
  - { id: gone, from: client, http: { url: "http://web/gone", status: 410 } }
  - { id: short, from: client, dns: { name: www, answer: 10.0.0.1 } }
  - { id: alias, from: client, dns: { name: www.home.test, type: CNAME, answer: web.home.test } }
  - { id: six, from: client, dns: { name: six.home.test, type: AAAA, answer: "2001:db8::1" } }
  - { id: note, from: client, dns: { name: note.home.test, type: TXT, answer: "one, \"two\"" } }
  - { id: mail, from: client, dns: { name: home.test, type: MX, answer: "10 mail.home.test" } }
  - { id: sip, from: client, dns: { name: _sip._udp.home.test, type: SRV, answer: "0 5 5060 sip.home.test" } }
  - { id: ns, from: client, dns: { name: sub.home.test, type: NS, answer: ns1.elsewhere.test } }
  - { id: reverse, from: client, dns: { name: 10.0.0.1, type: PTR, answer: web.home.test } }
  - { id: nothing, from: client, dns: { name: none.home.test, rcode: NXDOMAIN } }
  - { id: all, matrix: { expect: all } }
  - { id: said, at: web, command: { run: "hostname; exit 3", status: 3, stdout_contains: web } }
YAML
run "$LABCTL" up "$work/shop.yaml"
check "up waits for every service" $?

run "$LABCTL" check
check "all checks pass" $?
tail -n 1 "$work/out" | grep -qx '15 of 15 checks pass'
check "a line counts them" $?
run "$LABCTL" check open said
[ $? -eq 0 ] && [ "$(grep -c '^pass ' "$work/out")" -eq 2 ]
check "only those that are named" $?
run "$LABCTL" check opne
[ $? -eq 4 ] && grep -q "no check is called 'opne' here; did you mean 'open'?" "$work/err"
check "an unknown id names the nearest" $?
run "$LABCTL" check --format json
check "check --format json" $?
tr -d ' \n' <"$work/out" | grep -q '^{"version":1,"checks":\[{"id":"open","verdict":"pass","from":"client","asked":"tcpclient->web:22open","expected":"open","seen":"connectedto10.0.0.1:22","duration_ms":[0-9.]*,"attempts":1},.*"summary":{"pass":15,"fail":0,"error":0,"unsupported":0}}$'
check "its shape" $?

run "$LABCTL" probe tcp client web:22
[ $? -eq 0 ] && grep -qx 'pass  tcp client -> web:22 open' "$work/out" && grep -q 'seen      connected to 10.0.0.1:22' "$work/out"
check "probe: one measurement" $?
run "$LABCTL" probe udp client web port=7 payload=hello --format json
[ $? -eq 0 ] && tr -d ' \n' <"$work/out" | grep -q '^{"version":1,"probe":{"id":"probe","verdict":"pass","from":"client",.*"seen":"answeredby10.0.0.1:7with5bytes"'
check "probe with keys, as JSON" $?
run "$LABCTL" probe ping client web --count 20 --loss-below 1%
[ $? -eq 0 ] && grep -q '20 of 20 echo requests answered' "$work/out"
check "probe with options" $?
run "$LABCTL" probe tcp client web:23
[ $? -eq 1 ] && grep -q 'seen      refused (RST) by 10.0.0.1:23' "$work/out"
check "probe fails with 1" $?
run "$LABCTL" probe tcp client web:23 expect=closed
check "probe with an expectation" $?
run "$LABCTL" probe http client http://www.home.test/ requests=20 served_by=web
[ $? -eq 0 ] && grep -q '20 requests answered (web 20)' "$work/out"
check "the http service says who it is" $?
run "$LABCTL" probe mtu client web at_least=1500 discovery=works && run "$LABCTL" probe path client web hops=1
check "probe mtu, probe path" $?
run "$LABCTL" probe sysctl web net.ipv4.ip_forward=0 && run "$LABCTL" probe matrix all
check "probe of a node's state, and of everybody" $?
run "$LABCTL" probe tpc client web:22
[ $? -eq 2 ] && grep -q "no check is called 'tpc'; did you mean 'tcp'?" "$work/err"
check "an unknown kind names the nearest" $?
run "$LABCTL" probe ping client web conut=3
[ $? -eq 2 ] && grep -q "unknown key 'conut' in a ping check; did you mean 'count'?" "$work/err"
check "an unknown key names the nearest" $?
run "$LABCTL" probe ping clinet web
[ $? -eq 4 ] && grep -q "no node 'clinet'; did you mean 'client'?" "$work/err"
check "an unknown node names the nearest" $?
run "$LABCTL" probe ping
[ $? -eq 2 ] && grep -q "'probe ping' needs the node that measures" "$work/err"
check "a probe needs a node" $?

run "$LABCTL" probe matrix 'groups={ servers: [web], others: [ns, client] }' 'ports=[22, 53, icmp]' \
    'pairs=[ { from: others, to: servers, ports: [22, icmp] }, { from: [web, client], to: ns, ports: [53] }, { from: [web, ns, client], to: [web, ns, client], ports: icmp } ]'
[ $? -eq 0 ] && grep -q '10 of 18 ordered pairs answered' "$work/out"
check "a matrix of groups and ports" $?
run "$LABCTL" probe matrix 'ports=[22, 53]' 'pairs=[ { from: client, to: web } ]'
[ $? -eq 1 ] && grep -q 'client does not reach web on tcp/53 (refused)' "$work/out"
check "a matrix wants exactly its pairs" $?

run "$LABCTL" matrix
grep -qx '6 of 6 ordered pairs answer' "$work/out"
check "matrix" $?
run "$LABCTL" matrix --tcp 22 --format json
tr -d ' \n' <"$work/out" | grep -q '"protocol":"tcp","port":22,"nodes":\["web","ns","client"\],"pairs":6,"answered":2,.*"matrix":{"web":{"ns":"refused","client":"refused"},.*"client":{"web":"answered","ns":"refused"}}}$'
check "matrix --tcp --format json" $?
run "$LABCTL" matrix --tcp 0
[ $? -eq 2 ]
check "matrix --tcp 0 is wrong usage" $?

run "$LABCTL" exec web -- nft add table ip house
run "$LABCTL" exec web -- nft 'add chain ip house in { type filter hook input priority 0; }'
run "$LABCTL" exec web -- nft add rule ip house in tcp dport 22 drop
run "$LABCTL" check open
[ $? -eq 1 ] && grep -q '^FAIL *open .*expected open, got no answer in 1 s ([12] SYNs\? sent, no reply)' "$work/out"
check "a failure says what was expected and what was seen" $?
run "$LABCTL" exec web -- nft delete table ip house

# A service that somebody kills is started again.
"$LABCTL" exec web -- sh -c 'pkill -9 httpd; ! pidof httpd'
until_true 5 "$LABCTL" -q check page >"$work/out" 2>"$work/err"
check "a service that is killed comes back" $?

# What must not work proves nothing without a control.
run "$LABCTL" exec client -- ip link set eth0 down
run "$LABCTL" check banner-port-closed
[ $? -eq 1 ] && grep -q 'the prober is cut off' "$work/out"
check "a prober that reaches nothing fails its negative checks" $?
run "$LABCTL" exec client -- ip link set eth0 up
until_true 5 "$LABCTL" -q check banner-port-closed >"$work/out" 2>"$work/err"
check "and passes them when it is back" $?

# A prober that dies is replaced; one that dies again and again is an error.
probers() {
    local p comm
    for p in /proc/[0-9]*; do
        read -r comm 2>/dev/null <"$p/comm" && [ "$comm" = prober ] && echo "${p#/proc/}"
    done
}
run "$LABCTL" exec web -- nft add table ip house
run "$LABCTL" exec web -- nft 'add chain ip house in { type filter hook input priority 0; }'
run "$LABCTL" exec web -- nft add rule ip house in tcp dport 23 drop
"$LABCTL" check banner-port-closed >"$work/out" 2>"$work/err" &
checking=$!
killed=0
while kill -0 "$checking" 2>/dev/null; do
    for pid in $(probers); do kill -9 "$pid" 2>/dev/null && killed=$((killed + 1)); done
done
wait "$checking"
[ $? -eq 5 ] && grep -q '^error *banner-port-closed .*the prober was killed 4 times' "$work/out" && [ "$killed" -ge 4 ]
check "a prober that is killed again and again is an error ($killed kills)" $?
"$LABCTL" check banner-port-closed open >"$work/out" 2>"$work/err" &
checking=$!
kill_one() {
    local pid
    for pid in $(probers); do kill -9 "$pid" 2>/dev/null && return 0; done
    return 1
}
until_true 5 kill_one
wait "$checking"
check "one that is killed once is replaced" $?

run "$LABCTL" down
check "down" $?

# In a segment of more than 32 nodes the prober makes its pairs' neighbours permanent, and takes them out again.
{
    echo "lab: probe-large"
    echo "bridges: { lan: {} }"
    echo "checks: [ { id: shut, from: n1, within: 20s, tcp: 'n2:23' } ]"
    echo "nodes:"
    for i in $(seq 40); do echo "  n$i: { bridge: lan, address: 10.0.0.$i/24 }"; done
} >"$work/large.yaml"
run "$LABCTL" up "$work/large.yaml"
check "a segment of forty" $?
noted() { "$LABCTL" exec n1 ip neigh | grep -q '^10.0.0.2 .*PERMANENT'; }
forgotten() { ! noted; }
"$LABCTL" check shut >"$work/out" 2>"$work/err" &
checking=$!
until_true 5 noted
check "the prober's own neighbours" $?
for _ in 1 2 3 4; do
    until_true 5 kill_one
    pause 100
done
wait "$checking"
until_true 2 forgotten
check "a killed prober leaves none behind" $?
"$LABCTL" check shut >"$work/out" 2>"$work/err" &
checking=$!
until_true 5 noted
kill -9 "$(director_pid)"
wait "$checking"
until_true 5 forgotten
check "nor one that died with its director" $?
run "$LABCTL" down
[ "$failures" -eq 0 ]
