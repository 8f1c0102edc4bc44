#!/bin/bash
# long
# as user
# Kinds of faults of programs and of those that look names up, each put into a running lab: it shows, tells nothing of
# itself, and is taken out exactly.
# shellcheck disable=SC2034,SC2154 # what the sourced files use and set
. "$(dirname "$0")/../cli/host.bash"
KILLS=${KILLS:-2}
big=$(printf 'x%.0s' {1..250})
cat >"$work/lab.yaml" <<YAML
lab: live
bridges: { lan: {} }
nodes:
  client: { bridge: lan, address: 10.1.0.10/24, resolver: { servers: [10.1.0.53], search: [lab.test] } }
  server:
    bridge: lan
    address: 10.1.0.20/24
    services: { http: { port: 80, body: "right\n" }, own: { kind: exec, command: "exec nc -lk 9000", ready: { tcp: 9000 } } }
  names:
    bridge: lan
    address: 10.1.0.53/24
    services:
      dns: { zones: { lab.test: { server: 10.1.0.20, www: 10.1.0.20, big: { txt: "$big" } }, other.test: { "@": 10.1.0.20 } } }
checks:
  - { id: page, from: client, http: { url: "http://10.1.0.20/", status: 200, body_contains: right } }
  - { id: own, from: client, tcp: { to: server, port: 9000 } }
  - { id: by-name, from: client, http: { url: "http://www.lab.test/", status: 200 } }
  - { id: by-short-name, from: client, http: { url: "http://www/", status: 200 } }
  - { id: other-zone, from: client, dns: { name: other.test, type: A, answer: 10.1.0.20 } }
  - { id: name-over-tcp, from: client, dns: { name: big.lab.test, type: TXT, transport: tcp, answer: "$big" } }
YAML
nodes=(client server names)

# KIND|SYMPTOM|WHERE|PARAMETERS
rows=(
    "process-stopped|page|node/server/service/http|"
    "descriptor-limit|no_more|node/server/service/http|files=12"
    "listen-backlog-full|third_waits|node/server/service/http|"
    "syn-flood|flooded|node/server/service/http|rate=1000"
    "service-down|page|node/server/service/http|"
    "service-loopback-only|page|node/server/service/http|"
    "service-wrong-port|page|node/server/service/http|port=8080"
    "service-command-wrong|own|node/server/service/own|command=sleep\${IFS}1000"
    "service-command-wrong|own|node/server/service/own|command=false"
    "http-error|page|node/server/service/http|"
    "resolver-wrong|by-name|client|servers=10.1.0.99"
    "dns-tcp-blocked|name-over-tcp|names|"
    # Nobody has failed to find that one just before, which a resolver would be told at once.
    "resolver-first-dead|by-name|client|server=10.1.0.98"
    "search-domain-wrong|by-short-name|client|domain=example.test"
    "search-list-long|by-short-name|client|"
    "hosts-override|by-name|client|name=www.lab.test address=10.1.0.99"
    "hosts-override|only_the_wrong_one|client|name=server address=10.1.0.99"
    "nsswitch-without-dns|by-name|client|"
    "dns-slow|late_answer|node/names/service/dns|delay=600ms"
    "dns-record-missing|by-name|node/names/service/dns|name=www.lab.test"
    "dns-zone-missing|other-zone|node/names/service/dns|zone=other.test"
    "service-crash-loop|page|node/server/service/http|"
    "port-taken|page|node/server/service/http|"
    "http-slow|page|node/server/service/http|"
    "http-truncated|half_a_page|node/server/service/http|bytes=3"
    "connection-half-open|waits_for_ever|server|ports=80"
    "http-wrong-content|page|node/server/service/http|"
)

held() { # COUNT AFTER: so many connections to the page, then what is to be looked at
    in_node client bash -c "for ((i = 0; i < $1; i++)); do exec {fd}<>/dev/tcp/10.1.0.20/80 || exit 9; done; $2"
}
late_answer() { # and nothing else of that machine is late
    local late
    late=$(in_node client dig +noall +answer +stats @10.1.0.53 www.lab.test | tee "$work/answer" | sed -n 's/^;; Query time: \([0-9]*\) .*/\1/p')
    grep -q '10\.1\.0\.20' "$work/answer" && [ "${late:-0}" -ge 600 ] && in_node client ping -q -c 1 -W 0.3 10.1.0.53
}
no_more() { held 14 "curl -s -m 1 http://10.1.0.20/ || echo full" | grep -x full; }
third_waits() { held 2 "nc -z -w 1 10.1.0.20 80 || echo full" | grep -x full; }
# Its queue is full of connections that nobody goes on with, the kernel counts those that it drops, and a client waits.
only_the_wrong_one() {
    in_node client getent ahosts server >"$work/server"
    grep -q '^10\.1\.0\.99 ' "$work/server" && ! grep -q '^10\.1\.0\.20 ' "$work/server"
}
half_open() { [ "$(in_node server ss -Htn state syn-recv | wc -l)" -ge 60 ]; }
no_page() { lab check page; [ $? -eq 1 ]; }
flooded() {
    until_true 3 half_open && until_true 5 no_page &&
        in_node server nstat -a -s -z TcpExtTCPReqQFullDrop | grep -E '^TcpExtTCPReqQFullDrop +[1-9]' &&
        in_node server ss -tln | grep -q ' 64 .*:80 '
}
half_a_page() { # what it says of itself is right, and not all of it comes
    in_node client sh -c 'curl -si -m 2 http://10.1.0.20/; echo " status $?"' | tr -d '\r' >"$work/page"
    grep -qx 'Content-Length: 6' "$work/page" && grep -q '^rig status 18$' "$work/page"
}
waits_for_ever() { # the server closes after its answer (HTTP/1.0), and the client is not told
    in_node client bash -c 'exec 3<>/dev/tcp/10.1.0.20/80 && printf "GET / HTTP/1.0\r\n\r\n" >&3 && timeout 1 cat <&3; echo "status $?"' |
        grep 'status 124'
}

. "$(dirname "$0")/live.bash"
try_all
