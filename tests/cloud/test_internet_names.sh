#!/bin/bash
# The names of the simulated internet: a tree of real name servers that is walked from the root, a public resolver,
# delegations to machines of the lab, and nothing of it where nobody uses it.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END_OF_LAB'
lab: t
internet:
  negative_ttl: 30
  ttl: 120
  zones:
    shop.test:
      "@": { mx: 10 mail, txt: "v=spf1 -all", a: 203.0.113.25 }
      www: visitor
      mail: 203.0.113.25
      blog: { cname: www }
      six: "2001:db8::7"
      _sip._tcp: { srv: 0 5 5060 mail }
      "*.wild": 203.0.113.26
      big: { txt: [0xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, 1xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, 2xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, 3xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, 4xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, 5xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, 6xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, 7xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx] }
      dev: { ns: ns.dev.shop.test }
      ns.dev: ns
    east.shop.test: { host: 203.0.113.27 }
    lab.example:
      "@": { ns: ns1 }
      ns1: ns
nodes:
  visitor: { internet: 203.0.113.200 }
  ns:
    internet: 203.0.113.61
    services:
      dns:
        zones: { dev.shop.test: { api: 203.0.113.98 }, lab.example: { host: 203.0.113.99 } }
        recursion: false
  views:
    internet: 203.0.113.62
    services:
      dns:
        zones: { office.test: { www: 203.0.113.80, vpn: 203.0.113.81 }, all.test: { x: 203.0.113.82 } }
        views: { inside: { from: [203.0.113.200], zones: { office.test: { www: 10.1.1.1, alias: { cname: www } } } } }
        forward: [203.0.113.53]
  home:
    forwarding: true
    interfaces: { lan0: { bridge: lan, address: 192.168.1.1/24 }, wan0: { internet: 203.0.113.63 } }
    nat: { masquerade: [wan0] }
    services: { dns: { zones: { home.test: { laptop: 192.168.1.20 } }, forward: [203.0.113.53] } }
  laptop: { bridge: lan, address: 192.168.1.20/24, gateway: 192.168.1.1, resolver: { servers: [192.168.1.1] } }
bridges: { lan: {} }
END_OF_LAB

ask() { # NODE ARGUMENTS...
    local node=$1
    shift
    on "$node" dig +short +time=3 +tries=2 "$@"
}
full() {
    local node=$1
    shift
    on "$node" dig +time=3 +tries=2 "$@"
}
walks() { # NAME NODE QUESTION...: each of these servers answers in its turn, and the last one with $expected
    local name=$1
    shift
    full "$1" +trace "${@:2}" >"$work/out" 2>&1
    local asked
    asked=$(sed -n 's/^;; Received .* from [^(]*(\([^)]*\)).*/\1/p' "$work/out" | tail -n +2 | tr '\n' ' ')
    [ "$asked" = "$servers " ] && grep -Eq -- "$expected" "$work/out"
    report "$name" $?
}

servers="a.root-servers.net a.gtld-servers.net ns1.shop.test" expected='^mail\.shop\.test\..*A\s+203\.0\.113\.25$'
walks "dig +trace walks from the root to the zone" visitor mail.shop.test
walks "and so it does behind a home router" laptop mail.shop.test
servers="a.root-servers.net a.gtld-servers.net ns1.shop.test ns.dev.shop.test" expected='^api\.dev.*203\.0\.113\.98$'
walks "into a zone that a node of the lab has" visitor api.dev.shop.test
servers="a.root-servers.net a.gtld-servers.net ns1.lab.example" expected='^host\.lab.*203\.0\.113\.99$'
walks "into a zone whose own name server is a node" visitor host.lab.example
servers="a.root-servers.net a.gtld-servers.net ns1.shop.test ns1.east.shop.test" expected='^host\.east.*203\.0\.113\.27$'
walks "a parent refers to its child and does not answer for it" visitor host.east.shop.test
servers="a.root-servers.net a.gtld-servers.net ns1.113.0.203.in-addr.arpa" expected='PTR\s+mail\.shop\.test\.$|PTR\s+shop\.test\.$'
walks "backwards as well" visitor -x 203.0.113.25

shows "a name of a node stands for its public address" '^203\.0\.113\.200$' ask visitor www.shop.test
shows "a CNAME" '^www\.shop\.test\.$' ask visitor blog.shop.test
shows "SRV" '^0 5 5060 mail\.shop\.test\.$' ask visitor SRV _sip._tcp.shop.test
shows "MX" '^10 mail\.shop\.test\.$' ask visitor MX shop.test
shows "TXT" '^"v=spf1 -all"$' ask visitor TXT shop.test
shows "AAAA" '^2001:db8::7$' ask visitor AAAA six.shop.test
shows "a wildcard" '^203\.0\.113\.26$' ask visitor any.wild.shop.test
shows "over TCP" '^203\.0\.113\.25$' ask visitor +tcp mail.shop.test
shows "the zone's server says that it is the authority" 'flags: qr aa;' full visitor +norec @ns1.shop.test mail.shop.test
shows "an answer too large for UDP without EDNS is cut" 'flags:.* tc' full visitor +noedns +ignore TXT big.shop.test
shows "and comes whole over TCP" 'ANSWER: 8,' full visitor +noedns TXT big.shop.test
shows "with the time to live of the zones" '^mail\.shop\.test\.\s+120\s' full visitor +norec @ns1.shop.test mail.shop.test
shows "what nobody is called does not exist" 'status: NXDOMAIN' full visitor nobody.shop.test
shows "and how long that may be kept is told" '^shop\.test\.\s+([12]?[0-9]|30)\s.*SOA.* 30$' full visitor nobody.shop.test
shows "no top-level domain but those in use" 'status: NXDOMAIN' full visitor www.shop.nowhere
shows "the zones' servers answer for nobody else" 'status: REFUSED' full visitor @ns1.shop.test host.lab.example

shows "recursion: false: an authority" 'flags: qr aa rd; ' full visitor @203.0.113.61 host.lab.example
shows "that asks nobody" 'status: REFUSED' full visitor @203.0.113.61 mail.shop.test
shows "views: inside" '^10\.1\.1\.1$' ask visitor @203.0.113.62 alias.office.test
shows "views: inside, what only others have does not exist" 'status: NXDOMAIN' full visitor @203.0.113.62 vpn.office.test
shows "views: the service's other zones are for everybody" '^203\.0\.113\.82$' ask visitor @203.0.113.62 x.all.test
shows "views: outside" '^203\.0\.113\.80$' ask ns @203.0.113.62 www.office.test
shows "views: forwards the rest" '^203\.0\.113\.25$' ask ns @203.0.113.62 mail.shop.test
shows "a home router forwards and knows its own" '^192\.168\.1\.20$' ask laptop laptop.home.test
fails "which is nobody else's" sh -c "$(declare -f on); LABCTL=$LABCTL lab=$lab; on visitor dig +short +time=3 laptop.home.test | grep 192"
holds "who is on the internet asks the public resolver" on visitor grep -qx 'nameserver 203.0.113.53' /etc/resolv.conf

# A changed zone is in force at once.
sed -i 's/mail: 203.0.113.25/mail: 203.0.113.28/' "$work/lab.yaml"
holds "apply changes a zone" "$LABCTL" --lab "$lab" apply "$work/lab.yaml"
shows "which the resolver tells at once" '^203\.0\.113\.28$' ask visitor mail.shop.test

# Faults of a zone.
holds "a zone's server goes down" "$LABCTL" --lab "$lab" fault inject dns-server-down --at internet/zone/shop.test
fails "and does not answer" on visitor dig +time=1 +tries=1 @ns1.shop.test www.shop.test
shows "others do" '^203\.0\.113\.99$' ask visitor host.lab.example
holds "it comes back" "$LABCTL" --lab "$lab" fault clear
shows "and answers" '^203\.0\.113\.200$' ask visitor @ns1.shop.test www.shop.test
"$LABCTL" down "$lab" >/dev/null

up <<'END_OF_LAB'
lab: t
nodes: { visitor: { internet: 203.0.113.200 } }
END_OF_LAB
fails "nobody uses it: it is not there" sh -c "\"$LABCTL\" --lab \"$lab\" inspect --format json | grep -q internet/"
fails "and nobody answers" on visitor dig +time=1 +tries=1 @203.0.113.53 .
"$LABCTL" down "$lab" >/dev/null

# Delay: a packet crosses two attachments, and so does its answer.
up <<'END_OF_LAB'
lab: t
internet: { delay: 20ms, zones: { shop.test: { www: web } } }
vpcs:
  v:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets: { s: { cidr: 10.0.1.0/24, route_table: out, public_ips: true } }
    route_tables: { out: [ { destination: 0.0.0.0/0, target: internet_gateway } ] }
    security_groups: { ping: { ingress: [ { protocol: icmp, from: any4 } ] } }
nodes:
  web: { subnet: v/s, security_groups: [ping] }
  a: { internet: true }
  b: { internet: true }
END_OF_LAB
takes() { # NAME LEAST NODE TARGET: milliseconds of the fastest of three
    on "$3" ping -n -c 3 -i 0.2 -W 2 "$4" >"$work/out" 2>&1
    awk -F'[/= ]+' -v least="$2" '/^rtt/ { ok = $6 >= least && $6 < least * 3 } END { exit !ok }' "$work/out"
    report "$1" $?
}
takes "delay: from machine to machine" 80 a b
takes "delay: to an instance, by its public name" 80 a www.shop.test
takes "delay: to the public resolver" 80 a 203.0.113.53
