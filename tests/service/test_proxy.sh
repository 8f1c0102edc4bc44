#!/bin/bash
# waits
# as user
# A proxy before web servers: routes, weights, health, cookies, limits, TLS; its file is repaired in the node.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/../cloud/lab.sh"

until_shows() { # NAME PATTERN COMMAND...: within some seconds
    local name=$1 pattern=$2 until=$((SECONDS + 30))
    shift 2
    until "$@" 2>&1 | grep -Eq -- "$pattern"; do
        [ $SECONDS -lt $until ] || break
    done
    shows "$name" "$pattern" "$@"
}

up <topologies/load-balancers.yaml
get() { on client curl -sS "$@"; }
each() { # COUNT ARGUMENTS...: who answers so many requests
    local count=$1
    shift
    on client sh -c 'n=$1; shift; for i in $(seq "$n"); do curl -sS "$@"; done' sh "$count" "$@" | sort | uniq -c
}
shows "one after the other is asked" '3 web-3' each 9 https://shop.test/
shows "a route leads elsewhere" '^api$' get https://shop.test/api/x
shows "a path is one of whole parts" '^web' get https://shop.test/apix
shows "a host is one of a name" '^api$' get https://api.shop.test/
shows "weights are shares" '8 web-1' each 10 https://shop.test/new
shows "who has a cookie stays" '6 web-1' each 6 -b SERVER=web-1 https://shop.test/cart
shows "the same address gets the same server" '6 web' each 6 http://shop.test:9003/
shows "HTTP becomes HTTPS" '^location: https://shop.test/q' get -i http://shop.test/q
shows "the edge speaks HTTP/2" '^HTTP/2 200' get -i https://shop.test/
shows "who asks too often is told so" '^HTTP/2 429' on client sh -c \
    'for i in 1 2 3 4 5 6 7 8; do curl -sSi https://api.shop.test/; done'
shows "and when to come again" '^retry-after: 10' get -i https://api.shop.test/
shows "others are not concerned" '^HTTP/2 200' on rival curl -sSi https://api.shop.test/
shows "the kernel sends each flow to the next" '5 web-2' each 10 http://shop.test:7001/
shows "or one client to one server" '6 web' each 6 http://shop.test:7002/
shows "by shares" '8 web-1' each 10 http://shop.test:7003/
on web-1 ip link set eth0 down
until_shows "who does not answer is not asked" '3 web-3' each 6 https://shop.test/
until_shows "the spare one steps in" '^web-3$' get http://shop.test:9004/
on web-1 ip link set eth0 up
until_shows "who lives again is asked again" 'web-1' each 6 https://shop.test/
holds "the configuration stands where an administrator looks" on edge haproxy -c -f /etc/haproxy/haproxy-edge.cfg
on edge sed -i 's/10.50.0.20:8000/10.50.0.13:8000/' /etc/haproxy/haproxy-edge.cfg
on edge pkill -f haproxy-edge.cfg
until_shows "and counts when the server has come back" '^web-3$' get https://shop.test/api/x
shows "requests are in the service's log" 'GET https://shop.test/api/x' "$LABCTL" --lab "$lab" logs edge edge
"$LABCTL" --lab "$lab" dump >"$work/dump.yaml"
shows "a dump of it is the same lab" '^nothing changed' "$LABCTL" --lab "$lab" apply "$work/dump.yaml"
