#!/bin/bash
# The iperf service as iperf3 and the throughput check see it, and what becomes of one who only holds the line.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/../cloud/lab.sh"

within() { # NAME SECONDS COMMAND...: succeeds before they are over
    local name=$1 until=$((SECONDS + $2))
    shift 2
    until "$@" >"$work/out" 2>&1; do
        [ $SECONDS -lt $until ] || break
    done
    report "$name" $((SECONDS >= until))
}

up <<'END'
lab: measure
bridges: { lan: {} }
links: { slow: { rate: 20mbit } }
nodes:
  server:
    forwarding: true
    interfaces:
      eth0: { bridge: lan, address: 10.0.0.1/24 }
      eth1: { link: slow, address: 10.1.0.1/24 }
    services:
      iperf: {}
      inside: { kind: iperf, port: 5301, bind: 10.0.0.1 }
  near: { bridge: lan, address: 10.0.0.2/24 }
  far: { link: slow, address: 10.1.0.2/24, gateway: 10.1.0.1 }
checks:
  - { id: rate, from: far, throughput: { to: server/eth1, duration: 2s, above: 10mbit, below: 25mbit } }
END
shows "a measurement" '"bits_per_second":' on near iperf3 -J -t 1 -c 10.0.0.1
shows "backwards" 'receiver' on near iperf3 -R -t 1 -c 10.0.0.1
shows "with datagrams" 'receiver' on near iperf3 -u -b 5M -t 1 -c 10.0.0.1
shows "on a port of its own" 'receiver' on near iperf3 -p 5301 -t 1 -c 10.0.0.1
fails "which the other address does not have" on far iperf3 --connect-timeout 1000 -p 5301 -t 1 -c 10.1.0.1
shows "a check asks this server" '^ok|pass' "$LABCTL" --lab "$lab" check rate
shows "measurements are logged" 'Mbits/sec|Gbits/sec' "$LABCTL" --lab "$lab" logs server iperf

# shellcheck disable=SC2016 # a connection that stays open and says nothing
on near bash -c 'exec 3<>/dev/tcp/10.0.0.1/5201; echo holds; exec sleep 60' >"$work/held" 2>&1 &
until grep -q holds "$work/held"; do :; done
fails "somebody else holds the server" on near timeout 3 iperf3 -t 1 -c 10.0.0.1
within "and does not for ever" 40 on near timeout 3 iperf3 -t 1 -c 10.0.0.1
shows "which is in the log" 'says nothing' "$LABCTL" --lab "$lab" logs server iperf

on server sh -c 'kill $(ss -ltnp "sport = :5201" | grep -o "pid=[0-9]*" | head -1 | cut -d= -f2)'
within "a server that was killed is there again" 20 on near timeout 3 iperf3 -t 1 -c 10.0.0.1
