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
mkdir "$work/other" "$work/other/scenarios"
echo "scenario: broken" >"$work/other/scenarios/broken.yaml"
expect "a broken scenario is left out and named" 0 'scenarios/broken.yaml is left out: .*missing-key' \
    bash -c 'cd "$1" && "$0" exercises' "$LABCTL" "$work/other"

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
cd "$root" || exit 1
[ "$failures" -eq 0 ]
