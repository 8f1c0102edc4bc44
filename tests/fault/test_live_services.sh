#!/bin/bash
# long
# as user
# Kinds of faults of programs that serve (TLS, proxies, name servers), each put into a running lab: it shows, tells nothing of
# itself, and is taken out exactly.
# shellcheck disable=SC2034,SC2154 # what the sourced files use and set
. "$(dirname "$0")/../cli/host.bash"
KILLS=${KILLS:-2}
cat >"$work/lab.yaml" <<'YAML'
lab: live
bridges: { lan: {}, back: {} }
internet: { ttl: 1, negative_ttl: 1, zones: { shop.test: { "@": 203.0.113.77, www: 203.0.113.77, part: { ns: ns1.part.shop.test }, ns1.part: ns } } }
nodes:
  client:
    interfaces: { eth0: { bridge: lan, address: 10.1.0.10/24, gateway: 10.1.0.1 } }
    resolver: { servers: [10.1.0.1], search: [lab.test] }
    hosts: { shop.lab: 10.1.0.1, api.lab: 10.1.0.1 }
  edge:
    forwarding: true
    interfaces:
      in0: { bridge: lan, address: 10.1.0.1/24 }
      out0: { internet: 203.0.113.62 }
      back0: { bridge: back, address: 10.2.0.1/24 }
    nat: { masquerade: [out0] }
    services:
      dns: { zones: { lab.test: { www: 10.1.0.20, edge: 10.1.0.1 } }, forward: [203.0.113.53] }
      front:
        kind: proxy
        port: 443
        tls: { names: [shop.lab, api.lab] }
        upstreams: ["web-1:8000", "web-2:8000"]
        routes: [ { host: api.lab, upstreams: "api:8000" } ]
      plain: { kind: proxy, port: 8080, upstreams: ["web-1:8000", "web-2:8000"] }
  www:
    bridge: lan
    address: 10.1.0.20/24
    gateway: 10.1.0.1
    services:
      https: { kind: http, port: 443, tls: { names: [www.lab.test] }, body: "right\n" }
      http: { port: 80, body: "right\n" }
  names:
    bridge: lan
    address: 10.1.0.53/24
    gateway: 10.1.0.1
    services:
      dns:
        recursion: false
        zones: { lab.test: { www: 10.1.0.20, short: 10.1.0.20 }, other.test: { www: 10.1.0.20 } }
  horizon:
    bridge: lan
    address: 10.1.0.54/24
    services:
      dns:
        zones: { lab.test: { www: 203.0.113.99 } }
        views: { inside: { from: [10.1.0.0/24], zones: { lab.test: { www: 10.1.0.20 } } } }
  ns: { internet: 203.0.113.61, services: { dns: { zones: { part.shop.test: { api: 203.0.113.98 } }, recursion: false, ttl: 1 } } }
  web-1: &web
    bridge: back
    address: 10.2.0.11/24
    services: { http: { port: 8000, routes: { /private: { status: 403, body: "no\n" } } } }
  web-2: { <<: *web, address: 10.2.0.12/24 }
  api: { <<: *web, address: 10.2.0.20/24 }
checks:
  - { id: page, from: client, http: { url: "https://www.lab.test/", status: 200, body_contains: right } }
  - { id: old-client, from: client, tls: { to: www, port: 443, server_name: www.lab.test, version: 1.2 } }
  - { id: trusted, from: client, tls: { to: www, port: 443, server_name: www.lab.test } }
  - { id: start, from: client, http: { url: "http://www.lab.test/", status: 200 } }
  - { id: front, from: client, http: { url: "https://shop.lab/", status: 200, body_contains: web } }
  - { id: front-time, from: client, http: { url: "http://10.1.0.1:8080/", status: 200, requests: 6, time_below: 900ms } }
  - { id: spread, from: client, http: { url: "http://10.1.0.1:8080/", status: 200, share: { web-1: 50%, web-2: 50% } } }
  - { id: api, from: client, http: { url: "https://api.lab/", status: 200, body_contains: api } }
  - { id: name, from: client, dns: { name: www.lab.test, server: 10.1.0.1, answer: 10.1.0.20 } }
  - { id: outside-name, from: client, dns: { name: www.shop.test, answer: 203.0.113.77 } }
  - { id: part, from: client, dns: { name: api.part.shop.test, answer: 203.0.113.98 } }
  - { id: zone, from: client, dns: { name: www.lab.test, server: names, answer: 10.1.0.20 } }
  - { id: short, from: client, dns: { name: short.lab.test, server: names, answer: 10.1.0.20 } }
  - { id: inside, from: client, dns: { name: www.lab.test, server: horizon, answer: 10.1.0.20 } }
YAML
nodes=(client edge www names horizon ns web-1 web-2 api)

# KIND|SYMPTOM|WHERE|PARAMETERS
rows=(
    "tls-expired|page|node/www/service/https|"
    "tls-not-yet-valid|page|node/www/service/https|"
    "tls-wrong-name|page|node/www/service/https|"
    "tls-missing-intermediate|page|node/www/service/https|"
    "tls-unknown-authority|page|node/www/service/https|"
    "tls-unknown-authority|trusted|client|"
    "tls-unknown-authority|programs_do_not_trust|client|"
    "tls-version-mismatch|old-client|node/www/service/https|"
    "tls-client-certificate-missing|page|node/www/service/https|"
    "tls-plain-http|page|node/www/service/https|"
    "tls-cipher-mismatch|page|node/www/service/https|"
    "tls-cipher-mismatch|front|node/edge/service/front|cipher=ECDHE-RSA-AES256-GCM-SHA384"
    "tls-default-certificate|another_site|node/www/service/https|"
    "tls-default-certificate|another_site_at_the_edge|node/edge/service/front|"
    "proxy-upstream-wrong|spread|node/edge/service/plain|to=api:8000"
    "proxy-backend-dead|front-time|node/edge/service/plain|to=10.2.0.99:8000"
    "proxy-health-check-wrong|nobody_is_well|node/edge/service/plain|path=/private"
    "proxy-sticky-skew|spread|node/edge/service/plain|"
    "proxy-host-wrong|api|node/edge/service/front|host=api.lab instead=old.lab"
    "http-rate-limited|spread|node/edge/service/plain|"
    "http-redirect-loop|start|node/www/service/http|"
    "http-redirect-loop|front-time|node/edge/service/plain|"
    "dns-record-stale|name|node/edge/service/dns|name=www.lab.test answer=10.1.0.99"
    "dns-negative-cache|name|node/edge/service/dns|name=www.lab.test"
    "dns-refused|outside-name|node/edge/service/dns|"
    "dns-forwarder-wrong|outside-name|node/edge/service/dns|servers=203.0.113.99"
    "dns-servfail|zone|node/names/service/dns|zone=lab.test"
    "dns-servfail|inside|node/horizon/service/dns|zone=lab.test"
    "dns-wrong-record|inside|node/horizon/service/dns|name=www.lab.test answer=10.1.0.99"
    "dns-record-missing|inside|node/horizon/service/dns|name=www.lab.test"
    "dns-zone-missing|inside|node/horizon/service/dns|zone=lab.test"
    "dns-cname-loop|inside|node/horizon/service/dns|name=www.lab.test"
    "dns-view-wrong|inside|node/horizon/service/dns|view=inside from=10.9.0.0/24"
    "dns-cname-loop|short|node/names/service/dns|name=short.lab.test"
    "dns-delegation-lame|part_is_lame|internet/zone/shop.test|name=part server=www"
)

shown_certificate() { # ADDRESS: to a client that does not say which site it wants
    in_node client sh -c "openssl s_client -noservername -connect $1:443 </dev/null 2>/dev/null | openssl x509 -noout -subject"
}
another_site() { shown_certificate 10.1.0.20 | grep default.example; }
another_site_at_the_edge() { shown_certificate 10.1.0.1 | grep default.example; }
goes_red() { # CHECK: once caches and counters have noticed
    lab check "$1"
    [ $? -eq 1 ]
}
programs_do_not_trust() { # they look in a bundle, and in a directory by hash
    in_node client curl -sS https://www.lab.test/ | grep "local issuer certificate" &&
        in_node client sh -c "openssl s_client -verify_return_error -connect 10.1.0.20:443 </dev/null" | grep "local issuer certificate"
}
part_is_lame() { until_true 4 goes_red part; }
nobody_is_well() { until_true 4 goes_red front-time; }

. "$(dirname "$0")/live.bash"
try_all
