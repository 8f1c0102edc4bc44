#!/bin/bash
# labctl metrics, labctl top and labctl probe --format prometheus: counters that count, in a text that Prometheus can read.
set -u
: "${LABCTL:=$PWD/build/labctl}"
work=$(mktemp -d) || exit 1
lab=metrics-$$
trap '"$LABCTL" -q down "$lab"; rm -rf "$work"' EXIT
failures=0
say() { # STATUS NAME
    if [ "$1" -eq 0 ]; then
        echo "ok $2"
        return
    fi
    echo "not ok $2"
    sed 's/^/    /' "$work/log" "$work/out" | head -n 40
    failures=$((failures + 1))
}
labctl() { "$LABCTL" --lab "$lab" "$@" >"$work/out" 2>"$work/log"; }
value() { # SERIES: its value in the last output
    awk -v series="$1" 'index($0, series " ") == 1 { print $NF }' "$work/out"
}
series() { # NAME NODE [DEVICE]
    echo "labctl_node_$1{lab=\"$lab\",node=\"$2\"${3:+,device=\"$3\"}}"
}
# A line is a comment of a known form or NAME{LABELS} VALUE; each family has its HELP, TYPE and lines in one place.
well_formed() {
    awk '
        /^# HELP [a-z_0-9]+ ./ { if (seen[$3]++) bad = bad "\ntwice: " $0; name = $3; next }
        /^# TYPE [a-z_0-9]+ (counter|gauge)$/ { if ($3 != name) bad = bad "\nTYPE without HELP: " $0; next }
        /^[a-z_0-9]+({[a-z_]+="([^"\\]|\\.)*"(,[a-z_]+="([^"\\]|\\.)*")*})? -?[0-9.e+-]+$/ {
            sub(/[{ ].*/, ""); if ($0 != name) bad = bad "\nout of place: " $0; lines++; next }
        { bad = bad "\nnot understood: " $0 }
        END { if (bad || !lines) { print bad ? bad : "\nempty"; exit 1 } }' "$work/out" >"$work/log"
}
readable() { # NAME: by promtool where it is installed
    well_formed
    say $? "$1: every line is well formed"
    if command -v promtool >/dev/null; then
        promtool check metrics <"$work/out" >"$work/log" 2>&1
        say $? "$1: promtool finds nothing"
    fi
}

cat >"$work/pair.yaml" <<YAML
lab: pair
internet: { zones: { shop.test: { www: web } } }
nodes:
  web:
    internet: true
    services:
      http: { body: "hello\n", routes: { /old: { status: 404, body: "gone\n" } } }
  asker: { internet: true, resolver: { servers: [203.0.113.53] } }
YAML
"$LABCTL" -q up "$work/pair.yaml" --name "$lab" || exit 1

# ---- counters
labctl metrics
readable "metrics"
[ "$(value "$(series network_up web eth0)")" = 1 ]
say $? "the interface is up"
before=$(value "$(series network_receive_packets_total web eth0)")
opened=$(value "$(series tcp_passive_opens_total web)")
refused=$(value "$(series tcp_out_resets_total web)")
for _ in 1 2 3; do labctl probe tcp asker web:80; done
labctl probe tcp asker web:81
labctl probe ping asker web count=10
labctl metrics
after=$(value "$(series network_receive_packets_total web eth0)")
[ $((after - before)) -ge 20 ] && [ $((after - before)) -le 200 ]
say $? "packets are counted ($before, then $after)"
[ $(($(value "$(series tcp_passive_opens_total web)") - opened)) -ge 3 ]
say $? "three connections were accepted"
[ $(($(value "$(series tcp_out_resets_total web)") - refused)) -ge 1 ]
say $? "one was refused"
labctl exec web -- ip link set eth0 down
labctl metrics web
[ "$(value "$(series network_up web eth0)")" = 0 ]
say $? "an interface that is down shows"
! grep -q 'node="asker"' "$work/out"
say $? "one node alone"
labctl exec web -- ip link set eth0 up
labctl --format json metrics web && grep -q '"labctl_node_tcp_retransmitted_segments_total"' "$work/out"
say $? "as JSON"
labctl metrics wep
[ $? -eq 4 ] && grep -q "did you mean 'web'" "$work/log"
say $? "a node that there is not"

# ---- rates
labctl exec asker -- sh -c 'ping -i 0.02 -w 60 web >/dev/null 2>&1 &'
labctl top --interval 500ms
[ $? -eq 0 ] && awk 'NR == 2 { exit !($1 == "web" || $1 == "asker") || $4 == 0 || $6 == 0 }' "$work/out"
say $? "top: who is busy stands first, with packets in and out"
labctl top asker --interval 500ms --format json
figure() { awk -F'[:,]' -v key="\"$1\"" '$1 ~ key { print int($2); exit }' "$work/out"; }
[ "$(grep -c '"interface": ' "$work/out")" -eq 1 ] && grep -q '"node": "asker"' "$work/out" && grep -q '"up": true' "$work/out" &&
    [ "$(figure receive_packets)" -gt 1 ] && [ "$(figure receive_packets)" -lt 200 ] &&
    [ "$(figure receive_bits)" -gt $((84 * 4 * $(figure receive_packets))) ]
say $? "top: one node, as JSON"
labctl exec asker -- pkill ping
labctl top wep
[ $? -eq 4 ] && grep -q "did you mean 'web'" "$work/log"
say $? "top: a node that there is not"
labctl top --interval 5
[ $? -eq 2 ] && grep -q "from 100ms to 1h, not '5'" "$work/log"
say $? "top: an interval without a unit"

# ---- probes
labctl probe ping nobody web
[ $? -eq 4 ] && grep -q "no node 'nobody'" "$work/log"
say $? "a prober that there is not"
labctl probe ping asker wep
[ $? -eq 4 ] && grep -q "did you mean 'web'" "$work/log"
say $? "a target that there is not"
end=$((SECONDS + 30)) # the first question walks the whole tree
until labctl probe dns asker www.shop.test || [ $SECONDS -ge $end ]; do :; done
probe() { # NAME STATUS WORDS...: measured, with that exit status, and readable
    local name=$1 status=$2 got
    shift 2
    labctl probe "$@" timeout=5s --format prometheus
    got=$?
    [ $got -eq "$status" ]
    say $? "$name: exit status $status (got $got)"
    readable "$name"
}
probe icmp 0 icmp asker web
[ "$(value probe_success)" = 1 ] && [ -n "$(value 'probe_icmp_duration_seconds{phase="rtt"}')" ]
say $? "icmp: a round trip"
probe tcp_connect 0 tcp_connect asker web:80
[ "$(value probe_success)" = 1 ] && [ "$(value probe_ip_protocol)" = 4 ]
say $? "tcp_connect: it succeeded"
probe "tcp_connect, refused" 1 tcp_connect asker web:81
[ "$(value probe_success)" = 0 ]
say $? "tcp_connect: it did not"
probe http_2xx 0 http_2xx asker http://www.shop.test/
[ "$(value probe_success)" = 1 ] && [ "$(value probe_http_status_code)" = 200 ] && [ "$(value probe_http_content_length)" = 6 ]
say $? "http_2xx: status and length"
probe "http_2xx, 404" 1 http_2xx asker http://www.shop.test/old
[ "$(value probe_success)" = 0 ] && [ "$(value probe_http_status_code)" = 404 ]
say $? "http_2xx: 404 is no success"
probe dns 0 dns asker www.shop.test
[ "$(value probe_dns_query_succeeded)" = 1 ] && [ "$(value probe_dns_answer_rrs)" = 1 ]
say $? "dns: one record"
probe "dns, no such name" 1 dns asker nothing.shop.test
[ "$(value probe_success)" = 0 ] && [ "$(value probe_dns_authority_rrs)" = 1 ]
say $? "dns: a negative answer with its SOA"
probe "expected closed" 0 tcp asker web:81 expect=closed
labctl inspect --format prometheus
[ $? -eq 2 ] && grep -q "neither text nor json" "$work/log"
say $? "no other command has that format"
exit $((failures > 0))
