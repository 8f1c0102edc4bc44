#!/bin/bash
# labctl graph: of a file and of a running lab, its formats, and what it answers to a wrong one.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
work=$(mktemp -d) || exit 1
lab=graph-$$
trap '"$LABCTL" down "$lab" >/dev/null 2>&1; rm -rf "$work"' EXIT
failures=0
check() { # NAME STATUS: the status of what was tried
    if [ "$2" -eq 0 ]; then
        echo "ok $1"
    else
        echo "not ok $1"
        failures=$((failures + 1))
        cat "$work/out" "$work/err"
    fi
}
graph() { "$LABCTL" graph "$@" >"$work/out" 2>"$work/err"; }

graph tests/report/graph/shop.yaml && cmp -s "$work/out" tests/report/graph/shop.ascii
check "text for a terminal without further ado" $?
for format in ascii dot mermaid json svg html; do
    graph tests/report/graph/shop.yaml --as "$format" && cmp -s "$work/out" "tests/report/graph/shop.$format"
    check "--as $format" $?
    graph --format "$format" tests/report/graph/shop.yaml && cmp -s "$work/out" "tests/report/graph/shop.$format"
    check "--format $format is the same" $?
done
graph -t tests/report/graph/shop.yaml && cmp -s "$work/out" tests/report/graph/shop.ascii &&
    graph --as dot --topo tests/report/graph/shop.yaml && cmp -s "$work/out" tests/report/graph/shop.dot
check "the file in containerlab's way" $?
graph -t tests/report/graph/shop.yaml tests/report/graph/shop.yaml
[ $? -eq 2 ] && grep -q "'graph' takes one file" "$work/err"
check "two files are one too many" $?
graph topologies/home-lan.yaml --as asci
[ $? -eq 2 ] && grep -q "'asci' is none of ascii, dot, mermaid, json, svg, html; did you mean 'ascii'?" "$work/err"
check "an unknown format" $?
graph "$work/nosuch.yaml"
[ $? -eq 2 ] && grep -q 'No such file' "$work/err"
check "a file that is not there" $?
printf 'lab: x\nnodes:\n  a: { brigde: lan }\n' >"$work/bad.yaml"
graph "$work/bad.yaml"
[ $? -eq 2 ] && grep -q "bad.yaml:3:" "$work/err" && [ ! -s "$work/out" ]
check "a bad file is not drawn" $?

"$LABCTL" up tests/report/graph/many.yaml --name "$lab" >"$work/out" 2>"$work/err"
check "a lab runs" $?
graph --lab "$lab" && sed 's/^[a-z0-9-]*: /many: /' "$work/out" | cmp -s - tests/report/graph/many.ascii
check "the running lab looks like its file" $?
graph --lab "$lab" --as dot && grep -q '"node/anna" -- "bridge/odd"' "$work/out"
check "the running lab as dot" $?
"$LABCTL" down "$lab" >"$work/out" 2>"$work/err"
graph --lab "$lab"
[ $? -eq 4 ]
check "a lab that is gone" $?
[ "$failures" -eq 0 ]
