#!/bin/bash
# The embedded services, in a network namespace of their own: what they answer, how they end, what `ps` shows.
set -u
serve=$(dirname "${LABCTL:?}")/labctl-serve
if [ -z "${INSIDE:-}" ]; then
    unshare -Urn true 2>/dev/null || { echo "skip serve: no user namespaces here"; exit 0; }
    exec unshare -Urn env INSIDE=1 "$0"
fi
ip link set lo up
work=$(mktemp -d) || exit 1
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
failures=0
say() { # CONDITION NAME
    if [ "$1" = 0 ]; then echo "ok $2"; else echo "not ok $2"; failures=$((failures + 1)); fi
}
same() { # NAME WANTED GOT
    [ "$2" = "$3" ]; say $? "$1"
    [ "$2" = "$3" ] || printf '  wanted: %q\n  got:    %q\n' "$2" "$3"
}
# start NAME CONFIGURATION: runs the daemon and waits until its port answers
start() {
    printf '%b' "$2" >"$work/$1.conf"
    (exec -a "$1" "$serve" -f /dev/stdin <"$work/$1.conf" 2>"$work/$1.log") &
    pids+=($!)
    last=$!
}
listens() { # tcp|udp PORT, within 5 s
    local i
    for ((i = 0; i < 500; i++)); do
        ss -Hln"${1:0:1}" "sport = :$2" | grep -q . && return 0
        read -rt 0.01 <> <(:)
    done
    return 1
}

start httpd 'port 80\nstatus 201\nbody "hello \\"web\\"\\n"\nroute "/gone" 410 "no\\n"\nroute "/page" 200 "<p>hi"\n'
web=$last
listens tcp 80; say $? "httpd listens"
same "httpd body" 'hello "web"' "$(curl -s http://127.0.0.1/)"
same "httpd status" 201 "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/any)"
same "httpd route" "410 no" "$(curl -s -w ' ' -o "$work/body" -w '%{http_code} ' http://127.0.0.1/gone; cat "$work/body")"
same "httpd over IPv6" 201 "$(curl -s -o /dev/null -w '%{http_code}' 'http://[::1]/')"
same "httpd takes a body" 201 "$(head -c 300000 /dev/zero | curl -s -o /dev/null -w '%{http_code}' --data-binary @- http://127.0.0.1/)"
same "httpd HEAD" 0 "$(curl -sI -o /dev/null -w '%{size_download}' http://127.0.0.1/)"
same "httpd content type" "text/html; charset=utf-8" "$(curl -s -o /dev/null -w '%{content_type}' http://127.0.0.1/page)"
grep -q '^127.0.0.1 "GET /gone" 410$' "$work/httpd.log"; say $? "httpd logs requests to stderr"
same "ps shows an ordinary command line" "httpd -f /dev/stdin" "$(tr '\0' ' ' <"/proc/$web/cmdline" | sed 's/ $//')"

start httpd 'port 8080\nbind 127.0.0.1\ndelay 300\nbody "late"\n'
listens tcp 8080
from=$(date +%s%N)
curl -sZ --parallel-immediate --parallel-max 20 'http://127.0.0.1:8080/[1-20]' >"$work/late" # one after the other: 6 s
took=$((($(date +%s%N) - from) / 1000000))
[ "$took" -ge 300 ] && [ "$took" -lt 5000 ]; say $? "delayed answers do not wait for one another ($took ms)"
ss -Hlnt 'sport = :8080' | grep -q '127.0.0.1:8080'; say $? "bind is kept"

start httpd 'port 8081\nbind 127.0.0.1\ntruncate 5\nbody "whole body"\nroute "/short" 200 "tiny"\n'
listens tcp 8081
same "a truncated body ends early, and says that it should not" "whole 18 10" \
    "$(curl -s -D "$work/head" http://127.0.0.1:8081/; echo " $? $(tr -d '\r' <"$work/head" | sed -n 's/^Content-Length: //p')")"
same "a shorter one is whole" "tiny 0" "$(curl -s http://127.0.0.1:8081/short; echo " $?")"

start tcpd 'port 22\nbanner "SSH-2.0-lab\\r\\n"\n'
listens tcp 22
exec 5<>/dev/tcp/127.0.0.1/22
read -rt 5 -u 5 banner
same "tcpd greets" $'SSH-2.0-lab\r' "$banner"
echo "is anybody there" >&5
read -rt 0.2 -u 5 answer
same "tcpd says nothing more" "" "${answer:-}"
exec 5>&-

start echod 'port 7\nprotocol tcp\n'
listens tcp 7
head -c 3000000 /dev/urandom >"$work/sent"
timeout 10 nc -N 127.0.0.1 7 <"$work/sent" >"$work/got"
cmp -s "$work/sent" "$work/got"; say $? "tcp echo returns 3 MB and closes"

start echod 'port 9\nprotocol udp\n'
udp=$last
listens udp 9
ip addr add 10.9.9.9/32 dev lo
for to in 127.0.0.1 10.9.9.9 ::1; do
    same "udp echo answers from $to, which was asked" ping "$(printf ping | timeout 5 nc -u -W 1 "$to" 9)"
done

kill -TERM "$web"; wait "$web"; same "httpd ends with 0 at SIGTERM" 0 $?
kill -TERM "$udp"; wait "$udp"; same "echod ends with 0 at SIGTERM" 0 $?

refuses() { # NAME CONFIGURATION MESSAGE
    same "$1" "$3" "$(printf '%b' "$2" | (exec -a httpd "$serve" -f /dev/stdin) 2>&1)"
}
refuses "an unknown key" 'port 80\nbodi "x"\n' "httpd: /dev/stdin: line 2: unknown key 'bodi'"
refuses "a text without end" 'port 80\nbody "x\n' "httpd: /dev/stdin: line 2: 'body' wants a text in double quotes"
refuses "no port" 'body "x"\n' "httpd: /dev/stdin: no port is given"
refuses "a port that is taken" 'port 22\n' "httpd: listen on every address port 22: Address already in use"
if ! grep -q __asan_init "$serve"; then # a sanitizer's build keeps its symbols
    same "it lies in every node, and does not tell whose it is or where it was built" 0 "$(grep -caE "labctl|$PWD" "$serve")"
fi
exit $((failures > 0))
