#!/bin/bash
# Every kind of fault of the registry has a row in some test that puts it into a running lab: a kind that nobody has tried
# is none.
cd "$(dirname "$0")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
failures=0
mapfile -t kinds < <("$LABCTL" --format json fault list | sed -n 's/^ *"name": "\(.*\)",*$/\1/p')
mapfile -t tried < <(sed -n 's/^ *"\([a-z0-9-]*\)|[^|]*|[^|]*|.*"$/\1/p' tests/fault/test_live*.sh | sort -u)
known=" ${kinds[*]} " rows=" ${tried[*]} "
for kind in "${kinds[@]}"; do
    [[ $rows == *" $kind "* ]] || { echo "not ok $kind is tried in a running lab"; failures=$((failures + 1)); }
done
for kind in "${tried[@]}"; do
    [[ $known == *" $kind "* ]] || { echo "not ok $kind, which a row tries, is a kind of fault"; failures=$((failures + 1)); }
done
[ ${#kinds[@]} -gt 70 ] && [ $failures -eq 0 ] && echo "ok all ${#kinds[@]} kinds are tried in a running lab"
exit $((failures > 0))
