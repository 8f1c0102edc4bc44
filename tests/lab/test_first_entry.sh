#!/bin/bash
# What a node is given when somebody first enters it is there for the first as for all others, once, and stays as whoever
# entered left it.
# shellcheck disable=SC2154 # what the sourced file sets
. "$(dirname "$0")/../cli/host.bash"
cat >"$work/lab.yaml" <<'YAML'
lab: entry
bridges: { lan: {} }
nodes:
  a: { bridge: lan, address: 10.1.0.1/24 }
  b: { bridge: lan, address: 10.1.0.2/24, services: { echo: { kind: tcp-echo, port: 7 } } }
YAML
mounts='grep -c "^sysfs /sys \|^devpts /dev/pts " /proc/self/mounts'
run "$LABCTL" up "$work/lab.yaml"
check "a lab comes up" $?
for i in 1 2 3 4 5 6; do
    "$LABCTL" exec a -- sh -c "$mounts" >"$work/entry.$i" 2>&1 &
done
wait
[ "$(sort -u "$work"/entry.*)" = 3 ]
check "six who enter at once find /sys and /dev/pts, once each" $?
[ "$("$LABCTL" exec b -- sh -c "$mounts")" = 3 ]
check "who enters after a service finds the same" $?
[ "$("$LABCTL" exec a -- sh -c 'cd /sys/class/net && echo */')" = "eth0/ lo/" ] # a file there is the bonding module's
check "/sys is that of the node" $?
"$LABCTL" exec a -- umount /dev/pts
[ "$("$LABCTL" exec a -- sh -c "$mounts")" = 2 ]
check "what was unmounted stays so" $?
anew() { [ "$("$LABCTL" exec a -- sh -c "$mounts" 2>/dev/null)" = 3 ]; }
for init in $(node_inits); do kill -KILL "$init"; done
until_true 10 anew
check "a node that was made anew has both again" $?
run "$LABCTL" down entry
check "it is gone" $?
