#!/bin/bash
# A node's own state, judged in a running lab: green when it is as described, red for the right reason when it is not; no
# program of the node takes part.
# shellcheck disable=SC2154 # work, failures: host.bash
. "$(dirname "$0")/../cli/host.bash"
cat >"$work/state.yaml" <<'YAML'
lab: probe-state
bridges: { lan: {} }
nodes:
  web:
    bridge: lan
    address: 10.0.0.1/24
    routes: [ { destination: 10.9.0.0/16, via: 10.0.0.2 }, { destination: 10.8.0.0/16, type: blackhole } ]
    sysctls: { net.ipv4.conf.all.rp_filter: 1 }
    resolver: { servers: [10.0.0.53, 10.0.0.54], search: [home.test] }
    files: { /etc/motd: { content: "hello\n" } }
    nftables: |
      table ip track { chain inbound { type filter hook input priority 0; ct state new accept; }; }
    services:
      http: { body: "x" }
      uecho: { kind: udp-echo, port: 7 }
  b: { bridge: lan, address: 10.0.0.2/24 }
checks:
  - { id: route, at: web, route: "10.9.0.0/16 via 10.0.0.2" }
  - { id: route-only, at: web, route: { destination: 10.9.0.0/16, dev: eth0, expect: exact } }
  - { id: route-none, at: web, route: { destination: default, expect: absent } }
  - { id: blackhole, at: web, route: "blackhole 10.8.0.0/16" }
  - { id: neighbour, at: web, neighbour: 10.0.0.2 }
  - { id: address, at: web, address: 10.0.0.1/24 }
  - { id: address-only, at: web, address: { address: 10.0.0.1, expect: exact } }
  - { id: link, at: web, link: eth0 up mtu 1500 }
  - { id: sysctl, at: web, sysctl: "net.ipv4.conf.all.rp_filter=1" }
  - { id: resolver, at: web, resolver: { servers: [10.0.0.53, 10.0.0.54], search: home.test, expect: exact } }
  - { id: socket, at: web, socket: { listening: [tcp/80, udp/7], only: true } }
  - { id: waits, at: web, socket: { time_wait_below: 1 } }
  - { id: file, at: web, file: { path: /etc/motd, content: "hello\n", mode: "0644" } }
  - { id: file-none, at: web, file: { path: /etc/nologin, expect: absent } }
  - { id: process, at: web, process: { name: httpd, user: root, count: 1 } }
  - { id: process-none, at: web, process: { name: sleep, expect: absent } }
  - { id: flow-none, at: web, conntrack: { protocol: tcp, to: 10.0.0.1, port: 80, expect: absent } }
YAML
run "$LABCTL" up "$work/state.yaml"
check "up" $?
run "$LABCTL" check
check "everything is as described" $?

# red CHECK WORDS COMMAND…: what the command does in web turns the check red, and that alone is what is said.
red() {
    local id=$1 words=$2
    shift 2
    run "$LABCTL" exec web -- "$@" || echo "the change itself failed" >>"$work/err"
    run "$LABCTL" check "$id"
    [ $? -eq 1 ] && grep -q "^FAIL *$id .*$words.* at web" "$work/out"
    check "$id is red after: $*" $?
}
green() { # CHECK COMMAND…: and green again
    local id=$1
    shift
    run "$LABCTL" exec web -- "$@"
    run "$LABCTL" check "$id"
    check "$id is green after: $*" $?
}
red route-only 'got 10.9.0.0/16 via 10.0.0.9 dev eth0 metric 9 as well' ip route add 10.9.0.0/16 via 10.0.0.9 metric 9
green route-only ip route del 10.9.0.0/16 via 10.0.0.9
red route 'got 10.9.0.0/16 via 10.0.0.9' ip route replace 10.9.0.0/16 via 10.0.0.9
green route ip route replace 10.9.0.0/16 via 10.0.0.2
red route-none 'got 0.0.0.0/0 via 10.0.0.2' ip route add default via 10.0.0.2
red blackhole 'nothing of the kind' ip route del blackhole 10.8.0.0/16
run "$LABCTL" exec b -- curl -s http://10.0.0.1/
run "$LABCTL" check flow-none
[ $? -eq 1 ] && grep -q 'got tcp from 10.0.0.2 to 10.0.0.1 port 80 .* at web' "$work/out"
check "flow-none is red after a request" $?
red neighbour 'nothing of the kind' ip neigh del 10.0.0.2 dev eth0
red address-only '10.0.0.7/24 dev eth0 as well' ip addr add 10.0.0.7/24 dev eth0
red link 'got eth0 up mtu 1400' ip link set eth0 mtu 1400
red link 'got eth0 down' ip link set eth0 down
red address 'nothing of the kind' ip addr flush dev eth0
red sysctl 'rp_filter value 0' sysctl -qw net.ipv4.conf.all.rp_filter=0
red resolver 'got 10.0.0.54, search home.test' sh -c 'printf "nameserver 10.0.0.54\nsearch home.test\n" >/etc/resolv.conf'
red file "it begins 'bye'" sh -c 'echo bye >/etc/motd'
red file-none '/etc/nologin file mode' touch /etc/nologin
red process-none 'got sleep user root' sh -c 'sleep 100 >/dev/null 2>&1 </dev/null &'
red process 'got httpd user root, httpd user root' sh -c 'cp /bin/sleep /tmp/httpd; /tmp/httpd 100 >/dev/null 2>&1 </dev/null &'
red socket 'got tcp/9' sh -c 'nc -lk 9 >/dev/null 2>&1 </dev/null & while ! ss -tln | grep -q ":9 "; do :; done'

# Whoever is root in the node cannot show another state than the kernel's.
run "$LABCTL" exec web -- mount --bind /dev/null /proc/sys/net/ipv4/conf/all/rp_filter
run "$LABCTL" check sysctl
[ $? -eq 1 ] && grep -q 'rp_filter value 0' "$work/out"
check "a mount over a setting hides nothing" $?
run "$LABCTL" exec web -- mount -t tmpfs none /proc
run "$LABCTL" check process-none
[ $? -eq 1 ] && grep -q 'got sleep user root' "$work/out"
check "a mount over /proc hides no process" $?
run "$LABCTL" down probe-state

# within, stable_for and repeat hold for these kinds as well.
cat >"$work/time.yaml" <<'YAML'
lab: probe-state-time
nodes: { a: { internet: true } }
checks:
  - { id: soon, at: a, file: /run/there, within: 20s }
  - { id: lasting, at: a, file: { path: /run/gone, expect: absent }, stable_for: 600ms, within: 3s }
  - { id: thrice, at: a, link: eth0 up, repeat: 3 }
YAML
run "$LABCTL" up "$work/time.yaml"
"$LABCTL" check --format json soon thrice lasting >"$work/out" 2>"$work/err" &
checking=$!
until_true 10 "$LABCTL" exec a -- touch /run/there
wait "$checking"
check "a check that is repeated until it is green" $?
tr -d ' \n' <"$work/out" >"$work/flat"
grep -q '"id":"thrice","verdict":"pass".*"attempts":3}' "$work/flat"
check "repeat counts attempts" $?
grep -Eo '"id":"lasting","verdict":"pass"[^}]*' "$work/flat" | grep -Eq '"duration_ms":([6-9][0-9][0-9]|[1-9][0-9]{3})'
check "stable_for waits" $?
run "$LABCTL" exec a -- touch /run/gone
run "$LABCTL" check lasting
[ $? -eq 1 ] && grep -q 'got /run/gone file mode 0644 at a' "$work/out"
check "what does not come is red when its time is over" $?
run "$LABCTL" down probe-state-time
[ "$failures" -eq 0 ]
