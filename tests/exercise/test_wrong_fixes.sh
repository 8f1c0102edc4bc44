#!/bin/bash
# once
# Every wrong fix of every shipped scenario stays below the pass mark, or is caught by what it names.
# shellcheck disable=SC2154 # what the sourced file sets
set -u
. "$(dirname "$0")/steps.sh"
cd "$root" || exit 1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
export XDG_STATE_HOME=$scratch/state

red() { # REPORT ID: is this task or guard red?
    "$LABCTL" report "$1" --as json | awk -v id="\"$2\"" '
        /^    {/ { hit = 0 }
        /^      "id":/ { hit = ($2 == id ",") }
        hit && /^      "(done|verdict)": (false|"fail")/ { found = 1 }
        END { exit !found }'
}

wrong() { # FILE FIX
    local file=$1 fix=$2 name=${1##*/} id
    name=${name%.yaml}
    lab=w-$fix-$$
    lab=${lab:0:32}
    log=$scratch/$name.$fix.log
    labctl start "$file" >"$log" 2>&1 && wrong_fix_steps "$file" "$fix" | run_steps >>"$log" 2>&1 || {
        say "not ok" "$name: $fix can be tried" "$log"
        return
    }
    labctl submit >"$log" 2>&1
    [ $? = 1 ] && say ok "$name: $fix does not pass" || say "not ok" "$name: $fix does not pass" "$log"
    directory=$(grep -l . "$XDG_STATE_HOME"/labctl/exercises/*/report.json | head -n 1)
    for id in $(caught_by "$file" "$fix"); do
        red "$(basename "$(dirname "$directory")")" "$id" && say ok "$name: $id catches $fix" || say "not ok" "$name: $id catches $fix" "$log"
    done
}

for file in scenarios/{lossy-uplink,asymmetric-return,broken-dns,closed-security-group}.yaml; do
    for fix in $(wrong_fix_ids "$file"); do
        XDG_STATE_HOME=$scratch/$fix wrong "$file" "$fix" >"$scratch/${file##*/}.$fix.out" 2>&1 &
        while [ "$(jobs -rp | wc -l)" -ge 4 ]; do wait -n; done
    done
done
wait
cat "$scratch"/*.out
! grep -q '^not ok' "$scratch"/*.out
