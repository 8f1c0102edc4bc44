#!/bin/bash
# once
# What an author begins with: the catalogue, new files, the canonical form.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
root=$PWD
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failures=0
expect() { # NAME STATUS PATTERN COMMAND...: the status, and a line that matches in what is said
    local name=$1 status=$2 pattern=$3 seen
    shift 3
    "$@" >"$work/log" 2>&1
    seen=$?
    if [ "$seen" -eq "$status" ] && grep -qE -- "$pattern" "$work/log"; then
        echo "ok $name"
        return
    fi
    echo "not ok $name"
    echo "    status $seen, not $status, or no line matches: $pattern"
    sed 's/^/    /' "$work/log"
    failures=$((failures + 1))
}

# ---- the catalogue -----------------------------------------------------------------------------------------------
expect "the catalogue lists a shipped scenario" 0 '^broken-dns +1 +7 +20m +1 +The files of the house are gone$' "$LABCTL" exercises
for file in scenarios/*.yaml; do
    name=$(basename "$file" .yaml)
    expect "the catalogue lists $name" 0 "^$name " "$LABCTL" exercises
done
expect "as JSON too" 0 '"time_s": 1200' "$LABCTL" exercises --format json
expect "completion knows the scenarios" 0 '^broken-dns$' "$LABCTL" complete -- start ""
expect "completion knows what can be new" 0 '^topology$' "$LABCTL" complete -- new ""
expect "the kinds of faults" 0 '^tls-expired' "$LABCTL" complete -- fault show ""
expect "what can be said of a fault" 0 '^direction=' "$LABCTL" complete -- fault inject loss --at link/x ""
expect "and of a wire" 0 '^loss_burst=' "$LABCTL" complete -- link set link/x delay=5ms ""
expect "the second word of a command of many" 0 '^inject$' "$LABCTL" complete -- fault ""
expect "an option's words" 0 '^mermaid$' "$LABCTL" complete -- graph x.yaml --as ""
expect "a report's forms" 0 '^junit$' "$LABCTL" complete -- report --as ""
expect "what the machine can do" 0 '^netem$' "$LABCTL" complete -- doctor ""
expect "nothing where nothing can stand" 0 '^<>$' bash -c 'echo "<$("$0" complete -- fault list "")$("$0" complete -- fault nix "")>"' "$LABCTL"
expect "two dashes end the options before a command" 0 '^broken-dns ' "$LABCTL" -q -- exercises
expect "what follows them is a command" 2 "'--help'" "$LABCTL" -- --help
expect "and may be missing" 2 . "$LABCTL" --
mkdir "$work/other" "$work/other/scenarios"
echo "scenario: broken" >"$work/other/scenarios/broken.yaml"
expect "a broken scenario is left out and named" 0 'scenarios/broken.yaml is left out: .*missing-key' \
    bash -c 'cd "$1" && "$0" exercises' "$LABCTL" "$work/other"

"$LABCTL" complete -- "" | cut -f1 >"$work/commands"
missing=$("$LABCTL" help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' | sort | comm -13 - <(sort "$work/commands"))
expect "help has a place for every command" 0 '^none:$' echo "none:$missing"

# ---- new ---------------------------------------------------------------------------------------------------------
cd "$work" || exit 1
for kind in scenario topology; do
    expect "new $kind writes a file" 0 "^first-$kind.yaml: a $kind to begin with" "$LABCTL" new "$kind" "first-$kind"
    expect "the new $kind is valid" 0 "$kind 'first-$kind' is valid" "$LABCTL" validate --strict "first-$kind.yaml"
done
echo precious >there.yaml
expect "nothing is overwritten" 4 'there.yaml is there already' "$LABCTL" new topology there
expect "what was there stays" 0 '^precious$' cat there.yaml
expect "there is no third kind" 2 "not 'scenarios'" "$LABCTL" new scenarios x
expect "a name is a lab's name" 2 "'../x'" "$LABCTL" new topology ../x

# ---- the canonical form ------------------------------------------------------------------------------------------
expect "what is new is formatted" 0 . bash -c '"$0" fmt --check first-*.yaml; s=$?; echo "$s"; exit $s' "$LABCTL"
printf 'lab:   a # its name\nnodes: {n: {}}\n' >wide.yaml
chmod 640 wide.yaml
ln -s wide.yaml link.yaml
expect "what is not formatted is named" 1 '^wide.yaml is not formatted$' "$LABCTL" fmt --check first-topology.yaml wide.yaml
expect "fmt rewrites the file" 0 '^link.yaml: formatted$' "$LABCTL" fmt link.yaml
expect "its comment stays" 0 '^lab: a   # its name$' cat wide.yaml
expect "its brackets have spaces" 0 '^nodes: \{ n: \{\} \}$' cat wide.yaml
expect "its mode stays, and the link" 0 '^640 link.yaml$' stat -c '%a link.yaml' wide.yaml
expect "a link stays a link" 0 '^wide.yaml$' readlink link.yaml
expect "standard input goes to standard output" 0 '^a: 1$' bash -c 'echo "a:  1" | "$0" fmt -' "$LABCTL"
echo 'a: [' >syntax.yaml
expect "bad syntax is reported" 2 'syntax.yaml:.*\[syntax\]' "$LABCTL" fmt syntax.yaml
expect "and left alone" 0 '^a: \[$' cat syntax.yaml

# ---- names that are nearly right ----
expect "a file beside it with a name like that" 2 "did you mean './first-scenario.yaml'" "$LABCTL" validate ./frist-scenario.yaml
expect "nothing like that" 2 'No such file or directory' "$LABCTL" validate nothing-of-the-kind.yaml
expect "and no guess" 1 '^0$' bash -c '"$0" validate nothing-of-the-kind.yaml 2>&1 | grep -c "did you mean"' "$LABCTL"
here=$PWD
cd "$root" || exit 1
expect "a shipped scenario with a name like that" 2 "did you mean 'broken-dns'" "$LABCTL" prove broken-dn
cd "$here" || exit 1

# ---- faults that contradict each other ----
contradicting() { # FIRST SECOND: kinds with their targets
    cat >contra.yaml <<YAML
scenario: contra
title: Two at once
pass: 70%
topology:
  lab: contra
  bridges: { lan: {} }
  nodes:
    a: { bridge: lan, address: 10.0.0.1/24 }
    b: { bridge: lan, address: 10.0.0.2/24, services: { http: { port: 80 } } }
faults:
  - { id: one, $1 }
  - { id: two, $2 }
tasks: [ { id: t, checks: [ { from: a, http: "http://b/", points: 60 } ] } ]
solution: [ { at: b, run: "true" } ]
YAML
}
at_address='at: node/b/eth0' at_service='at: node/b/service/http'
contradicting "kind: address-missing, $at_address" "kind: address-wrong, $at_address, address: 10.0.0.9/24"
expect "one that cannot go in beside another" 2 "contra.yaml:12:41: error: fault 'two' cannot be put in beside those above it: .*\\[contradicting-faults\\]" "$LABCTL" validate contra.yaml
contradicting "kind: service-wrong-port, $at_service, port: 81" "kind: service-down, $at_service"
expect "one that another one covers" 2 "contra.yaml:11:46: error: fault 'one' changes nothing beside the others: .*\\[contradicting-faults\\]" "$LABCTL" validate contra.yaml
contradicting "kind: service-wrong-port, $at_service, port: 81, after: 1m, for: 1m" "kind: service-down, $at_service"
expect "one that comes by the clock may be covered" 0 'is valid' "$LABCTL" validate contra.yaml
contradicting "kind: resolver-wrong, at: node/a, servers: [10.0.0.53]" "kind: service-down, $at_service"
sed -i 's|address: 10.0.0.1/24 }|address: 10.0.0.1/24, resolver: { servers: [10.0.0.53] } }|' contra.yaml
expect "one that changes nothing" 2 "contra.yaml:11:[0-9]*: error: fault 'one' changes nothing: it is so already \\[idle-fault\\]" "$LABCTL" validate contra.yaml
contradicting "kind: loss, $at_address, loss: 3%" "kind: loss, $at_address, loss: 5%"
expect "what adds up does not contradict" 0 'is valid' "$LABCTL" validate contra.yaml
contradicting "kind: service-down, $at_service" "kind: link-down, $at_address"
sed -i 's/id: two/id: one/' contra.yaml
expect "one id for two is one mistake" 0 '^1$' bash -c '"$0" validate contra.yaml 2>&1 | grep -c "error:"' "$LABCTL"

# A fault may take away the address that checks go to: it is red then, and steps change what is left.
cat >public.yaml <<'YAML'
scenario: public
topology:
  lab: public
  vpcs:
    one:
      cidr: 10.1.0.0/16
      internet_gateway: true
      subnets: { s: { cidr: 10.1.1.0/24, route_table: r, public_ips: true } }
      route_tables: { r: [ { destination: 0.0.0.0/0, target: internet_gateway } ] }
      security_groups: { web: { ingress: [ { protocol: tcp, ports: 80, from: any4 } ] } }
  nodes:
    a: { subnet: one/s, security_groups: [web], services: { http: { port: 80 } } }
    v: { internet: 203.0.113.9, services: { x: { kind: tcp, port: 9 } } }
  checks: [ { id: own, from: v, tcp: { to: a, port: 80 } } ]
faults: [ { id: f, kind: public-ip-missing, at: node/a/eth0 } ]
tasks: [ { id: t, checks: [ { id: in, from: v, tcp: { to: a, port: 80 }, within: 5s, points: 60 } ] } ]
solution: [ { set: node/a/labels, to: { tier: web } }, { unset: node/a/public_ip } ]
YAML
expect "a check whose address a fault has taken is red, and steps go on" 0 ' 1 task red' "$LABCTL" prove public.yaml
cd "$root" || exit 1
[ "$failures" -eq 0 ]
