#!/bin/bash
# long
# once
# Every scenario that is shipped is proved, each with at least two wrong fixes; what it draws, over three seeds.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${LABCTL:=$PWD/build/labctl}"
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
# A network of its own: no exercise of somebody else stands in the way.
host=(unshare --net)
if [ "$(id -u)" -ne 0 ]; then host=(unshare --user --map-current-user --keep-caps --net); fi
"${host[@]}" true 2>/dev/null || host=()
"${host[@]}" "$LABCTL" prove scenarios/*.yaml --certificate "$scratch/certificate.json" >"$scratch/out" 2>"$scratch/err"
status=$?
failures=0
say() { # RESULT NAME
    echo "$1 $2"
    [ "$1" = ok ] || failures=$((failures + 1))
}
for file in scenarios/*.yaml; do
    name=${file##*/}
    name=${name%.yaml}
    # Its part of the output: from its heading to the next one.
    sed -n "/^$name\$/,/^  [a-z ]*\$/p" "$scratch/out" >"$scratch/part"
    if tail -n 1 "$scratch/part" | grep -qx '  proved'; then
        say ok "$name is proved"
    else
        say "not ok" "$name is proved"
        sed 's/^/    /' "$scratch/part" "$scratch/err"
    fi
    [ "$(grep -c '^  ok      wrong fix ' "$scratch/part")" -ge 2 ] && say ok "$name has two wrong fixes" || say "not ok" "$name has two wrong fixes"
done
# What is drawn by seed is proved over several.
for file in $(grep -lE '^ *(draw|vars):|draw: *\{' scenarios/*.yaml); do
    name=${file##*/}
    name=${name%.yaml}
    if "${host[@]}" "$LABCTL" prove "$file" --seeds 3 >"$scratch/part" 2>"$scratch/err" && grep -qx "$name: proved 3 of 3 times" "$scratch/part"; then
        say ok "$name is proved over three seeds"
    else
        say "not ok" "$name is proved over three seeds"
        sed 's/^/    /' "$scratch/part" "$scratch/err"
    fi
done
[ $status -eq 0 ] && grep -q '^  "proved": true' "$scratch/certificate.json" && say ok "the certificate says so" || say "not ok" "the certificate says so"
# What is drawn by a seed is proved over several.
"${host[@]}" "$LABCTL" prove --seeds 3 scenarios/exit-test.yaml >"$scratch/out" 2>"$scratch/err"
[ $? -eq 0 ] && [ "$(grep -cx '  proved' "$scratch/out")" -eq 3 ] && say ok "the exit test is proved over three seeds" || {
    say "not ok" "the exit test is proved over three seeds"
    sed 's/^/    /' "$scratch/out" "$scratch/err"
}
exit $((failures > 0))
