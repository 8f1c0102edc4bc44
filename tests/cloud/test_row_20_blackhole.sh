#!/bin/bash
# Row 20: a route whose target does not exist is a blackhole: a warning (an error with --strict), shown by dump; it drops.
# shellcheck disable=SC2154 # $work and $lab are of lab.sh
. "$(dirname "$0")/lab.sh"

topology() {
    cat <<'END'
lab: t
vpcs:
  v:
    cidr: 10.0.0.0/16
    internet_gateway: true
    subnets: { s: { cidr: 10.0.1.0/24, route_table: t, public_ips: true } }
    route_tables:
      t:
        - { destination: 0.0.0.0/0, target: internet_gateway }
        - { destination: 198.51.100.0/24, target: nat_gateway/gone }
        - { destination: 192.0.2.0/24, target: blackhole }
nodes:
  x: { subnet: v/s }
  near: { internet: 203.0.113.9, services: { http: { port: 80 } } }
  far: { internet: 198.51.100.9, services: { http: { port: 80 } } }
  third: { internet: 192.0.2.9, services: { http: { port: 80 } } }
END
}
shows "row 20: a missing target is a warning" "warning: .*nat_gateway/gone.* blackhole" validate < <(topology)
topology >"$work/lab.yaml"
holds "row 20: which is no error" "$LABCTL" validate "$work/lab.yaml"
fails "row 20: but for --strict" "$LABCTL" validate --strict "$work/lab.yaml"
topology | up
meets "row 20: other destinations are reached" open x 203.0.113.9 80
meets "row 20: the missing target drops" silent x 198.51.100.9 80
meets "row 20: so does a declared blackhole" silent x 192.0.2.9 80
shows "row 20: dump shows it" 'nat_gateway/gone' "$LABCTL" --lab "$lab" dump
