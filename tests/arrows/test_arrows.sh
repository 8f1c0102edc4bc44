#!/bin/bash
# once
# Holds every #include of labctl/ to the arrows of rooms.mk, and system headers to the only rooms that may have them.
set -u
cd "$(dirname "$0")/../.." || exit 1
failures=0
say() { # RESULT NAME
    echo "$1 $2"
    [ "$1" = ok ] || failures=$((failures + 1))
}

# check_arrows ROOT: prints each include that goes where it must not; a room may include itself and what rooms.mk says
check_arrows() {
    grep -rnoE '#include "[a-z]+/[a-z_/]+\.h"' "$1" --include='*.[ch]' | sed -E 's/:[0-9]+:#include "([a-z]+)\/.*/ \1/' | sort -u |
        awk -v root="$1/" '
            NR == FNR { if (sub(/^ROOM_/, "")) { room = $1; for (i = 3; i <= NF; i++) may[room " " $i] = 1 } next }
            {
                room = substr($1, length(root) + 1)
                if (!sub(/\/.*/, "", room)) room = "cmd" # main.c belongs to cmd
                if (room != $2 && !((room " " $2) in may)) print $1 " includes room " $2
            }' rooms.mk -
}

# check_system ROOT: prints each system header outside the rooms that may have it
check_system() {
    local pattern rooms file room
    while read -r pattern rooms; do
        grep -rlE "#include <$pattern" "$1" --include='*.[ch]' | while read -r file; do
            room=${file#"$1"/}
            room=${room%%/*}
            [[ " $rooms " == *" $room "* ]] || echo "$file includes <$pattern>"
        done
    done <<'TABLE'
yaml\.h doc
netlink/ kernel
nftables/ kernel
linux/rtnetlink\.h kernel lab
linux/netlink\.h kernel lab probe
sched\.h kernel keeper lab relay
curl/ probe
ldns/ probe
openssl/ probe seal authority
microhttpd\.h serve
iperf_api\.h probe serve
jansson\.h probe lab director exercise report cmd
TABLE
}

# Relative and bare includes would escape the check: every own header is included by its room.
bare=$(grep -rnE '#include "[^/"]*"|#include "\.\.' labctl --include='*.[ch]')
if [ -z "$bare" ]; then say ok "own headers are included by room"; else say "not ok" "own headers are included by room"; echo "$bare"; fi

count=$(grep -rhoE '#include "[a-z]+/' labctl --include='*.[ch]' | wc -l)
if [ "$count" -gt 100 ]; then say ok "the check sees the includes ($count)"; else say "not ok" "the check sees the includes ($count)"; fi

wrong=$(check_arrows labctl)
if [ -z "$wrong" ]; then say ok "no arrow but those of rooms.mk"; else say "not ok" "no arrow but those of rooms.mk"; echo "$wrong"; fi

wrong=$(check_system labctl)
if [ -z "$wrong" ]; then say ok "libraries stay in their rooms"; else say "not ok" "libraries stay in their rooms"; echo "$wrong"; fi

# The check itself must be able to fail.
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/score" "$scratch/lower" "$scratch/model"
echo '#include "lab/lab.h"' >"$scratch/score/bad.c"
echo '#include <netlink/netlink.h>' >"$scratch/lower/bad.c"
echo '#include "cmd/common/client.h"' >"$scratch/model/bad.c"
if [ "$(check_arrows "$scratch" | wc -l)" -eq 2 ] && [ -n "$(check_system "$scratch")" ]; then
    say ok "a forbidden arrow is found"
else
    say "not ok" "a forbidden arrow is found"
fi

for room in $(find labctl -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort); do
    grep -q "^| .*\`$room/\`" CONTRIBUTING.md || { say "not ok" "CONTRIBUTING.md tells of room $room"; continue; }
    grep -q "^ROOM_$room " rooms.mk || say "not ok" "rooms.mk knows room $room"
done
say ok "every room is on the map"
exit $((failures > 0))
