#!/bin/bash
# as user
# Row 23: what a security group drops is dropped silently: a timeout, never "refused".
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    subnets: { s: { cidr: 10.0.1.0/24 } }
    security_groups:
      some: { ingress: [ { protocol: tcp, ports: [80, 81], from: any4 } ] }
      mute: { egress: [] }
nodes:
  client: { subnet: v/s, address: 10.0.1.10 }
  gagged: { subnet: v/s, address: 10.0.1.11, security_groups: [mute] }
  web: { subnet: v/s, address: 10.0.1.20, security_groups: [some], services: { http: { port: 80 } } }
END
meets "row 23: an allowed port with a service is open" open client 10.0.1.20 80
meets "row 23: an allowed port without one is refused by the machine" refused client 10.0.1.20 81
meets "row 23: a port that no rule allows is silent" silent client 10.0.1.20 82
meets "row 23: so is what may not leave" silent gagged 10.0.1.20 80
shows "row 23: no ICMP tells of it" '100% packet loss' on client ping -n -c 1 -W 1 10.0.1.20
fails "row 23: not even of the host" sh -c "\"$LABCTL\" --lab $lab exec client -- ping -n -c 1 -W 1 10.0.1.20 | grep -iE 'unreach|prohib|filter'"
meets "row 23: nor of an address that nobody has, in another subnet's range" silent client 10.0.77.7 80

up <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    subnets:
      open: { cidr: 10.0.1.0/24 }
      in: { cidr: 10.0.2.0/24, network_acl: in }
      out: { cidr: 10.0.3.0/24, network_acl: out }
    security_groups: { all: { ingress: [ { from: any } ] } }
    network_acls:
      in: { ingress: [ { rule: 10, action: deny, protocol: tcp, ports: 81, from: any }, { rule: 20, action: allow, from: any } ] }
      out: { egress: [ { rule: 10, action: deny, protocol: tcp, ports: 1024-65535, to: any }, { rule: 20, action: allow, to: any } ] }
nodes:
  client: { subnet: v/open, address: 10.0.1.10, security_groups: [all] }
  web: { subnet: v/in, address: 10.0.2.20, security_groups: [all], services: { http: { port: 80 } } }
  mute: { subnet: v/out, address: 10.0.3.20, security_groups: [all], services: { http: { port: 80 } } }
END
meets "row 23: an ACL allows a port" open client 10.0.2.20 80
meets "row 23: and one without a service, which the machine refuses" refused client 10.0.2.20 82
meets "row 23: a port that it denies is silent" silent client 10.0.2.20 81
meets "row 23: so is an answer that it denies" silent client 10.0.3.20 80
meets "row 23: even a refusal" silent client 10.0.3.20 81
fails "row 23: no ICMP tells of it" sh -c "\"$LABCTL\" --lab $lab exec client -- traceroute -n -T -p 81 -q 1 -w 1 -m 3 10.0.2.20 | grep -E '![A-Z]'"
