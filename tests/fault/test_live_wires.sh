#!/bin/bash
# long
# as user
# What a wire does to packets, made worse in a running lab: it shows, tells nothing of itself, and is taken out exactly.
# shellcheck disable=SC2034,SC2154 # what the sourced files use and set
. "$(dirname "$0")/../cli/host.bash"
KILLS=${KILLS:-2}
cat >"$work/lab.yaml" <<'YAML'
lab: live
nodes:
  client: { link: wire, address: 10.3.0.1/30 }
  server: { link: wire, address: 10.3.0.2/30 }
checks:
  - { id: loss, from: client, ping: { to: server, count: 40, loss_below: 1% } }
  - { id: late, from: client, ping: { to: server, count: 10, rtt_below: 45ms } }
  - { id: steady, from: client, ping: { to: server, count: 20, jitter_below: 30ms } }
YAML
nodes=(client server)

# KIND|SYMPTOM|WHERE|PARAMETERS
rows=(
    "loss|loss|node/server/eth0|loss=40%"
    "loss|loss|link/wire|loss=40%"
    "burst-loss|loss|node/server/eth0|loss=40% loss_burst=4"
    "delay|late|node/server/eth0|delay=60ms"
    "delay|late|node/client/eth0|delay=60ms direction=out"
    "jitter|steady|node/server/eth0|jitter=200ms"
    "corruption|loss|node/server/eth0|corrupt=60%"
    "reordering|late|node/server/eth0|reorder=10% delay=80ms"
    "rate-limit|late|node/server/eth0|rate=16kbit"
    "link-flapping|comes_and_goes|node/server/eth0|period=800ms down=400ms"
    "duplicate|doubles|link/wire|duplicate=40%"
)

# Over three rounds and more: two at least in which a fifth of a second or more is missing, and all before and after is there.
comes_and_goes() {
    in_node client ping -i 0.05 -c 64 -W 0.2 10.3.0.2 | sed -n 's/.*icmp_seq=\([0-9]*\) .*/\1/p' |
        awk '{ if ($1 - last > 4) gaps++; else if (last) whole++; last = $1 }
             END { print gaps + 0, whole + 0; exit !(gaps >= 2 && whole >= 10) }'
}
doubles() { in_node client ping -q -c 60 -i 0.01 -W 1 10.3.0.2 | grep -E '[1-9][0-9]* duplicates'; }

. "$(dirname "$0")/live.bash"
try_all
