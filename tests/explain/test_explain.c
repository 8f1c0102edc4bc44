/* Each code once: a topology that has exactly that cause, and who is told what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "base/table.h"
#include "doc/doc.h"
#include "explain/explain.h"
#include "load/load.h"
#include "rules/rules.h"

#define INTERNET "  visitor: { internet: 203.0.113.200, services: { web: { kind: tcp, port: 80 } } }\n"
#define VPC(routes, more)                                                                                              \
    "lab: t\nvpcs:\n  main:\n    cidr: 10.0.0.0/16\n    internet_gateway: true\n    subnets:\n"                        \
    "      a: { cidr: 10.0.1.0/24, route_table: a }\n      b: { cidr: 10.0.2.0/24 }\n    route_tables: { a: [" routes  \
    "] }\n" more "nodes:\n" INTERNET
#define TO_INTERNET  "{ destination: 0.0.0.0/0, target: internet_gateway }"
#define OPEN         "    security_groups: { open: { ingress: [ { protocol: all, from: any4 } ] } }\n"
#define ACL(in, out) "    network_acls:\n      default:\n        ingress: [" in "]\n        egress: [" out "]\n"
#define WEB                                                                                                            \
    "  web: { subnet: main/a, public_ip: true, security_groups: [open], services: { web: { kind: tcp, port: 80 } } "   \
    "}\n"
/* Two VPCs, a (10.0.0.0/16) and b (10.1.0.0/16), with an open node each, and a third, c (10.2.0.0/16), without one. */
#define PAIR(a, b, more)                                                                                               \
    "lab: t\nvpcs:\n" ONE("a", "0", a) ONE("b", "1", b) ONE("c", "2", "") more                                         \
        "nodes:\n  one: { subnet: a/s, security_groups: [open] }\n"                                                    \
        "  two: { subnet: b/s, address: 10.1.1.10, security_groups: [open] }\n"
#define ONE(name, n, routes)                                                                                           \
    "  " name ":\n    cidr: 10." n ".0.0/16\n    subnets: { s: { cidr: 10." n ".1.0/24 } }\n"                          \
    "    route_tables: { main: [" routes "] }\n" OPEN
#define TO(prefix, target) "{ destination: " prefix ", target: " target " }"
#define PEERING            "peerings: { ab: { between: [a, b] } }\n"
/* A service of b on this port, behind an endpoint of a; more machines. */
#define ENDPOINT(port, rule, more)                                                                                     \
    "lab: t\nvpcs:\n  a:\n    cidr: 10.0.0.0/16\n    subnets: { s: { cidr: 10.0.1.0/24 } }\n    security_groups:\n"    \
    "      open: { ingress: [ { protocol: all, from: any4 } ] }\n      e:\n        ingress:\n          " rule "\n"     \
    "    endpoints: { e: { type: interface, service: x, subnets: [s], security_groups: [e] } }\n"                      \
    "  b:\n    cidr: 10.0.0.0/16\n    subnets: { s: { cidr: 10.0.1.0/24 } }\n" OPEN "services: { x: { nodes: [x" more  \
    "], port: " port " } }\nnodes:\n  one: { subnet: a/s, security_groups: [open] }\n"                                 \
    "  x: { subnet: b/s, security_groups: [open], services: { web: { kind: tcp, port: 80 } } }\n"                      \
    "  idle: { subnet: b/s, security_groups: [open] }\n"
/* A service on the internet, to which tables of a lead; far is in b, behind a transit gateway. */
#define STORE(tables)                                                                                                  \
    "lab: t\nvpcs:\n  a:\n    cidr: 10.0.0.0/16\n    subnets: { s: { cidr: 10.0.1.0/24 } }\n"                          \
    "    route_tables: { main: [ " TO(                                                                                 \
        "10.1.0.0/16",                                                                                                 \
        "transit_gateway/hub") " ] }\n"                                                                                \
                               "    endpoints: { e: { type: gateway, service: x, route_tables: [" tables "] } }\n"     \
                               "  b:\n    cidr: 10.1.0.0/16\n    subnets: { s: { cidr: 10.1.1.0/24 } }\n"              \
                               "    route_tables: { main: [ " TO(                                                      \
                                   "0.0.0.0/0",                                                                        \
                                   "transit_gateway/hub") " ] }\n"                                                     \
                                                          "transit_gateways:\n  hub:\n    attachments: [a, b]\n    "   \
                                                          "route_tables:\n      r:\n        associations: [a, b]\n"    \
                                                          "        propagations: [a, b]\n        routes: [ { "         \
                                                          "destination: 0.0.0.0/0, target: a } ]\n"                    \
                                                          "services: { x: { nodes: [store], port: 80 } }\nnodes:\n  "  \
                                                          "one: { subnet: a/s }\n  far: { subnet: b/s }\n"             \
                                                          "  store: { internet: 203.0.113.80, services: { web: { "     \
                                                          "kind: tcp, port: 80 } } }\n"
/* far, in b, goes out by a's NAT gateway, behind a transit gateway; back is how a's public subnet leads to b. */
#define CENTRAL(back)                                                                                                  \
    "lab: t\nvpcs:\n  a:\n    cidr: 10.0.0.0/16\n    internet_gateway: true\n    subnets: { s: { cidr: 10.0.1.0/24, "  \
    "route_table: out } }\n    nat_gateways: { n: { subnet: s } }\n    route_tables:\n      main: [ " TO(              \
        "0.0.0.0/0", "nat_gateway/n") " ]\n      out: [ " TO_INTERNET                                                  \
        back " ]\n  b:\n    cidr: 10.1.0.0/16\n    subnets: { s: { cidr: 10.1.1.0/24 } }\n    route_tables: { main: "  \
                                      "[ " TO("0.0.0.0/0",                                                             \
                                              "transit_gateway/hub") " ] }\n"                                          \
                                                                     "transit_gateways:\n  hub:\n    attachments: "    \
                                                                     "[a, b]\n    route_tables:\n     "                \
                                                                     " r: { associations: [a, b], "                    \
                                                                     "propagations: [a, b], routes: [ { destination: " \
                                                                     "0.0.0.0/0, target: a } ] }\n"                    \
                                                                     "nodes:\n" INTERNET "  far: { subnet: b/s }\n"
/* A LAN whose router hands out addresses: to the printer one that is known beforehand, to the guest one that is not. */
#define LEASES                                                                                                         \
    "lab: t\nbridges: { lan: {} }\nnodes:\n" INTERNET "  router:\n    forwarding: true\n    interfaces:\n"             \
    "      lan0: { bridge: lan, address: 192.168.1.1/24 }\n      wan0: { internet: true }\n"                           \
    "    nat: { masquerade: [wan0] }\n    services:\n"                                                                 \
    "      dhcp: { range: 192.168.1.100-192.168.1.199, reservations: { printer: 192.168.1.9 } }\n"                     \
    "  guest: { bridge: lan, dhcp: true }\n  printer: { bridge: lan, dhcp: true }\n"
#define LAN "lab: t\nbridges: { lan: {}, far: {} }\nnodes:\n"
#define ROUTER                                                                                                         \
    "    interfaces:\n      lan0: { bridge: lan, address: 192.168.1.1/24 }\n"                                          \
    "      far0: { bridge: far, address: 192.168.2.1/24 }\n"

#define DOCKER                                                                                                         \
    "lab: t\nnetworks:\n  app: { cidr: 172.18.0.0/24 }\n  back: { cidr: 172.19.0.0/24, internal: true }\nnodes:\n"     \
    "  docker: { internet: 203.0.113.10, publish: [\"8080:web:80\", \"127.0.0.1:9000:web:80\"] }\n"                    \
    "  web: { network: app, services: { web: { kind: tcp, port: 80 } } }\n  other: { network: app }\n"                 \
    "  db: { network: back, address: 172.19.0.5, gateway: 172.19.0.1, services: { x: { kind: tcp, port: 80 } } "       \
    "}\n" INTERNET

#define PODS                                                                                                           \
    "lab: t\nbridges: { pods: {} }\npolicies:\n  db: { select: { tier: db }, ingress: [ { from: { tier: api }, "       \
    "ports: "                                                                                                          \
    "[5432] } ] }\n  api: { select: { tier: api }, egress: [ { to: 10.0.0.3, ports: 5432 } ] }\nnodes:\n"              \
    "  api: { bridge: pods, address: 10.0.0.2/24, labels: { tier: api } }\n"                                           \
    "  db: { bridge: pods, address: 10.0.0.3/24, labels: { tier: db }, services: { x: { kind: tcp, port: 5432 } } }\n" \
    "  free: { bridge: pods, address: 10.0.0.4/24, services: { x: { kind: tcp, port: 5432 } } }\n"

/* A question, and what is said: the codes in their order, "" for none. */
static const struct example {
    const char *yaml, *from, *to, *codes;
    enum opinion verdict;
    enum view view;
} examples[] = {
    /* routes */
    {VPC("", OPEN) "  web: { subnet: main/a, public_ip: false }\n", "web", "visitor:80", "NO_ROUTE_TO_DESTINATION",
     OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC("", OPEN) "  web: { subnet: main/a, public_ip: true, security_groups: [open] }\n", "visitor", "web",
     "REPLY_HAS_NO_ROUTE", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC("{ destination: 203.0.113.0/24, target: blackhole }", OPEN) "  web: { subnet: main/a }\n", "web", "visitor:80",
     "ROUTE_BLACKHOLE", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC("{ destination: 203.0.113.0/24, target: node/gone }, " TO_INTERNET,
         OPEN) "  web: { subnet: main/a, public_ip: true, security_groups: [open] }\n",
     "visitor", "web", "REPLY_ROUTE_BLACKHOLE", OPINION_BLOCKED, VIEW_TIMEOUT},
    {LAN "  a: { bridge: lan, address: 192.168.1.2/24 }\n  b: { bridge: far, address: 192.168.2.2/24 }\n", "a",
     "192.168.2.2", "NO_ROUTE_TO_DESTINATION REPLY_HAS_NO_ROUTE", OPINION_BLOCKED, VIEW_UNREACHABLE},
    {LAN "  a: { bridge: lan, address: 192.168.1.2/24, gateway: 192.168.1.1 }\n  r:\n    forwarding: true\n" ROUTER,
     "a", "192.0.2.1", "NO_ROUTE_TO_DESTINATION", OPINION_BLOCKED, VIEW_UNREACHABLE},
    /* groups */
    {VPC(TO_INTERNET, OPEN) "  web: { subnet: main/a, public_ip: true }\n", "visitor", "web:80",
     "ENI_SG_RULES_MISMATCH NOBODY_LISTENS", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC(TO_INTERNET, "    security_groups: { shut: { egress: [] } }\n") "  web: { subnet: main/a, public_ip: true, "
                                                                         "security_groups: [shut] }\n",
     "web", "visitor:80", "SG_HAS_NO_RULES", OPINION_BLOCKED, VIEW_TIMEOUT},
    /* network ACLs: request and reply */
    {VPC(TO_INTERNET, OPEN ACL("{ rule: 100, action: allow, protocol: tcp, ports: 443, from: any4 }",
                               "{ rule: 100, action: allow, to: any4 }")) WEB,
     "visitor", "web:80", "SUBNET_ACL_REQUEST_DENIED", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC(TO_INTERNET, OPEN ACL("{ rule: 100, action: allow, from: any4 }",
                               "{ rule: 100, action: allow, protocol: tcp, ports: 80, to: any4 }")) WEB,
     "visitor", "web:80", "SUBNET_ACL_REPLY_DENIED", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC(TO_INTERNET,
         OPEN ACL("{ rule: 90, action: deny, from: 203.0.113.200 }, { rule: 100, action: allow, from: any4 }",
                  "{ rule: 100, action: allow, to: any4 }")) WEB,
     "visitor", "web:80", "SUBNET_ACL_REQUEST_DENIED", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC(TO_INTERNET, OPEN ACL("{ rule: 100, action: allow, from: any4 }",
                               "{ rule: 100, action: allow, protocol: tcp, ports: 32768-50000, to: any4 }")) WEB,
     "visitor", "web:80", "SUBNET_ACL_REPLY_DENIED REMAP_EPHEMERAL_PORT", OPINION_AMBIGUOUS, VIEW_TIMEOUT},
    {VPC(TO_INTERNET, OPEN ACL("{ rule: 100, action: allow, from: any4 }",
                               "{ rule: 100, action: allow, protocol: tcp, to: any4 }")) WEB,
     "visitor", "web:81/udp", "NOBODY_LISTENS SUBNET_ACL_REPLY_DENIED", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC(TO_INTERNET, OPEN ACL("{ rule: 100, action: allow, protocol: icmp, icmp_type: echo-request, from: any4 }",
                               "{ rule: 100, action: allow, protocol: icmp, icmp_type: echo-reply, to: any4 }")) WEB,
     "visitor", "web", "", OPINION_REACHABLE, VIEW_ANSWERED},
    /* gateways */
    {VPC(TO_INTERNET, OPEN) "  web: { subnet: main/a, public_ip: false }\n", "web", "visitor:80",
     "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC("{ destination: 0.0.0.0/0, target: nat_gateway/n }",
         OPEN "    nat_gateways: { n: { subnet: b } }\n") "  web: { subnet: main/a }\n",
     "web", "visitor:80", "NO_ROUTE_TO_DESTINATION", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC("{ destination: 0.0.0.0/0, target: nat_gateway/n }",
         OPEN "    nat_gateways: { n: { subnet: a } }\n") "  web: { subnet: main/a }\n",
     "web", "visitor:80", "ROUTING_LOOP", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC(TO_INTERNET,
         OPEN "    nat_gateways: { n: { subnet: a, public_ip: 198.51.100.9 } }\n") "  web: { subnet: main/a }\n",
     "visitor", "198.51.100.9:80", "NGW_NOTHING_INWARD", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC("{ destination: 0.0.0.0/0, target: nat_gateway/n }",
         OPEN "    nat_gateways: { n: { subnet: b } }\n") "  web: { subnet: main/a, public_ip: true, security_groups: "
                                                          "[open] }\n",
     "visitor", "web", "NGW_REPLY_NOT_TRACKED", OPINION_BLOCKED, VIEW_TIMEOUT},
    {LEASES, "guest", "visitor:80", "ADDRESS_FROM_DHCP_NOT_JUDGED", OPINION_UNDETERMINED, VIEW_ANSWERED},
    {LEASES, "router", "192.168.1.150", "ADDRESS_FROM_DHCP_NOT_JUDGED", OPINION_UNDETERMINED, VIEW_ANSWERED},
    {LEASES, "router", "192.168.1.200", "NO_POSSIBLE_DESTINATION", OPINION_BLOCKED, VIEW_UNREACHABLE},
    {LEASES, "printer", "visitor:80", "", OPINION_REACHABLE, VIEW_ANSWERED},
    {CENTRAL(", " TO("10.1.0.0/16", "transit_gateway/hub")), "far", "visitor:80", "", OPINION_REACHABLE, VIEW_ANSWERED},
    {CENTRAL(""), "far", "visitor:80", "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC(TO_INTERNET, OPEN) "  web: { subnet: main/a, address: 10.0.1.10, security_groups: [open] }\n", "visitor",
     "10.0.1.10", "INTERNET_HAS_NO_PRIVATE_ADDRESSES", OPINION_BLOCKED, VIEW_TIMEOUT},
    {"lab: t\nbridges: { lan: {} }\nnodes:\n" INTERNET
     "  a: { bridge: lan, address: 192.168.1.2/24, gateway: 192.168.1.1 }\n  r:\n    forwarding: true\n"
     "    interfaces:\n      lan0: { bridge: lan, address: 192.168.1.1/24 }\n      wan0: { internet: true }\n",
     "a", "visitor:80", "INTERNET_DROPS_PRIVATE_SOURCE", OPINION_BLOCKED, VIEW_TIMEOUT},
    /* between VPCs */
    {PAIR(TO("10.1.0.0/16", "peering/ab"), "", PEERING), "one", "two", "REPLY_HAS_NO_ROUTE", OPINION_BLOCKED,
     VIEW_TIMEOUT},
    {PAIR(TO("10.1.0.0/16", "peering/ab"), TO("10.0.0.0/16", "peering/ab"), PEERING), "one", "two", "",
     OPINION_REACHABLE, VIEW_ANSWERED},
    {PAIR(TO("10.0.0.0/8", "peering/ab"), TO("10.0.0.0/8", "peering/ab"), PEERING), "one", "10.2.1.9",
     "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR", OPINION_BLOCKED, VIEW_TIMEOUT},
    {PAIR("", "", PEERING), "one", "10.1.1.10", "NO_ROUTE_TO_DESTINATION REPLY_HAS_NO_ROUTE", OPINION_BLOCKED,
     VIEW_TIMEOUT},
    {PAIR(TO("10.0.0.0/8", "transit_gateway/hub"), TO("10.0.0.0/8", "transit_gateway/hub"),
          "transit_gateways: { hub: { attachments: [a, b] } }\n"),
     "one", "10.1.1.10", "", OPINION_REACHABLE, VIEW_ANSWERED},
    {PAIR(
         TO("10.0.0.0/8", "transit_gateway/hub"), TO("10.0.0.0/8", "transit_gateway/hub"),
         "transit_gateways: { hub: { attachments: [a, b], route_tables: { r: { associations: [b], propagations: [a, b] "
         "} } } }\n"),
     "one", "10.1.1.10", "TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION", OPINION_BLOCKED, VIEW_TIMEOUT},
    {PAIR(TO("10.0.0.0/8", "transit_gateway/hub"), TO("10.0.0.0/8", "transit_gateway/hub"),
          "transit_gateways: { hub: { attachments: [a, b], route_tables: { r: { associations: [a, b], propagations: "
          "[a] } } } }\n"),
     "one", "10.1.1.10", "TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT", OPINION_BLOCKED, VIEW_TIMEOUT},
    {PAIR(TO("10.0.0.0/8", "transit_gateway/hub"), TO("10.0.0.0/8", "transit_gateway/hub"),
          "transit_gateways: { hub: { attachments: [a, b], route_tables: { r: { associations: [a, b], propagations: "
          "[b] } } } }\n"),
     "one", "10.1.1.10", "REPLY_TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC(TO_INTERNET,
         OPEN) "  one: { subnet: main/a, security_groups: [open] }\n  fw: { subnet: main/b, address: 10.0.2.9,\n"
               "    security_groups: [open], forwarding: true }\n",
     "one", "10.0.2.9", "", OPINION_REACHABLE, VIEW_ANSWERED},
    /* endpoints */
    {ENDPOINT("80", "- { protocol: tcp, ports: 80, from: any4 }", ""), "one", "vpc/a/endpoint/e", "", OPINION_REACHABLE,
     VIEW_ANSWERED},
    {ENDPOINT("80", "- { protocol: tcp, from: any4 }", ""), "one", "vpc/a/endpoint/e:81",
     "VPCE_SERVICE_PORT_RESTRICTION", OPINION_BLOCKED, VIEW_TIMEOUT},
    {ENDPOINT("80", "- { protocol: udp, from: any4 }", ""), "one", "vpc/a/endpoint/e", "ENI_SG_RULES_MISMATCH",
     OPINION_BLOCKED, VIEW_TIMEOUT},
    {ENDPOINT("81", "- { protocol: tcp, from: any4 }", ""), "one", "vpc/a/endpoint/e", "NOBODY_LISTENS",
     OPINION_BLOCKED, VIEW_REFUSED},
    {ENDPOINT("80", "- { protocol: tcp, from: any4 }", ", idle"), "one", "vpc/a/endpoint/e",
     "NOBODY_LISTENS SERVICE_TARGETS_DIFFER", OPINION_AMBIGUOUS, VIEW_REFUSED},
    {STORE("main"), "one", "store:80", "", OPINION_REACHABLE, VIEW_ANSWERED},
    {STORE(""), "one", "store:80", "NO_ROUTE_TO_DESTINATION", OPINION_BLOCKED, VIEW_TIMEOUT},
    {STORE("main"), "far", "store:80", "VPCE_GATEWAY_EGRESS_SOURCE_ADDRESS_RESTRICTION", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC("{ destination: 0.0.0.0/0, target: node/fw }",
         OPEN) "  one: { subnet: main/a, security_groups: [open] }\n  fw: { subnet: main/b, security_groups: [open], "
               "forwarding: true }\n",
     "one", "visitor:80", "ENI_SOURCE_DEST_CHECK_RESTRICTION ENI_SOURCE_DEST_CHECK_RESTRICTION NO_ROUTE_TO_DESTINATION",
     OPINION_BLOCKED, VIEW_TIMEOUT},
    /* the ends */
    {VPC(TO_INTERNET, OPEN) "  web: { subnet: main/a, public_ip: true, security_groups: [open] }\n", "visitor",
     "web:80", "NOBODY_LISTENS", OPINION_BLOCKED, VIEW_REFUSED},
    {VPC(TO_INTERNET, OPEN) "  web: { subnet: main/a, public_ip: true, security_groups: [open],\n"
                            "    services: { web: { kind: tcp, port: 80, bind: 127.0.0.1 } } }\n",
     "visitor", "web:80", "SERVICE_BOUND_ELSEWHERE", OPINION_BLOCKED, VIEW_REFUSED},
    {LAN "  a: { bridge: lan, address: 192.168.1.2/24 }\n"
         "  b: { bridge: lan, address: 192.168.1.3/24, sysctls: { net.ipv4.icmp_echo_ignore_all: 1 } }\n",
     "a", "b", "NODE_IGNORES_ECHO", OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC(TO_INTERNET, OPEN) "  web: { subnet: main/a }\n", "web", "10.0.1.1:80", "VPC_ROUTER_HAS_NO_SERVICE",
     OPINION_BLOCKED, VIEW_TIMEOUT},
    {VPC(TO_INTERNET,
         "    security_groups: { shut: { egress: [] } }\n") "  web: { subnet: main/a, security_groups: [shut] }\n",
     "web", "10.0.0.2:53/udp", "", OPINION_REACHABLE, VIEW_ANSWERED},
    /* wires and nodes */
    {LAN "  a: { bridge: lan, address: 192.168.1.2/24 }\n", "a", "192.168.1.9", "NO_POSSIBLE_DESTINATION",
     OPINION_BLOCKED, VIEW_UNREACHABLE},
    {LAN "  a: { bridge: lan, address: 192.168.1.2/24, gateway: 192.168.1.7 }\n", "a", "192.0.2.1",
     "NEIGHBOR_UNREACHABLE", OPINION_BLOCKED, VIEW_UNREACHABLE},
    {LAN "  a: { bridge: lan, address: 192.168.1.2/24, gateway: 192.168.1.1 }\n"
         "  b: { bridge: far, address: 192.168.2.2/24, gateway: 192.168.2.1 }\n  r:\n" ROUTER,
     "a", "192.168.2.2", "NODE_DOES_NOT_FORWARD NODE_DOES_NOT_FORWARD", OPINION_BLOCKED, VIEW_TIMEOUT},
    {LAN "  a: { bridge: lan, address: 192.168.1.2/24, gateway: 192.168.1.1 }\n  r:\n    forwarding: true\n" ROUTER
         "    routes: [ { destination: default, via: 192.168.2.3 } ]\n  s:\n    forwarding: true\n    bridge: far\n"
         "    address: 192.168.2.3/24\n    gateway: 192.168.2.1\n",
     "a", "192.0.2.1", "ROUTING_LOOP", OPINION_BLOCKED, VIEW_UNREACHABLE},
    {LAN "  a: { bridge: lan, address: 192.168.1.2/24, gateway: 192.168.1.1 }\n"
         "  b:\n    interfaces:\n      one: { bridge: far, address: 192.168.2.2/24, gateway: 192.168.2.1 }\n"
         "      two: { bridge: lan, address: 192.168.1.9/24 }\n    sysctls: { net.ipv4.conf.all.rp_filter: 1 }\n"
         "  r:\n    forwarding: true\n" ROUTER,
     "a", "192.168.2.2", "NODE_REVERSE_PATH_FILTER", OPINION_BLOCKED, VIEW_TIMEOUT},
    {LAN "  a: { bridge: lan, address: 192.168.1.2/24 }\n"
         "  b: { bridge: lan, address: 192.168.1.3/24, nftables: \"table inet x {}\" }\n",
     "a", "b", "NODE_RULESET_NOT_JUDGED", OPINION_UNDETERMINED, VIEW_ANSWERED},
    {LAN "  a: { bridge: lan, address: 192.168.1.2/24 }\n"
         "  b: { bridge: lan, address: 192.168.1.3/24, run: [\"true\"] }\n",
     "a", "b", "NODE_RUN_LINES_NOT_JUDGED", OPINION_UNDETERMINED, VIEW_ANSWERED},
    {LAN "  a: { bridge: lan, address: 192.168.1.2/24 }\n"
         "  b: { bridge: lan, address: 192.168.1.3/24, services: { x: { kind: exec, command: \"true\" } } }\n",
     "a", "b:99", "SERVICE_NOT_JUDGED", OPINION_UNDETERMINED, VIEW_ANSWERED},
    {PODS, "api", "db:5432", "", OPINION_REACHABLE, VIEW_ANSWERED},
    {PODS, "db", "free:5432", "", OPINION_REACHABLE, VIEW_ANSWERED},
    {PODS, "free", "db:5432", "POLICY_INGRESS", OPINION_BLOCKED, VIEW_TIMEOUT},
    {PODS, "api", "db:22", "POLICY_EGRESS POLICY_INGRESS NOBODY_LISTENS", OPINION_BLOCKED, VIEW_TIMEOUT},
    {PODS, "api", "free:5432", "POLICY_EGRESS", OPINION_BLOCKED, VIEW_TIMEOUT},
    {PODS, "api", "db", "POLICY_EGRESS POLICY_INGRESS", OPINION_BLOCKED, VIEW_TIMEOUT},
    {PODS, "free", "api", "", OPINION_REACHABLE, VIEW_ANSWERED},
    {DOCKER, "visitor", "203.0.113.10:8080", "", OPINION_REACHABLE, VIEW_ANSWERED},
    {DOCKER, "docker", "203.0.113.10:8080", "", OPINION_REACHABLE, VIEW_ANSWERED},
    {DOCKER, "other", "203.0.113.10:8080", "", OPINION_REACHABLE, VIEW_ANSWERED},
    {DOCKER, "other", "web:80", "", OPINION_REACHABLE, VIEW_ANSWERED},
    {DOCKER, "docker", "db:80", "", OPINION_REACHABLE, VIEW_ANSWERED},
    {DOCKER, "web", "visitor:80", "", OPINION_REACHABLE, VIEW_ANSWERED},
    {DOCKER, "visitor", "203.0.113.10:9000", "NOBODY_LISTENS", OPINION_BLOCKED, VIEW_REFUSED},
    {DOCKER, "web", "172.19.0.5:80", "NETWORK_ISOLATION", OPINION_BLOCKED, VIEW_TIMEOUT},
    {DOCKER, "db", "visitor:80", "NETWORK_INTERNAL INTERNET_DROPS_PRIVATE_SOURCE", OPINION_BLOCKED, VIEW_TIMEOUT},
    {"lab: t\nlinks: { l: { loss: 100% } }\nnodes:\n  a: { link: l, address: 10.0.0.1/30 }\n"
     "  b: { link: l, address: 10.0.0.2/30 }\n",
     "a", "b", "LINK_LOSES_EVERYTHING LINK_LOSES_EVERYTHING", OPINION_BLOCKED, VIEW_TIMEOUT},
    {"lab: t\nlinks: { l: [ { from: node/b, loss: 5% } ] }\nnodes:\n  a: { link: l, address: 10.0.0.1/30 }\n"
     "  b: { link: l, address: 10.0.0.2/30 }\n",
     "a", "b", "LINK_LOSS", OPINION_AMBIGUOUS, VIEW_ANSWERED},
    {"lab: t\nvpcs:\n  main:\n    cidr: 10.0.0.0/16\n    internet_gateway: true\n"
     "    subnets: { a: { cidr: 10.0.1.0/24, route_table: a }, b: { cidr: 10.0.2.0/24 } }\n"
     "    nat_gateways: { n: { subnet: b, ports: 1024-1033 } }\n    route_tables:\n"
     "      main: [ " TO_INTERNET
     " ]\n      a: [ { destination: 0.0.0.0/0, target: nat_gateway/n } ]\nnodes:\n" INTERNET
     "  web: { subnet: main/a }\n",
     "web", "visitor:80", "NGW_PORT_ALLOCATION", OPINION_AMBIGUOUS, VIEW_ANSWERED},
};

static struct topology *load(const char *yaml, struct sources **sources, struct arena *arena)
{
    struct findings findings;
    struct topology *topology = NULL;
    STR_AUTO text = STR_INIT;
    *sources = sources_new(arena);
    findings_init(&findings, arena);
    load_topology_text("t.yaml", yaml, strlen(yaml), *sources, &findings, &topology);
    if (topology)
        rules_check(topology, &findings);
    findings_print(&findings, *sources, false, &text);
    if (findings.errors)
        fail_msg("%s\n%s", yaml, str_text(&text));
    return topology;
}

static void each_cause_has_its_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        const struct example *example = &examples[i];
        ARENA_AUTO arena = arena_new();
        STR_AUTO codes = STR_INIT;
        STR_AUTO text = STR_INIT;
        struct error err = ERROR_INIT;
        struct sources *sources;
        struct explain_query query;
        struct explanation said, quiet;
        struct topology *topology = load(example->yaml, &sources, arena);
        if (explain_query_parse(topology, example->from, example->to, arena, &query, &err) != 0)
            fail_msg("%s", err.text);
        struct explainer *explainer = explainer_new(topology, arena);
        explain(explainer, &query, arena, &said);
        explain(explainer, &query, NULL, &quiet);
        for (size_t s = 0; s < said.step_count; s++)
            if (said.steps[s].code != CODE_NONE)
                str_printf(&codes, "%s%s", codes.length ? " " : "", explain_codes[said.steps[s].code].name);
        explain_write(&query, &said, NULL, false, &text);
        if (strcmp(str_text(&codes), example->codes) != 0 || said.verdict != example->verdict ||
            said.view != example->view)
            fail_msg("%s%s\nexpected %s, %s, %s", example->yaml, str_text(&text), example->codes,
                     opinion_name(example->verdict), view_name(example->view));
        assert_int_equal(quiet.verdict, said.verdict);
        assert_int_equal(quiet.view, said.view);
        topology_free(topology);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cause_has_its_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
