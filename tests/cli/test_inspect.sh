#!/bin/bash
# labctl inspect: what a link has when its two directions differ and the nodes' defaults reach it; set on a link that
# has no entry yet.
set -u
: "${LABCTL:=$PWD/build/labctl}"
work=$(mktemp -d) || exit 1
lab=inspect-$$
trap '"$LABCTL" -q down "$lab"; rm -rf "$work"' EXIT
failures=0
expect() { # NAME PATTERN COMMAND...: done, and a line that is exactly this
    local name=$1 line=$2
    shift 2
    if "$@" >"$work/log" 2>&1 && grep -qxF -- "$line" "$work/log"; then
        echo "ok $name"
        return
    fi
    echo "not ok $name"
    sed 's/^/    /' "$work/log"
    failures=$((failures + 1))
}

cat >"$work/pair.yaml" <<YAML
lab: $lab
defaults: { mtu: 1400 }
links: { uneven: [ { from: node/a, loss: 2% } ] }
nodes:
  a: { interfaces: { x: { link: uneven, address: 10.0.0.1/30 }, y: { link: plain, address: 10.0.1.1/30 } } }
  b: { interfaces: { x: { link: uneven, address: 10.0.0.2/30 }, y: { link: plain, address: 10.0.1.2/30 } } }
  long:
    bridge: net
    address: 10.0.2.1/24
    addresses: [ "2001:db8:1234:5678:9abc:def0:1234:5678/64" ]
YAML
sed -i '/^links:/i bridges: { net: {} }' "$work/pair.yaml"
"$LABCTL" -q up "$work/pair.yaml" || exit 1
expect "the directions differ" "link uneven: a/x, b/x, MTU 1400, there loss 2%, back unimpaired" "$LABCTL" --lab "$lab" inspect
expect "a plain link" "link plain: a/y, b/y, MTU 1400" "$LABCTL" --lab "$lab" inspect
# The column of what an interface is attached to begins at the same place in all rows.
aligned() { "$LABCTL" --lab "$lab" inspect | awk '/^NODE/ { at = index($0, "ATTACHED") } at && /1400/ { print substr($0, at - 2) } /^$/ && at { exit }'; }
expect "columns are as wide as a long address" "  bridge/net" aligned
aligned | grep -vqE '^  (link|bridge)/[a-z]+$'
expect "in all rows" 1 echo $?
expect "set on a link without an entry" "2 operations done" "$LABCTL" --lab "$lab" set link/plain/loss 3%
expect "the loss is there" "link plain: a/y, b/y, MTU 1400, loss 3%" "$LABCTL" --lab "$lab" inspect
expect "and gone" "2 operations done" "$LABCTL" --lab "$lab" unset link/plain
expect "as before" "link plain: a/y, b/y, MTU 1400" "$LABCTL" --lab "$lab" inspect
for how in "-t $work/pair.yaml" "--topo $work/pair.yaml" "--name $lab" "$lab"; do
    # shellcheck disable=SC2086 # an option and its value
    expect "the lab by ${how%% *}" "link plain: a/y, b/y, MTU 1400" "$LABCTL" --lab another inspect $how
done
refuse() { # NAME PATTERN COMMAND...: status 2, and these words
    "${@:3}" >"$work/refused" 2>&1
    [ $? -eq 2 ] && grep -q -- "$2" "$work/refused"
    expect "$1" 0 echo $?
}
refuse "two of them are one too many" "'inspect' takes one lab" "$LABCTL" inspect -t "$work/pair.yaml" "$lab"
refuse "a file that is not there" "No such file" "$LABCTL" inspect -t "$work/nosuch.yaml"
expect "down takes a name so, too" "lab $lab is down" "$LABCTL" down --name "$lab"
exit $((failures > 0))
