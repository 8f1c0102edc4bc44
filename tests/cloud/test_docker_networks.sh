#!/bin/bash
# Docker-like networks: published ports, isolation, names, several networks, changes of a running lab; and that the
# second opinion says of every pair what packets say.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'YAML'
lab: docker
networks:
  front: { cidr: 172.18.0.0/24 }
  back: { cidr: 172.19.0.0/24, internal: true }
  other: { cidr: 172.20.0.0/24 }
nodes:
  docker:
    internet: 203.0.113.10
    publish: ["8080:web:80", "127.0.0.1:9000:api:80", "203.0.113.10:5353:echo:53/udp", "8081:far:80"]
  web: { network: front, address: 172.18.0.10, services: { http: { body: "web\n" } } }
  api:
    interfaces: { eth0: { network: front, address: 172.18.0.11 }, eth1: { network: back, address: 172.19.0.11 } }
    services: { http: { body: "api\n" } }
  db: { network: back, address: 172.19.0.12, services: { http: { body: "db\n" } } }
  far: { network: other, address: 172.20.0.13, services: { http: { body: "far\n" } } }
  echo: { network: other, address: 172.20.0.14, services: { dns: { kind: udp-echo, port: 53 } } }
  ns: { network: front, address: 172.18.0.53, services: { dns: { zones: { lab.test: { www: 192.0.2.9 } } } } }
  client: { internet: 198.51.100.7, services: { http: { body: "client\n" } } }
YAML
labctl() { "$LABCTL" --lab "$lab" "$@"; }
page() { # NODE URL
    on "$1" curl -s --noproxy '*' --max-time 2 "$2"
}

shows "inspect names the host" '^network front: 172.18.0.0/24, host docker$' labctl inspect
shows "and what it publishes" '^  port 127.0.0.1:9000/tcp leads to api:80$' labctl inspect

# ---- published ports
shows "a published port" '^web$' page client http://203.0.113.10:8080/
shows "of a second network" '^far$' page client http://203.0.113.10:8081/
shows "UDP" reachable labctl explain client 203.0.113.10:5353/udp
holds "UDP by packets" labctl probe udp client 203.0.113.10:5353 payload=hello expect=answered
meets "at 127.0.0.1 only" refused client 203.0.113.10 9000
shows "the host's own programs by 127.0.0.1" '^api$' page docker http://127.0.0.1:9000/
shows "the host's own programs by its address" '^web$' page docker http://203.0.113.10:8080/
shows "a container by the host's address, to itself" '^web$' page web http://203.0.113.10:8080/
shows "a container of another network by the host's address" '^web$' page far http://203.0.113.10:8080/
fails "a packet for a container from outside" on client sh -c \
    'ip route add 172.18.0.0/24 via 203.0.113.10 onlink dev eth0 && curl -s --max-time 1 http://172.18.0.10/'

# ---- isolation
shows "in one network" '^api$' page web http://172.18.0.11/
meets "from one network to another" silent web 172.20.0.13 80
meets "into an internal network" silent web 172.19.0.12 80
shows "in two networks" '^db$' page api http://172.19.0.12/
shows "the host reaches a member" '^db$' page docker http://172.19.0.12/
shows "outward, as the host" '^client$' page web http://198.51.100.7/
listen 5 client -c 1 'tcp port 80 and tcp[tcpflags] & tcp-syn != 0'
page web http://198.51.100.7/ >/dev/null
heard
shows "and seen as the host" 'IP 203\.0\.113\.10\.[0-9]+ > 198' cat "$work/heard"
fails "an internal network has no way out" on db sh -c \
    'ip route add default via 172.19.0.1 && curl -s --max-time 1 http://198.51.100.7/'
on db ip route del default

# ---- names
shows "the name service" '^nameserver 127.0.0.11$' on web cat /etc/resolv.conf
shows "a member's name" '^172.18.0.11 ' on web getent hosts api
fails "not of another network" on web getent hosts db
fails "nor the host's" on web getent hosts docker
shows "a node in two networks knows both" '^172.19.0.12 ' on api getent hosts db
shows "addresses backwards" 'web' on api getent hosts 172.18.0.10

holds "over TCP too" labctl probe dns web api server=127.0.0.11 transport=tcp
holds "beside a name server of the node's own" labctl probe dns web www.lab.test server=172.18.0.53
shows "which has its name service too" '^172.18.0.10 ' on ns getent hosts web

# ---- the second opinion
for port in 80 9; do
    # Late answers of the kernel's own (no neighbour) are not among these.
    "$LABCTL" --lab "$lab" explain --all --tcp $port | grep -vE 'ordered pairs' >"$work/said"
    "$LABCTL" --lab "$lab" matrix --tcp $port | grep -vE 'ordered pairs' >"$work/seen"
    diff "$work/said" "$work/seen" >"$work/out"
    report "explain says what packets say, port $port" $?
done

# ---- changes
labctl apply --dry-run "$work/lab.yaml" >"$work/out" 2>&1
grep -q '^0 operations\|nothing' "$work/out"
report "nothing differs" $?
holds "publish one more" labctl set node/docker/publish '["8080:web:80", "80:far:80", "8081:far:80", "53:echo:53/udp"]'
shows "it is there" '^far$' page client http://203.0.113.10/
meets "and one is gone" refused client 203.0.113.10 9000
sed -i 's/^  echo: .*/  echo: { network: front, services: { http: { body: "moved\\n" } } }/; s/, "203.0.113.10:5353:echo:53.udp"//' "$work/lab.yaml"
holds "a container in another network" labctl apply "$work/lab.yaml"
shows "is found by name there" '^moved$' page web http://echo/
labctl dump >"$work/dump.yaml"
holds "what dump writes is valid" "$LABCTL" validate "$work/dump.yaml"
