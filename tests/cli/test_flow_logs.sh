#!/bin/bash
# labctl flow-logs: what security groups accept and reject, at each interface; bridges; no names of rules; an exercise.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/host.bash"
cat >"$work/lab.yaml" <<'YAML'
lab: flows
vpcs:
  main:
    cidr: 10.0.0.0/16
    subnets: { a: { cidr: 10.0.1.0/24 }, b: { cidr: 10.0.2.0/24 } }
    security_groups:
      web-rules: { ingress: [ { protocol: tcp, ports: [80], from: 10.0.0.0/16 }, { protocol: icmp, from: 10.0.0.0/16 } ] }
      app-rules: { ingress: [] }
      shut-rules: { ingress: [], egress: [] }
bridges: { lan: {} }
nodes:
  web: { subnet: main/a, address: 10.0.1.10, security_groups: [web-rules], services: { http: { port: 80 } } }
  app: { subnet: main/b, address: 10.0.2.10, security_groups: [app-rules] }
  shut: { subnet: main/b, address: 10.0.2.11, security_groups: [shut-rules] }
  one: { bridge: lan, address: 192.168.7.1/24 }
  two: { bridge: lan, address: 192.168.7.2/24 }
YAML
lab() { run timeout 60 "$LABCTL" --lab flows "$@"; }
node() { timeout 20 "$LABCTL" --lab flows exec "$@" >/dev/null 2>&1; }
line() { # SOURCE DESTINATION DPORT PROTOCOL PACKETS ACTION
    awk -v s="$1" -v d="$2" -v p="$3" -v l="$4" -v n="$5" -v a="$6" \
        '$3 == s && $4 == d && (p == "" || $6 == p) && $7 == l && (n == "" || $8 == n) && $9 >= $8 * 20 && $10 == a { found = 1 } END { exit !found }' "$work/out"
}

run timeout 60 "$LABCTL" up "$work/lab.yaml"
check "a lab with a VPC and a bridge is up" $?
lab flow-logs web && [ "$(wc -l <"$work/out")" -eq 1 ]
check "without traffic there is no flow" $?

node app curl -s -m 5 -o /dev/null http://10.0.1.10/ && node app ping -c 2 -W 1 10.0.1.10
check "what groups accept passes" $?
lab flow-logs web/eth0 && line 10.0.2.10 10.0.1.10 80 tcp "" ACCEPT && line 10.0.1.10 10.0.2.10 "" tcp "" ACCEPT &&
    line 10.0.2.10 10.0.1.10 0 icmp 2 ACCEPT && line 10.0.1.10 10.0.2.10 0 icmp 2 ACCEPT && grep -Eq '^[0-9]{2}:[0-9]{2}:[0-9]{2}  eth0 ' "$work/out"
check "accepted flows have both directions, with packets, bytes and time" $?

node app bash -c 'timeout 0.5 bash -c "echo >/dev/tcp/10.0.1.10/22"; echo x >/dev/udp/10.0.1.10/53'
node app ping -c 3 -i 0.2 -W 1 10.0.2.11
node shut ping -c 2 -i 0.2 -W 1 10.0.1.10
lab flow-logs web && line 10.0.2.10 10.0.1.10 22 tcp "" REJECT && line 10.0.2.10 10.0.1.10 53 udp 1 REJECT && ! grep -q 10.0.2.11 "$work/out"
check "what its group refuses is rejected there" $?
lab flow-logs app && line 10.0.2.10 10.0.1.10 22 tcp "" ACCEPT && line 10.0.2.10 10.0.2.11 0 icmp 3 ACCEPT && ! grep -q REJECT "$work/out"
check "what the other end refuses was accepted where it left" $?
lab flow-logs shut && line 10.0.2.10 10.0.2.11 0 icmp 3 REJECT && line 10.0.2.11 10.0.1.10 0 icmp 2 REJECT && ! grep -q ACCEPT "$work/out"
check "in either direction" $?
lab --format json flow-logs shut && grep -q '"action": "REJECT"' "$work/out" && grep -q '"protocol": "icmp"' "$work/out" && ! grep -q 'rules\|group' "$work/out"
check "JSON has the same, and names no rule or group" $?

run timeout 20 "$LABCTL" --lab flows set vpc/main/security_group/web-rules/ingress '[{protocol: tcp, ports: [22], from: 10.0.0.0/16}]'
node app bash -c 'timeout 0.5 bash -c "echo >/dev/tcp/10.0.1.10/22"'
lab flow-logs web && line 10.0.2.10 10.0.1.10 22 tcp "" ACCEPT
check "after the group was changed the same is accepted" $?
run timeout 20 "$LABCTL" --lab flows --format json set vpc/main/security_group/web-rules/ingress '[{protocol: tcp, ports: [22], from: 10.0.0.0/16}]'
check "flows on record are no difference" $?

# Network ACLs: b lets questions in and no answers out; a does not let the port of the answer in.
run timeout 20 "$LABCTL" --lab flows set vpc/main/security_group/web-rules/ingress '[{protocol: tcp, from: 10.0.0.0/16}]'
run timeout 20 "$LABCTL" --lab flows set vpc/main/security_group/app-rules/ingress '[{protocol: tcp, from: 10.0.0.0/16}]'
run timeout 20 "$LABCTL" --lab flows set vpc/main/network_acls '{ b: { ingress: [ { rule: 1, action: allow, protocol: tcp, ports: 9090, from: any } ], egress: [ { rule: 1, action: allow, protocol: tcp, ports: 8088, to: any } ] } }'
run timeout 20 "$LABCTL" --lab flows set vpc/main/subnet/b/network_acl b
node web bash -c 'timeout 0.5 bash -c "echo >/dev/tcp/10.0.2.10/9090"; timeout 0.5 bash -c "echo >/dev/tcp/10.0.2.10/9091"'
node app bash -c 'timeout 0.5 bash -c "echo >/dev/tcp/10.0.1.10/8088"; timeout 0.5 bash -c "echo >/dev/tcp/10.0.1.10/8089"'
lab flow-logs app && line 10.0.1.10 10.0.2.10 9090 tcp "" ACCEPT && line 10.0.2.10 10.0.1.10 "" tcp "" REJECT && line 10.0.1.10 10.0.2.10 9091 tcp "" REJECT
check "what an ACL refuses is rejected there: a question, an answer" $?
line 10.0.2.10 10.0.1.10 8088 tcp "" ACCEPT && line 10.0.2.10 10.0.1.10 8089 tcp "" REJECT && ! awk '$3 == "10.0.1.10" && $5 == 8088 && $10 == "ACCEPT" { found = 1 } END { exit !found }' "$work/out"
check "and an answer that does not come in was not accepted" $?
lab flow-logs web && line 10.0.1.10 10.0.2.10 9090 tcp "" ACCEPT && line 10.0.1.10 10.0.2.10 9091 tcp "" ACCEPT && ! awk '$3 == "10.0.2.10" && $5 == 9090 { found = 1 } END { exit !found }' "$work/out"
check "at the other end both left, and no answer came" $?

run timeout 20 "$LABCTL" --lab flows set vpc/main/flow_logs reject
lab flow-logs app && grep -q REJECT "$work/out" && ! grep -q ACCEPT "$work/out"
check "flow_logs: reject tells of rejected flows only" $?
run timeout 20 "$LABCTL" --lab flows set vpc/main/flow_logs false
lab flow-logs app; [ $? -ne 0 ] && grep -q "keeps no flow logs" "$work/err"
check "flow_logs: false keeps none" $?
run timeout 20 "$LABCTL" --lab flows unset vpc/main/flow_logs

node two ping -c 1 192.168.7.1
timeout 30 "$LABCTL" --lab flows flow-logs one --for 3s >"$work/out" 2>"$work/err" &
watching=$!
pause 800
node two ping -c 4 -i 0.2 192.168.7.1
wait $watching
line 192.168.7.2 192.168.7.1 0 icmp 4 ACCEPT && line 192.168.7.1 192.168.7.2 0 icmp 4 ACCEPT
check "at a bridge it is watched for a while" $?

lab flow-logs nosuch; [ $? -ne 0 ] && grep -q nosuch "$work/err" && { lab flow-logs web/eth7; [ $? -ne 0 ]; } && grep -q "no interface 'eth7'" "$work/err" && { lab flow-logs one --for soon; [ $? -eq 2 ]; }
check "an unknown node, an unknown interface and an odd time are errors" $?
timeout 30 "$LABCTL" down flows >/dev/null 2>&1

{
    printf 'scenario: flowing\npass: 60%%\ntime: 20m\ntopology:\n'
    sed 's/^/  /' "$work/lab.yaml"
    cat <<'YAML'
faults: [ { id: closed, kind: security-group-rule-missing, at: vpc/main/security_group/web-rules, direction: ingress, protocol: tcp, ports: [80], from: 10.0.0.0/16 } ]
tasks: [ { id: page, checks: [ { id: page, from: app, http: "http://10.0.1.10/", points: 60 } ] } ]
YAML
} >"$work/exercise.yaml"
run timeout 120 "$LABCTL" start "$work/exercise.yaml"
check "an exercise starts" $?
node app curl -s -m 1 http://10.0.1.10/
lab flow-logs web && line 10.0.2.10 10.0.1.10 80 tcp "" REJECT && ! grep -q 'closed\|rules' "$work/out"
check "in an exercise it is evidence" $?
lab abandon
timeout 30 "$LABCTL" down flows >/dev/null 2>&1
exit $((failures > 0))
