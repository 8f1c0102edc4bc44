#!/bin/bash
# What a machine lacks is said with its remedy, exit status 3, and nothing is built.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
lab=lacking-$$
printf 'lab: %s\nbridges: {lan: {}}\nnodes:\n  a: {interfaces: {eth0: {bridge: lan, addresses: [10.0.0.1/24]}}}\n' "$lab" >"$work/lab.yaml"

# expect NAME TEXT SETUP: runs `up` where SETUP (a shell command in new namespaces) has taken something away
expect() {
    local name=$1 text=$2 setup=$3 status output
    output=$(unshare -Urmn bash -c "$setup"' && exec "$0" up "$1"' "$LABCTL" "$work/lab.yaml" 2>&1)
    status=$?
    if [ $status -eq 3 ] && [[ $output == *"$text"* ]]; then
        echo "ok lacking-$name"
    else
        echo "not ok lacking-$name: status $status: $output"
    fi
}

if ! unshare -Urmn true; then
    echo "skip lacking: no user namespaces here to take something away in"
    exit 0
fi
# The control: in the same namespaces, with nothing taken away, a lab can be built.
if output=$(unshare -Urmn bash -c '"$0" up "$1" && "$0" exec --lab "$2" a -- hostname && "$0" down "$2"' \
        "$LABCTL" "$work/lab.yaml" "$lab" 2>&1); then
    echo "ok lacking-nothing"
else
    echo "not ok lacking-nothing: $output"
fi
expect user-namespaces "user namespaces are switched off (user.max_user_namespaces = 0)" \
    'echo 0 >/proc/sys/user/max_user_namespaces'
expect pid-namespaces "no more namespaces for this user: one of the limits user.max_*_namespaces is reached" \
    'echo 0 >/proc/sys/user/max_pid_namespaces'
expect masked-proc "a new /proc cannot be mounted (Operation not permitted): in a container, parts of it are masked" \
    'mount -t tmpfs none /proc/bus'
expect masked-sys "a new /sys cannot be mounted (Operation not permitted)" 'mount -t tmpfs none /sys/kernel'
