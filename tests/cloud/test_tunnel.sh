#!/bin/bash
# The shipped topology "tunnel": what an outbound connection publishes is reached while that stands, is gone with it, and
# comes back with it; the network at home has no way in at any time.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

for program in dropbear ssh; do
    if ! PATH=$PATH:/usr/sbin command -v $program >/dev/null; then
        echo "skip the tunnel: $program is not installed"
        exit 0
    fi
done
"$LABCTL" up topologies/tunnel.yaml --name "$lab" >"$work/out" 2>&1
report "the lab comes up" $?
page() { on visitor curl -s --noproxy '*' --max-time 2 http://203.0.113.22/; }
until_page() { # NAME: within 30 seconds
    local end=$((SECONDS + 30))
    until page | grep -q '^hello from home$' || [ $SECONDS -ge $end ]; do :; done
    shows "$1" '^hello from home$' page
}
until_page "a visitor gets the page from home"
holds "the shipped checks" "$LABCTL" --lab "$lab" check
exec {ready}< <(on web timeout 5 tcpdump -n -l -i eth0 -c 1 'tcp port 80 and tcp[tcpflags] & tcp-syn != 0' 2>&1 >"$work/heard")
while read -r -t 10 -u "$ready" line; do
    if [[ $line == *listening* ]]; then break; fi
done
page >/dev/null
while read -r -t 10 -u "$ready" line; do :; done
shows "the web server's visitor is the agent" '192\.168\.1\.30\.[0-9]+ > 192' cat "$work/heard"
fails "the router lets nothing in" on visitor sh -c \
    'ip route add 192.168.1.0/24 via 198.51.100.40 onlink dev eth0 && curl -s --max-time 1 http://192.168.1.20/'
on agent pkill -STOP -x ssh
fails "a tunnel that stands still carries nothing" page
on agent pkill -CONT -x ssh
until_page "and goes on"
on agent pkill -KILL -x ssh
until_page "a tunnel that broke is built again"
on relay pkill -KILL -x dropbear
until_page "so is one whose relay began anew"
