/* Random valid topologies as YAML text, from a seed. */
#pragma once

#include <stdint.h>

#include "base/str.h"

struct random {
    uint64_t state;
};

/* A number below `bound` (xorshift64*; Vigna). */
static inline unsigned below(struct random *random, unsigned bound)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return (unsigned)((random->state * UINT64_C(0x2545f4914f6cdd1d) >> 33) % bound);
}

/* Texts that a writer gets wrong. */
static const char *const awkward[] = {
    "plain",
    "two words",
    "no",
    "null",
    "~",
    "1.5",
    "0x1f",
    "- dash",
    "a: b",
    "a #b",
    "\\\"quoted\\\"",
    "tab\\tin",
    "line\\nbreak\\n",
    "\\n",
    "line\\n\\nlast",
    " leading",
    "trailing ",
    "caf\xc3\xa9",
    "\\u2028",
    "a\\r\\n",
    "#no",
    "[x]",
    "{",
    "%x",
    "@x",
    "!x",
    "&x",
    "*x",
    "|",
    ">",
    "end:",
    "a, b",
    "'",
    "1024-65535",
    "2026-01-01",
    "\\x1b[0m",
    "",
    "=",
    "<<",
    "...",
    "x\\n ",
    "\\tx\\ny",
    "a\\n\\n\\n",
    "10:30",
};

static inline const char *text_of(struct random *random)
{
    return awkward[below(random, (unsigned)(sizeof awkward / sizeof awkward[0]))];
}

static inline void generate_group(struct random *random, struct str *out, unsigned groups, const char *vpc)
{
    static const char *const protocols[] = {"tcp", "udp"};
    static const char *const peers[] = {"any4", "any6", "any", "10.0.0.0/8", "\"2001:db8::/32\"", "192.0.2.7"};
    for (unsigned d = 0; d < 2; d++) {
        if (below(random, 3) == 0)
            continue;
        str_printf(out, "        %s:\n", d == 0 ? "ingress" : "egress");
        unsigned count = below(random, 3) + 1;
        for (unsigned i = 0; i < count; i++) {
            str_printf(out, "          - { protocol: %s, ports: ", protocols[below(random, 2)]);
            str_append(out, below(random, 2) ? "[80, 1000-2000]" : "443");
            str_printf(out, ", %s: ", d == 0 ? "from" : "to");
            if (below(random, 4) == 0)
                str_printf(out, "vpc/v%u/security_group/g%u", below(random, 2), below(random, groups));
            else if (below(random, 2))
                str_printf(out, "security_group/g%u", below(random, groups));
            else if (below(random, 3) == 0)
                str_printf(out, "[prefix_list/p0, %s, vpc/%s/prefix_list/p1]", peers[below(random, 6)], vpc);
            else
                str_printf(out, "[%s, %s]", peers[below(random, 6)], peers[below(random, 6)]);
            if (below(random, 3) == 0)
                str_printf(out, ", description: \"%s\"", text_of(random));
            str_append(out, " }\n");
        }
    }
}

/* Endpoints of a VPC. */
static inline void generate_endpoints(struct random *random, struct str *out)
{
    str_append(out, "    endpoints:\n");
    if (below(random, 2))
        str_printf(out, "      s: { type: gateway, service: store, route_tables: [%s] }\n",
                   below(random, 2) ? "t" : "");
    str_printf(out, "      o: { type: interface, service: service/orders, subnets: [s%u%s], private_dns: %s%s }\n",
               below(random, 2), below(random, 2) ? ", subnet/s2" : "", below(random, 2) ? "true" : "false",
               below(random, 2) ? ", security_groups: [g0, security_group/g1]" : "");
}

/* One direction of a network ACL; its numbers are not in order. */
static inline void generate_acl_rules(struct random *random, struct str *out, const char *key, const char *peer)
{
    static const char *const peers[] = {"any4", "any6", "any", "10.0.0.0/8", "\"2001:db8::/32\"", "192.0.2.7"};
    static const char *const matches[] = {"protocol: tcp",
                                          "protocol: udp, ports: [53, 1024-65535]",
                                          "protocol: icmp",
                                          "protocol: icmp, icmp_type: destination-unreachable, icmp_code: 4",
                                          "protocol: icmpv6, icmp_type: packet-too-big",
                                          "protocol: icmp, icmp_type: 13",
                                          "protocol: all"};
    unsigned count = below(random, 4), first = below(random, 100) + 1;
    str_printf(out, "        %s:%s\n", key, count == 0 ? " []" : "");
    for (unsigned i = 0; i < count; i++) {
        str_printf(out, "          - { rule: %u, action: %s, %s, %s: ", first + (i * 7 + 5) % 11 * 100,
                   below(random, 2) ? "allow" : "deny", matches[below(random, 7)], peer);
        str_printf(out, below(random, 2) ? "%s }\n" : "[%s, 10.1.0.0/16] }\n", peers[below(random, 6)]);
    }
}

static inline void generate_acls(struct random *random, struct str *out)
{
    str_append(out, "    network_acls:\n      a0: {}\n");
    for (unsigned i = 1; i < 3; i++) {
        str_printf(out, "      %s:\n", i == 2 && below(random, 2) ? "default" : i == 1 ? "a1" : "a2");
        if (below(random, 3))
            generate_acl_rules(random, out, "ingress", "from");
        if (below(random, 3))
            generate_acl_rules(random, out, "egress", "to");
    }
    str_append(out, "    prefix_lists: { p0: [198.51.100.0/24, \"2001:db8:7::/48\"], p1: 10.9.9.9 }\n");
}

static inline void generate_vpc(struct random *random, struct str *out, unsigned index)
{
    static const char *const targets[] = {"internet_gateway", "nat_gateway/n0", "blackhole",    "local",
                                          "node/gone",        "peering/p",      "peering/gone", "transit_gateway/hub"};
    str_printf(out, "  v%u:\n    cidr: 10.%u.0.0/16\n", index, index);
    if (below(random, 2))
        str_append(out, "    internet_gateway: true\n");
    if (below(random, 3) == 0)
        str_printf(out, "    cidrs: [10.%u.0.0/16, 10.%u.0.0/20]\n", 100 + index, 120 + index);
    unsigned ipv6 = below(random, 3); /* none, allotted, declared */
    if (ipv6 == 1)
        str_append(out, "    ipv6_cidr: true\n    egress_only_gateway: true\n");
    if (ipv6 == 2)
        str_printf(out, "    ipv6_cidr: \"2001:db8:%u::/56\"\n", index + 7);
    if (below(random, 3) == 0)
        str_printf(out, "    flow_logs: %s\n", below(random, 2) ? "reject" : "false");
    if (below(random, 2))
        str_printf(out, "    dns: { support: %s, zone: z%u.test }\n", below(random, 2) ? "true" : "false", index);
    str_append(out, "    subnets:\n");
    for (unsigned i = 0; i < 3; i++)
        str_printf(out, "      s%u: { cidr: 10.%u.%u.0/24, public_ips: %s%s%s%s }\n", i, index, i,
                   below(random, 2) ? "true" : "false", below(random, 2) ? ", route_table: t" : ", zone: 1",
                   below(random, 2) ? ", network_acl: a1" : "", below(random, 6) == 0 ? ", ipv6_cidr: false" : "");
    str_append(out, "    nat_gateways: { n0: { subnet: s0 } }\n    route_tables:\n");
    str_printf(out, "      %s: []\n      t:\n", below(random, 2) ? "main" : "other");
    for (unsigned i = 0; i < 4; i++)
        str_printf(out, "        - { destination: 172.%u.0.0/16, target: %s }\n", 16 + i, targets[below(random, 8)]);
    if (below(random, 2))
        str_append(out, "        - { destination: any6, target: egress_only_gateway }\n");
    if (below(random, 2))
        str_printf(out, "        - { destination: prefix_list/p%u, target: blackhole }\n", below(random, 2));
    generate_acls(random, out);
    str_append(out, "    security_groups:\n");
    for (unsigned i = 0; i < 3; i++) {
        str_printf(out, "      g%u:\n        ingress: []\n", i);
        size_t length = out->length;
        generate_group(random, out, 3, index ? "v1" : "v0");
        if (strstr(out->data + length, "ingress") != NULL) { /* its own one takes the place of the empty one */
            size_t empty = strlen("        ingress: []\n");
            memmove(out->data + length - empty, out->data + length, out->length - length + 1);
            out->length -= empty;
        }
    }
    if (below(random, 2))
        generate_endpoints(random, out);
}

static inline void generate_attachment(struct random *random, struct str *out, unsigned node, const char *pad)
{
    switch (below(random, 3)) {
    case 0:
        str_printf(out, "%ssubnet: v%u/s%u\n", pad, below(random, 2), below(random, 3));
        if (below(random, 3) == 0)
            str_printf(out, "%spublic_ip: %s\n", pad, below(random, 2) ? "true" : "false");
        if (below(random, 4) == 0)
            str_printf(out, "%ssource_dest_check: %s\n", pad, below(random, 2) ? "true" : "false");
        if (below(random, 2))
            str_printf(out, "%ssecurity_groups: [g%u]\n", pad, below(random, 3));
        break;
    case 1:
        str_printf(out, "%sbridge: b%u\n%saddress: 192.168.%u.%u/24\n", pad, below(random, 2), pad, node / 200,
                   node % 200 + 1);
        if (below(random, 3) == 0)
            str_printf(out, "%saddresses: [\"2001:db8::%x/64\", 172.31.0.%u/16]\n", pad, node + 1, node % 200 + 1);
        break;
    default:
        if (node % 4 == 0)
            str_printf(out, "%sinternet: true\n", pad);
        else
            str_printf(out, "%sinternet: 192.0.2.%u\n", pad, node % 200 + 2);
        if (below(random, 4) == 0)
            str_printf(out, "%sgateway: none\n", pad);
    }
    if (below(random, 5) == 0)
        str_printf(out, "%smtu: %u\n", pad, 1280 + below(random, 200));
    if (below(random, 6) == 0)
        str_printf(out, "%smac: \"06:00:00:00:%02x:%02x\"\n", pad, node / 256, node % 256);
    if (below(random, 6) == 0)
        str_printf(out, "%sup: false\n", pad);
}

static inline void generate_services(struct random *random, struct str *out)
{
    str_append(out, "    services:\n");
    str_printf(out, "      http: { body: \"%s\", status: %u }\n", text_of(random), 200 + below(random, 300));
    str_printf(out, "      old: { kind: tcp, port: %u, banner: \"%s\" }\n", 1 + below(random, 60000), text_of(random));
    if (below(random, 2))
        str_printf(out,
                   "      dns: { zones: { z.test: { a: 10.0.0.1, b: { cname: a, txt: \"%s\" }, c: [10.0.0.2, "
                   "10.0.0.3] } }, forward: [203.0.113.53], recursion: false, ttl: 0 }\n",
                   text_of(random));
    if (below(random, 2))
        str_printf(out, "      job: { kind: exec, command: [sh, -c, \"%s\"], ready: { udp: 99 } }\n", text_of(random));
    if (below(random, 2))
        str_append(out,
                   "      site: { kind: http, port: 81, delay: 1500us, routes: { /: home, /x: { status: 404 } } }\n");
}

static inline void generate_parts(struct random *random, struct str *out, unsigned node)
{
    if (below(random, 2))
        str_printf(out, "    forwarding: true\n    nat: { masquerade: [lo], forward: [ { protocol: udp, port: 53, to: "
                        "\"[2001:db8::1]:5353\" }, { protocol: tcp, port: 80, to: 10.0.0.9, in: lo } ] }\n");
    if (below(random, 2))
        str_append(out, "    routes: [ { destination: default, via: \"fe80::1\", dev: lo, metric: 5 }, { destination: "
                        "10.0.0.0/8, type: unreachable, table: 100 } ]\n"
                        "    rules: [ { priority: 9, from: 10.0.0.0/8, fwmark: 0x1/0xff, table: main } ]\n");
    if (below(random, 2))
        str_printf(out, "    sysctls: { net.ipv4.ip_forward: 1, net.ipv4.tcp_congestion_control: \"%s\" }\n",
                   text_of(random));
    if (below(random, 2))
        str_printf(out,
                   "    files: { /etc/motd: { content: \"%s\", mode: \"0600\" }, /etc/b: { content: !!binary "
                   "\"AP8B/g==\" } }\n",
                   text_of(random));
    if (below(random, 2))
        str_printf(out,
                   "    hosts: { printer: [10.0.0.7, \"2001:db8::7\"], scanner: 10.0.0.8 }\n"
                   "    resolver: { servers: [10.0.0.%u], search: [a.test], options: [\"ndots:2\"] }\n",
                   node % 250);
    str_printf(out, "    labels: { tier: \"%s\", n: %u }\n    run: [ \"%s\" ]\n    nftables: \"%s\"\n", text_of(random),
               node, text_of(random), text_of(random));
    if (below(random, 2))
        generate_services(random, out);
}

static inline void generate_checks(struct random *random, struct str *out)
{
    str_printf(out,
               "checks:\n  - { from: n0, ping: { to: n0, count: 3, df: true, loss_below: 0.5%%, rtt_below: 20ms } }\n");
    str_printf(out,
               "  - { id: x, title: \"%s\", from: n1, tcp: { to: n1/eth0, port: 80, expect: blocked }, within: 3s }\n",
               text_of(random));
    str_printf(
        out,
        "  - { from: n1, tls: { to: 192.0.2.9, server_name: a.test, version: 1.3, reason: wrong-name, min_version: "
        "\"1.2\", alpn: \"%s\", days_left_above: %u } }\n  - { from: n2, tls: \"192.0.2.1:8443\" }\n",
        text_of(random), below(random, 90));
    str_printf(
        out,
        "  - { from: n1, path: { to: 192.0.2.9, protocol: tcp, port: 443, hops: %u, via: [n0, n2/eth0, 192.0.2.1], "
        "not_via: n1, symmetric: false } }\n  - { from: n0, path: 192.0.2.3 }\n"
        "  - { from: n2, mtu: { to: 192.0.2.4, at_least: 1300, discovery: works } }\n",
        1 + below(random, 60));
    str_printf(out,
               "  - { from: n1, throughput: { to: 192.0.2.9, protocol: udp, port: 5000, duration: 3s, streams: %u, "
               "rate: 5mbit, "
               "above: 1mbit, below: 1gbit, retransmits_below: 7 } }\n  - { from: n0, throughput: 192.0.2.3 }\n",
               1 + below(random, 60));
    str_printf(out, "  - { at: n1, firewall: { policy: drop, to: 192.0.2.3, from: n2, accepts: [ { from: n0, port: 80 "
                    "}, { protocol: "
                    "udp, port: 53, to: n0 } ], drops: { protocol: icmp } } }\n  - { at: n0, firewall: accept }\n");
    str_printf(out, "  - { from: n1, udp: { to: 192.0.2.9, port: 53, payload: \"%s\", expect: silent } }\n",
               text_of(random));
    str_printf(out,
               "  - { from: n2, dns: { name: a.test, type: aaaa, server: 203.0.113.53, transport: tcp, answer: "
               "[\"%s\", b], authoritative: false, ttl_below: 9 }, repeat: 2 }\n",
               text_of(random));
    str_printf(out,
               "  - { from: n2, http: { url: \"http://web/%u\", status: %s, headers: { Host: x }, header: \"A: b\", "
               "body_contains: \"%s\", version: 1.1, redirects: 3, served_by: n1, share: { n1: 50%%, n2: 25.5%% } }, "
               "points: 0 }\n",
               below(random, 9), below(random, 2) ? "2xx" : "404", text_of(random));
    str_printf(out,
               "  - { matrix: { nodes: [n0, n1, n2], tcp: 22, pairs: [ { from: [n0, n1], to: [n1, n2] } ] } }\n"
               "  - { matrix: { groups: { all: [n0, n1, n2], two: [n1, n2] }, ports: [80, icmp, tcp/443], pairs: [ { "
               "from: all, to: "
               "two, ports: [443, icmp] }, { from: n1, to: n0 } ] } }\n"
               "  - { matrix: none, penalty: 3 }\n  - { at: n1, command: \"%s\", timeout: 500ms }\n",
               text_of(random));
}

/* Both VPCs are peered and attached. */
static inline void generate_connections(struct random *random, struct str *out)
{
    str_printf(out, "peerings: { p: { between: [v0, vpc/v1], dns: %s } }\n", below(random, 2) ? "true" : "false");
    str_append(out, "transit_gateways:\n  hub:\n    attachments: [v0, v1]\n");
    if (below(random, 2)) {
        str_printf(out, "    route_tables:\n      a: { associations: [v0], propagations: [%s] }\n",
                   below(random, 2) ? "v1" : "vpc/v0, v1");
        str_printf(out,
                   "      b: { associations: [v1], routes: [ { destination: 10.0.0.0/16, target: %s }, { "
                   "destination: default, target: vpc/v1 } ] }\n",
                   below(random, 2) ? "v0" : "blackhole");
    }
    str_append(out, "  spare: { attachments: [] }\n");
    str_printf(out, "services:\n  store: { nodes: [shop], port: %u }\n", 1 + below(random, 65535));
    str_printf(out, "  orders: { nodes: [node/shop, inside/b0], port: 80%s }\n",
               below(random, 2) ? ", private_dns_name: orders.test" : "");
}

/* Appends a topology of a dozen nodes. */
static inline void generate_topology(uint64_t seed, struct str *out)
{
    struct random random = {seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    unsigned nodes = 4 + below(&random, 12);
    str_printf(out, "lab: l%u\ntitle: \"%s\"\n", below(&random, 1000), text_of(&random));
    if (below(&random, 2))
        str_append(out, "defaults: { mtu: 1400, congestion_control: cubic }\n");
    str_append(out, "vpcs:\n");
    for (unsigned i = 0; i < 2; i++)
        generate_vpc(&random, out, i);
    generate_connections(&random, out);
    str_append(out, "bridges: { b0: { stp: true, mtu: 1500 }, b1: { arp: dynamic } }\n");
    str_append(out, below(&random, 2)
                        ? "links: { up: { loss: 0.5%, mtu: 1300 } }\n"
                        : "links: { up: [ { loss: 1% }, { from: left, loss: 2% }, { from: node/right } ] }\n");
    str_printf(
        out,
        "networks:\n  app: { cidr: 172.20.0.0/16%s }\n  own: { cidr: 172.21.0.0/24, host: wharf, internal: true }\n",
        below(&random, 2) ? ", mtu: 1400" : "");
    str_append(out, "policies:\n  all: { select: {} }\n  some:\n    select: { key0: \"yes\", tier: 1.10 }\n"
                    "    ingress:\n      - { from: [ { key0: no }, {}, 10.0.0.0/8, any6 ], ports: [80, 1000-2000] }\n"
                    "      - { protocol: icmp }\n      - { from: any, protocol: all }\n      - {}\n    egress: []\n"
                    "  out: { select: { a: b }, egress: [ { to: { c: d }, protocol: udp, ports: 53 } ] }\n");
    str_append(out, "nodes:\n  dock: { internet: true, publish: [\"8080:crate:80\", \"127.0.0.1:53:crate:53/udp\"] }\n"
                    "  crate: { network: app }\n  barrel: { network: own, address: 172.21.0.9 }\n"
                    "  wharf: { interfaces: { eth0: { internet: true }, q: { network: own } } }\n"
                    "  left: { link: up, address: 10.200.0.1/30 }\n  right: { interfaces: { a0: { link: up }, "
                    "a1: { link: side } } }\n  third: { link: side }\n  bare: {}\n  shop: { internet: true }\n"
                    "  inside: { interfaces: { a0: { bridge: b0 }, b0: { subnet: v0/s0 } } }\n");
    for (unsigned i = 0; i < nodes; i++) {
        str_printf(out, "  n%u:\n", i);
        if (below(&random, 2)) {
            generate_attachment(&random, out, i, "    ");
        } else {
            str_append(out, "    interfaces:\n      eth0:\n");
            generate_attachment(&random, out, i, "        ");
            str_append(out, "      lan.1: { bridge: b0 }\n");
        }
        generate_parts(&random, out, i);
    }
    generate_checks(&random, out);
}
