#!/bin/bash
# as user
# Row 9: a change of a security group leaves tracked flows alone.  Flows that are not tracked (TCP and UDP, allowed by a
# rule for any address while the other direction allows everything to any address) are cut at once.  Flows that are not
# concerned live on, and what a person changed by hand inside a node stays.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    subnets: { s: { cidr: 10.0.1.0/24 }, other: { cidr: 10.0.2.0/24 } }
    security_groups:
      free: {}
      tracked: { ingress: [ { protocol: tcp, ports: 7, from: 10.0.1.0/24 }, { protocol: icmp, from: any4 } ] }
      untracked: { ingress: [ { protocol: tcp, ports: 7, from: any4 }, { protocol: icmp, from: any4 } ] }
      bound: { ingress: [ { protocol: tcp, ports: 7, from: any4 } ], egress: [ { protocol: tcp, ports: 443, to: any4 } ] }
      both: { ingress: [ { protocol: tcp, ports: 7, from: any4 }, { protocol: tcp, ports: 7, from: 10.0.1.10 } ] }
      still: { ingress: [ { protocol: tcp, ports: 7, from: any4 } ] }
nodes:
  client: { subnet: v/s, address: 10.0.1.10, security_groups: [free] }
  tracked: { subnet: v/s, address: 10.0.1.21, security_groups: [tracked], services: { e: { kind: tcp-echo } } }
  untracked: { subnet: v/s, address: 10.0.1.22, security_groups: [untracked], services: { e: { kind: tcp-echo } } }
  bound: { subnet: v/other, address: 10.0.2.23, security_groups: [bound], services: { e: { kind: tcp-echo } } }
  both: { subnet: v/other, address: 10.0.2.24, security_groups: [both], services: { e: { kind: tcp-echo } } }
  still: { subnet: v/other, address: 10.0.2.25, security_groups: [still], services: { e: { kind: tcp-echo } } }
END
put() { "$LABCTL" --lab "$lab" set "$@" >/dev/null; }
hold t client 10.0.1.21 7
hold u client 10.0.1.22 7
hold b client 10.0.2.23 7
hold w client 10.0.2.24 7
hold s client 10.0.2.25 7
for held in t u b w s; do flow "row 09: a flow stands ($held)" answers $held; done
holds "row 09: something done by hand in a node" on tracked ip route add 192.0.2.0/24 via 10.0.1.1
holds "row 09: and a rule of one's own" on tracked nft 'add table ip own; add chain ip own c { type filter hook input priority 0; }'

holds "row 09: the rule of the tracked flow goes" put vpc/v/security_group/tracked/ingress '[ { protocol: icmp, from: any4 } ]'
flow "row 09: it goes on" answers t
meets "row 09: a new one does not begin" silent client 10.0.1.21 7
holds "row 09: the rule of the untracked flow goes" put vpc/v/security_group/untracked/ingress '[ { protocol: icmp, from: any4 } ]'
flow "row 09: it is cut at once" silent u
holds "row 09: the same rule where the other direction is bound" put vpc/v/security_group/bound/ingress '[]'
flow "row 09: that flow was tracked and goes on" answers b
holds "row 09: of two rules for it the one for any address goes" put vpc/v/security_group/both/ingress '[ { protocol: tcp, ports: 7, from: 10.0.1.10 } ]'
flow "row 09: another one still allows it" answers w
holds "row 09: that goes as well" put vpc/v/security_group/both/ingress '[]'
flow "row 09: now it is cut: it was never tracked" silent w
flow "row 09: a flow that no change concerned lives on" answers s
holds "row 09: the way out of an untracked flow's answers goes" put vpc/v/security_group/still/egress '[]'
flow "row 09: that cuts it as well" silent s
shows "row 09: what was done by hand is still there" '^192\.0\.2\.0/24 via 10\.0\.1\.1' on tracked ip route
holds "row 09: the rule too" on tracked nft list table ip own

# ICMP is tracked even where a rule allows it for any address.
on client ping -n -i 0.2 -c 60 10.0.1.22 >"$work/pings" 2>&1 &
pinging=$!
begun() { for ((i = 0; i < 100; i++)); do grep -q icmp_seq=3 "$work/pings" && return; read -r -t 0.1 _ <> <(:); done; return 1; }
holds "row 09: a ping goes on" begun
holds "row 09: its rule goes" put vpc/v/security_group/untracked/ingress '[]'
holds "row 09: while it lasts" kill -0 $pinging
no_ping "row 09: a new one gets no answer" tracked 10.0.1.22
wait $pinging
shows "row 09: but the first did, to its end: it is tracked" '60 received, 0% packet loss' cat "$work/pings"
