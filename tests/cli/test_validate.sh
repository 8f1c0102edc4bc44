#!/bin/bash
# once
# labctl validate: topologies and scenarios by their first key, exit status, --strict, both formats.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
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

cat >"$work/blackhole.yaml" <<'YAML'
lab: blackhole
vpcs:
  main:
    cidr: 10.0.0.0/16
    route_tables: { main: [ { destination: 10.9.0.0/16, target: node/gone } ] }
YAML
printf 'lab: caf\351\n' >"$work/bytes.yaml"
mkdir "$work/directory"

expect "a shipped topology is valid" 0 "topology 'home-lan' is valid" "$LABCTL" validate topologies/home-lan.yaml
expect "a shipped scenario is valid" 0 "scenario 'broken-dns' is valid" "$LABCTL" validate scenarios/broken-dns.yaml
expect "several files at once" 0 "topology 'star-100' is valid" "$LABCTL" validate topologies/*.yaml scenarios/*.yaml
expect "quiet says nothing of a good file" 0 '^$' bash -c '"$0" -q validate topologies/home-lan.yaml; s=$?; echo; exit $s' "$LABCTL"
expect "an option stands once" 2 "'fault' has '--id' twice: 'one' and 'two'" \
    "$LABCTL" fault inject loss --at node/a --id one --id two
printf 'lab: ruleset-%s\nnodes: { a: { nftables: "table inet x { chain" } }\n' $$ >"$work/ruleset.yaml"
expect "a ruleset that nft cannot read" 2 'ruleset.yaml:2:25: error: nft: syntax error.*\[nftables\]' "$LABCTL" validate "$work/ruleset.yaml"
cat >"$work/words.yaml" <<YAML
lab: words-$$
nodes:
  a:
    nftables: |
      # a word of nft's own
      table inet x { chain fwd { type filter hook forward priority 0; } }
YAML
expect "the line of the file that nft complains of" 2 'words.yaml:6:28: error: nft: syntax error, unexpected fwd' \
    "$LABCTL" up "$work/words.yaml"
expect "a word of nft's own" 2 '^  `fwd` is a word of nft itself' "$LABCTL" validate "$work/words.yaml"
sed 's/fwd/x/; s/priority 0/priority 0; iif "nothing" accept/; s/; } }/; }; }/' "$work/words.yaml" >"$work/kernel.yaml"
expect "what only the node can answer is none of the file's" 0 'is valid' "$LABCTL" validate "$work/kernel.yaml"
expect "and stands at its line too" 3 'kernel.yaml:6:[0-9]*: error: nft: Interface does not exist' "$LABCTL" up "$work/kernel.yaml"
printf 'lab: includes\ninclude: [ key.pem ]\n' >"$work/includes.yaml"
printf -- '-----BEGIN KEY-----\nhunter2: {\n' >"$work/key.pem"
expect "an included file is quoted" 2 '^  hunter2' "$LABCTL" validate "$work/includes.yaml"
chmod 600 "$work/key.pem"
chmod 644 "$work/includes.yaml"
expect "a file that fewer may read is not" 2 'key.pem:[0-9]*:[0-9]*: error: ' \
    bash -c '! "$0" validate "$1" 2>&1 | tee /dev/stderr | grep -q hunter2; exit $((PIPESTATUS[0] ? 2 : 1))' "$LABCTL" "$work/includes.yaml"
cat >"$work/variants.yaml" <<YAML
scenario: variants
topology: $PWD/topologies/home-lan.yaml
vars: { who: { choose: [nas, nas, nas, nas, nas, nas, nas, nas, nas, nass] } }
faults: [ { kind: loss, at: "node/\${who}/eth0", loss: 5% } ]
tasks: [ { id: reach, checks: [ { from: laptop, ping: nas } ] } ]
YAML
expect "a variant that is impossible names its seed" 2 "'node/nass/eth0' in this lab .seed [0-9]*: who = nass" \
    "$LABCTL" validate "$work/variants.yaml"
sed -i 's/, nass//' "$work/variants.yaml"
expect "several variants are read" 0 "'variants' is valid in 10 variants" "$LABCTL" validate "$work/variants.yaml"
expect "as many as asked for" 0 '"variants": 3' "$LABCTL" validate --seeds 3 --format json "$work/variants.yaml"
# One port of two thousand is taken: no ten seeds would find it.
for taken in 8000 9999; do
    cat >"$work/range.yaml" <<YAML
scenario: range
topology:
  lab: range
  bridges: { lan: {} }
  nodes:
    a: { bridge: lan, address: 10.0.0.1/24 }
    b: { bridge: lan, address: 10.0.0.2/24, services: { one: { kind: tcp, port: $taken }, two: { kind: tcp, port: "\${port}" } } }
vars: { port: { range: [8000, 9999] }, who: { choose: [a, b] } }
faults: [ { kind: loss, at: "node/\${who}/eth0", loss: 5% } ]
tasks: [ { id: reach, checks: [ { from: a, tcp: { to: b, port: "\${port}" } } ] } ]
YAML
    expect "the end $taken of a range is among them" 2 "port $taken.*[(]port = $taken, who = " "$LABCTL" validate "$work/range.yaml"
done
sed -i 's/port: 9999 }/port: 10000 }/' "$work/range.yaml"
expect "and counted" 0 "'range' is valid in 12 variants" "$LABCTL" validate "$work/range.yaml"
{ sed '/^vars/d' "$work/range.yaml"; echo 'vars: { port: { choose: ['; seq -s, 8000 8900; echo ',10000] }, who: { choose: [a, b] } }'; } >"$work/choices.yaml"
expect "each of many choices is among them" 2 "port 10000.*[(]port = 10000, who = " "$LABCTL" validate "$work/choices.yaml"
expect "seeds are counted" 2 "is a number from 1" "$LABCTL" validate --seeds 0 "$work/variants.yaml"
expect "a blackhole is a warning" 0 'warning: .*\[blackhole-route\]' "$LABCTL" validate "$work/blackhole.yaml"
expect "strict makes it an error" 2 'error: .*\[blackhole-route\]' "$LABCTL" validate --strict "$work/blackhole.yaml"
sed 's/^vars.*/requires: { kernel: [veth, vteh] }/; /^faults/d; s/"*\${port}"*/80/; s/\$taken/81/' "$work/range.yaml" >"$work/requires.yaml"
line=$(grep -n '^requires' "$work/requires.yaml" | cut -d: -f1)
expect "a capability that is none, where it stands" 2 ":$line:28: error: no capability is called 'vteh'" "$LABCTL" validate "$work/requires.yaml"
sed 's/vteh/no-such-capability/; s/kernel: .*\]/programs: [no-such-1, sh, no-such-2]/' "$work/requires.yaml" >"$work/programs.yaml"
for column in 24 39; do
    expect "each program that is missing, where it stands ($column)" 2 ":$line:$column: warning: the program no-such-[12] is missing .the scenario requires it.*missing-program" \
        "$LABCTL" validate "$work/programs.yaml"
done
expect "a bad file among good ones" 2 "did you mean 'bridge'" "$LABCTL" validate topologies/home-lan.yaml tests/bad/unknown-key.yaml
expect "a vanished file" 2 'error: cannot read .*No such file' "$LABCTL" validate "$work/none.yaml"
expect "a directory" 2 'error: cannot read .*Is a directory' "$LABCTL" validate "$work/directory"
expect "bytes that are no text" 2 ':1:9: error: byte 0xe9 is not UTF-8' "$LABCTL" validate "$work/bytes.yaml"
expect "no operand" 2 'validate' "$LABCTL" validate
expect "JSON of a bad file" 2 '"rule": "unknown-key"' "$LABCTL" --format json validate tests/bad/unknown-key.yaml
expect "JSON of a good file" 0 '"valid": true' "$LABCTL" validate topologies/home-lan.yaml --format json
expect "a file from a pipe" 0 "topology 'home-lan' is valid" bash -c '"$0" validate <(cat topologies/home-lan.yaml)' "$LABCTL"
[ "$failures" -eq 0 ]
