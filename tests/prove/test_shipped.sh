#!/bin/bash
# long
# once
# Every scenario that is shipped is proved, each with at least two wrong fixes; what it draws by a seed, over three seeds.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
# A network of its own: no exercise of somebody else stands in the way.
host=(unshare --net)
if [ "$(id -u)" -ne 0 ]; then host=(unshare --user --map-current-user --keep-caps --net); fi
"${host[@]}" true 2>/dev/null || host=()
failures=0
say() { # STATUS NAME: what was printed, where it failed
    if [ "$1" -eq 0 ]; then
        echo "ok $2"
    else
        echo "not ok $2"
        failures=$((failures + 1))
        sed 's/^/    /' "$scratch/part" "$scratch/err"
    fi
}
mapfile -t drawn < <(grep -lE '^ *(draw|vars):|draw: *\{' scenarios/*.yaml)
mapfile -t fixed < <(grep -LE '^ *(draw|vars):|draw: *\{' scenarios/*.yaml)
"${host[@]}" "$LABCTL" prove "${fixed[@]}" --certificate "$scratch/certificate.json" >"$scratch/out" 2>"$scratch/err"
status=$?
for file in "${fixed[@]}"; do
    name=${file##*/}
    name=${name%.yaml}
    # Its part of the output: from its heading to the next one.
    sed -n "/^$name\$/,/^  [a-z ]*\$/p" "$scratch/out" >"$scratch/part"
    tail -n 1 "$scratch/part" | grep -qx '  proved'
    say $? "$name is proved"
    [ "$(grep -c '^  ok      wrong fix ' "$scratch/part")" -ge 2 ]
    say $? "$name has two wrong fixes"
done
[ $status -eq 0 ] && grep -q '^  "proved": true' "$scratch/certificate.json"
say $? "the certificate says so"
for file in "${drawn[@]}"; do
    name=${file##*/}
    name=${name%.yaml}
    "${host[@]}" "$LABCTL" prove "$file" --seeds 3 >"$scratch/part" 2>"$scratch/err" &&
        grep -qx "$name: proved 3 of 3 times" "$scratch/part" && [ "$(grep -cx '  proved' "$scratch/part")" -eq 3 ]
    say $? "$name is proved over three seeds"
    [ "$(grep -c '^  ok      wrong fix ' "$scratch/part")" -ge 6 ]
    say $? "$name has two wrong fixes"
done
[ ${#fixed[@]} -ge 11 ] && [ ${#drawn[@]} -ge 1 ] && [[ " ${drawn[*]} " == *" scenarios/exit-test.yaml "* ]]
say $? "at least twelve, and the exit test draws"
exit $((failures > 0))
