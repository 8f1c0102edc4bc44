/* Random topologies from a seed, small and full of traps: VPCs with gateways, tables that lead nowhere, groups that
 * refer to each other, middleboxes, machines on the internet, home networks behind translation.  Not every one is
 * valid; who asks takes the next. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct dice {
    uint64_t state;
};

/* A number below `bound` (xorshift64*; Vigna). */
static inline unsigned below(struct dice *dice, unsigned bound)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return (unsigned)((dice->state * UINT64_C(0x2545f4914f6cdd1d) >> 33) % bound);
}

static inline bool chance(struct dice *dice, unsigned percent)
{
    return below(dice, 100) < percent;
}

#define PICK(dice, list) (list)[below((dice), sizeof(list) / sizeof((list)[0]))]

/* What is drawn once, and looked at by the parts. */
struct sketch {
    struct dice dice;
    struct str *out;
    unsigned vpcs;
    struct {
        bool gateway, ipv6, out; /* out: an egress-only gateway */
        unsigned subnets, tables, groups, nats, acls;
        bool second;     /* a secondary network, 10.(100 + VPC).0.0/16, with the last subnet */
        bool store, app; /* endpoints: a gateway to the visitor, an interface to an instance */
    } vpc[4];
    bool peered[4][4];  /* in both orders */
    bool hub;           /* a transit gateway */
    bool central;       /* by which VPC 0's NAT gateway is a way out of others, where its tables are drawn well */
    bool attached[4];   /* to it */
    unsigned middlebox; /* VPC with a node "fw" that forwards, or `vpcs` */
    unsigned fw_subnet;
};

/* Another VPC, or the same one where there is but one. */
static inline unsigned draw_other(struct sketch *s, unsigned v)
{
    return (v + 1 + below(&s->dice, s->vpcs > 1 ? s->vpcs - 1 : 1)) % s->vpcs;
}

/* Something in IPv6: a VPC, a subnet, everybody. */
static inline void draw_ipv6(struct sketch *s, unsigned v)
{
    unsigned way = below(&s->dice, 4);
    if (way == 0)
        str_printf(s->out, "\"2001:db8:0:%x00::/56\"", draw_other(s, v));
    else if (way == 1)
        str_printf(s->out, "\"2001:db8:0:%x%02x::/64\"", v, below(&s->dice, s->vpc[v].subnets));
    else
        str_append(s->out, "any6");
}

/* ---- a VPC -------------------------------------------------------------------------------------------------- */

static inline void draw_peer(struct sketch *s, unsigned v)
{
    static const char *const fixed[] = {"any4", "any4", "any", "203.0.113.0/24", "10.0.0.0/8", "198.51.100.0/24"};
    unsigned other = draw_other(s, v);
    switch (below(&s->dice, 7)) {
    case 0:
        str_printf(s->out, "security_group/g%u", below(&s->dice, s->vpc[v].groups));
        break;
    case 2:
        if (s->peered[v][other])
            str_printf(s->out, "vpc/v%u/security_group/g%u", other, below(&s->dice, s->vpc[other].groups));
        else
            str_printf(s->out, "10.%u.0.0/16", other);
        break;
    case 1:
        str_printf(s->out, "10.%u.%u.0/24", v, below(&s->dice, s->vpc[v].subnets));
        break;
    case 3:
        if (s->vpc[v].ipv6) {
            draw_ipv6(s, v);
            break;
        } /* fallthrough */
    default:
        str_append(s->out, PICK(&s->dice, fixed));
    }
}

static inline void draw_rules(struct sketch *s, unsigned v, bool ingress)
{
    static const char *const matches[] = {"protocol: all",
                                          "protocol: all",
                                          "protocol: tcp, ports: 80",
                                          "protocol: tcp, ports: [22, 80]",
                                          "protocol: tcp",
                                          "protocol: icmp",
                                          "protocol: icmpv6",
                                          "protocol: udp, ports: 7",
                                          "protocol: tcp, ports: 81-90",
                                          "protocol: tcp, ports: 1024-65535"};
    unsigned count = below(&s->dice, 3) + (ingress ? 1 : 0);
    bool open = ingress && chance(&s->dice, 40);
    str_printf(s->out, "        %s: [%s", ingress ? "ingress" : "egress", open ? " { protocol: all, from: any }" : "");
    for (unsigned i = 0; i < count; i++) {
        str_printf(s->out, "%s { %s, %s: ", i || open ? "," : "", PICK(&s->dice, matches), ingress ? "from" : "to");
        draw_peer(s, v);
        str_append(s->out, " }");
    }
    str_append(s->out, " ]\n");
}

/* A direction of a network ACL.  What answers is often forgotten, or allowed in part only. */
static inline void draw_acl(struct sketch *s, unsigned v, bool ingress)
{
    static const char *const matches[] = {"protocol: all",
                                          "protocol: all",
                                          "protocol: tcp, ports: 80",
                                          "protocol: tcp, ports: [80, 81]",
                                          "protocol: tcp, ports: 1024-65535",
                                          "protocol: tcp, ports: 1024-65535",
                                          "protocol: tcp, ports: 32768-50000",
                                          "protocol: udp",
                                          "protocol: icmp",
                                          "protocol: icmp, icmp_type: echo-request",
                                          "protocol: icmp, icmp_type: echo-reply",
                                          "protocol: icmp, icmp_type: destination-unreachable",
                                          "protocol: icmpv6",
                                          "protocol: icmpv6, icmp_type: echo-request",
                                          "protocol: icmpv6, icmp_type: echo-reply"};
    static const char *const fixed[] = {"any4", "any4", "any", "203.0.113.0/24", "10.0.0.0/8", "198.51.100.0/24"};
    unsigned count = 1 + below(&s->dice, 4);
    str_printf(s->out, "        %s: [", ingress ? "ingress" : "egress");
    for (unsigned i = 0; i < count; i++) {
        str_printf(s->out, "%s { rule: %u, action: %s, %s, %s: ", i ? "," : "", 100 + (i * 37) % 90,
                   chance(&s->dice, 75) ? "allow" : "deny", PICK(&s->dice, matches), ingress ? "from" : "to");
        if (s->vpc[v].ipv6 && chance(&s->dice, 35))
            draw_ipv6(s, v);
        else if (chance(&s->dice, 30))
            str_printf(s->out, "10.%u.%u.0/24", v, below(&s->dice, s->vpc[v].subnets));
        else
            str_append(s->out, PICK(&s->dice, fixed));
        str_append(s->out, " }");
    }
    str_append(s->out, " ]\n");
}

static inline void draw_target(struct sketch *s, unsigned v)
{
    unsigned way = below(&s->dice, 10);
    if (s->vpc[v].gateway && way < 5)
        str_append(s->out, "internet_gateway");
    else if (s->vpc[v].nats && way < 8)
        str_append(s->out, "nat_gateway/n0");
    else if (s->middlebox == v && way < 9)
        str_append(s->out, "node/fw");
    else
        str_append(s->out, "blackhole");
}

/* The target of a default route, in the VPC's first table or in another one. */
static inline void draw_default(struct sketch *s, unsigned v, bool first)
{
    if (s->central && v == 0)
        str_append(s->out, first ? "nat_gateway/n0" : "internet_gateway");
    else if (s->central && chance(&s->dice, 70))
        str_append(s->out, "transit_gateway/hub");
    else
        draw_target(s, v);
}

/* comma: "," where the table has routes already. */
static inline void draw_routes_ipv6(struct sketch *s, unsigned v, const char *comma)
{
    static const char *const anywhere[] = {"any6", "any6", "any6", "\"2001:db8:ffff::/48\""};
    if (!s->vpc[v].ipv6)
        return;
    unsigned way = below(&s->dice, 6);
    if (way < 5) {
        str_printf(s->out, "%s { destination: %s, target: %s }", comma, PICK(&s->dice, anywhere),
                   s->vpc[v].gateway && way < 3 ? "internet_gateway"
                   : s->vpc[v].out              ? "egress_only_gateway"
                                                : "blackhole");
        comma = ",";
    }
    for (unsigned other = 0; other < s->vpcs; other++) {
        bool peering = s->peered[v][other] && (!s->hub || chance(&s->dice, 60));
        if (other == v || !(peering || (s->hub && s->attached[v])) || chance(&s->dice, 25))
            continue;
        str_printf(s->out, "%s { destination: \"2001:db8:0:%x00::/%u\", target: ", comma, other,
                   chance(&s->dice, 80) ? 56 : 64);
        comma = ",";
        if (peering)
            str_printf(s->out, "peering/p%u%u }", v < other ? v : other, v < other ? other : v);
        else
            str_append(s->out, "transit_gateway/hub }");
    }
    if (s->middlebox == v && chance(&s->dice, 30))
        str_printf(s->out, "%s { destination: \"2001:db8:0:%x%02x::/64\", target: node/fw }", comma, v,
                   below(&s->dice, s->vpc[v].subnets));
}

static inline void draw_tables(struct sketch *s, unsigned v)
{
    static const char *const specific[] = {"203.0.113.0/24", "203.0.113.128/25", "198.51.100.0/24", "10.9.0.0/16"};
    bool main = chance(&s->dice, 40) || (s->central && v == 0);
    str_append(s->out, "    route_tables:\n");
    for (unsigned t = 0; t < s->vpc[v].tables; t++) {
        if (main && t == 0)
            str_append(s->out, "      main: [");
        else
            str_printf(s->out, "      t%u: [", t);
        const char *comma = "";
        if (chance(&s->dice, 85)) {
            str_append(s->out, " { destination: 0.0.0.0/0, target: ");
            draw_default(s, v, t == 0);
            str_append(s->out, " }");
            comma = ",";
        }
        if (chance(&s->dice, 30)) {
            str_printf(s->out, "%s { destination: %s, target: ", comma, PICK(&s->dice, specific));
            draw_target(s, v);
            str_append(s->out, " }");
            comma = ",";
        }
        for (unsigned other = 0; other < s->vpcs; other++) {
            bool peering = s->peered[v][other] && (!s->hub || chance(&s->dice, 60));
            if (other == v || !(peering || (s->hub && s->attached[v])) || chance(&s->dice, 20))
                continue;
            str_printf(s->out, "%s { destination: 10.%u.%u.0/%u, target: ", comma, other, 0,
                       chance(&s->dice, 80) ? 16 : 24);
            if (peering)
                str_printf(s->out, "peering/p%u%u }", v < other ? v : other, v < other ? other : v);
            else
                str_append(s->out, "transit_gateway/hub }");
            comma = ",";
            if (s->vpc[other].second && chance(&s->dice, 60))
                str_printf(s->out, ", { destination: 10.%u.0.0/16, target: %s }", 100 + other,
                           peering ? (v + other == 1   ? "peering/p01"
                                      : v + other == 2 ? "peering/p02"
                                                       : "peering/p12")
                                   : "transit_gateway/hub");
        }
        unsigned aside = below(&s->dice, s->vpc[v].subnets);
        if (s->middlebox == v && chance(&s->dice, 50))
            str_printf(s->out, "%s { destination: 10.%u.%u.0/24, target: node/fw },", comma,
                       s->vpc[v].second && aside + 1 == s->vpc[v].subnets ? 100 + v : v, aside);
        draw_routes_ipv6(s, v, str_text(s->out)[s->out->length - 1] == ',' ? "" : comma);
        str_append(s->out, " ]\n");
    }
    if (main)
        s->vpc[v].tables |= 0x100; /* the first is called main */
}

static inline void draw_subnets(struct sketch *s, unsigned v)
{
    unsigned tables = s->vpc[v].tables & 0xff;
    str_append(s->out, "    subnets:\n");
    for (unsigned n = 0; n < s->vpc[v].subnets; n++) {
        bool second = s->vpc[v].second && n + 1 == s->vpc[v].subnets;
        str_printf(s->out, "      s%u: { cidr: 10.%u.%u.0/24", n, second ? 100 + v : v, n);
        if (s->vpc[v].ipv6 && chance(&s->dice, 10))
            str_append(s->out, ", ipv6_cidr: false");
        else if (s->vpc[v].ipv6)
            str_printf(s->out, ", ipv6_cidr: \"2001:db8:0:%x%02x::/64\"", v, n);
        unsigned t = below(&s->dice, tables + 1);
        if (t < tables && !(t == 0 && s->vpc[v].tables & 0x100))
            str_printf(s->out, ", route_table: t%u", t);
        if (s->vpc[v].gateway && chance(&s->dice, 50))
            str_append(s->out, ", public_ips: true");
        if (s->vpc[v].acls && chance(&s->dice, 60))
            str_append(s->out, ", network_acl: n0");
        str_append(s->out, " }\n");
    }
}

/* After the route tables, whose first may be called main. */
static inline void draw_endpoints(struct sketch *s, unsigned v)
{
    unsigned tables = s->vpc[v].tables & 0xff, t = below(&s->dice, tables);
    if (!s->vpc[v].store && !s->vpc[v].app)
        return;
    str_append(s->out, "    endpoints:\n");
    if (s->vpc[v].store && t == 0 && s->vpc[v].tables & 0x100)
        str_append(s->out, "      store: { type: gateway, service: store, route_tables: [main] }\n");
    else if (s->vpc[v].store)
        str_printf(s->out, "      store: { type: gateway, service: store, route_tables: [t%u] }\n", t);
    if (s->vpc[v].app)
        str_printf(s->out, "      app: { type: interface, service: app, subnets: [s%u], security_groups: [g%u] }\n",
                   below(&s->dice, s->vpc[v].subnets), below(&s->dice, s->vpc[v].groups));
}

static inline void draw_services_of_cloud(struct sketch *s)
{
    bool store = false, app = false;
    for (unsigned v = 0; v < s->vpcs; v++) {
        store = store || s->vpc[v].store;
        app = app || s->vpc[v].app;
    }
    if (store || app)
        str_append(s->out, "services:\n");
    if (store)
        str_append(s->out, "  store: { nodes: [visitor], port: 80 }\n");
    if (app)
        str_printf(s->out, "  app: { nodes: [i0%s], port: %u }\n", chance(&s->dice, 30) ? ", i1" : "",
                   chance(&s->dice, 85) ? 80 : 81);
}

static inline void draw_vpc(struct sketch *s, unsigned v)
{
    str_printf(s->out, "  v%u:\n    cidr: 10.%u.0.0/16\n    dns: { support: false }\n", v, v);
    if (s->vpc[v].second)
        str_printf(s->out, "    cidrs: [10.%u.0.0/16]\n", 100 + v);
    if (s->vpc[v].ipv6)
        str_printf(s->out, "    ipv6_cidr: \"2001:db8:0:%x00::/56\"\n", v);
    if (s->vpc[v].out)
        str_append(s->out, "    egress_only_gateway: true\n");
    if (s->vpc[v].gateway)
        str_append(s->out, "    internet_gateway: true\n");
    draw_tables(s, v);
    draw_subnets(s, v);
    if (s->vpc[v].nats)
        str_printf(s->out, "    nat_gateways: { n0: { subnet: s%u } }\n", below(&s->dice, s->vpc[v].subnets));
    if (s->vpc[v].acls) {
        str_append(s->out, "    network_acls:\n      n0:\n");
        if (chance(&s->dice, 80))
            draw_acl(s, v, true);
        draw_acl(s, v, false);
    }
    str_append(s->out, "    security_groups:\n");
    for (unsigned g = 0; g < s->vpc[v].groups; g++) {
        str_printf(s->out, "      g%u:\n", g);
        draw_rules(s, v, true);
        if (chance(&s->dice, 40))
            draw_rules(s, v, false);
    }
    draw_endpoints(s, v);
}

/* ---- nodes -------------------------------------------------------------------------------------------------- */

static inline void draw_services(struct sketch *s)
{
    /* ICMP errors of many probes at once, each of them. */
    str_append(s->out, "    sysctls: { net.ipv4.icmp_ratelimit: 0 }\n    services: {");
    if (chance(&s->dice, 80))
        str_append(s->out, " web: { kind: tcp, port: 80 },");
    if (chance(&s->dice, 40))
        str_append(s->out, " echo: { kind: udp-echo, port: 7 },");
    if (chance(&s->dice, 20))
        str_append(s->out, " own: { kind: tcp, port: 81, bind: 127.0.0.1 },");
    str_append(s->out, " }\n");
}

static inline void draw_attachment(struct sketch *s, unsigned v, unsigned subnet, const char *indent)
{
    str_printf(s->out, "%ssubnet: v%u/s%u\n", indent, v, subnet);
    unsigned groups = chance(&s->dice, 15) ? 0 : 1 + below(&s->dice, 2);
    if (groups && s->vpc[v].groups) {
        unsigned first = below(&s->dice, s->vpc[v].groups);
        str_printf(s->out, "%ssecurity_groups: [g%u", indent, first);
        if (groups == 2 && s->vpc[v].groups > 1)
            str_printf(s->out, ", g%u", (first + 1) % s->vpc[v].groups);
        str_append(s->out, "]\n");
    }
    if (s->vpc[v].gateway && chance(&s->dice, 20))
        str_printf(s->out, "%spublic_ip: %s\n", indent, chance(&s->dice, 50) ? "true" : "false");
}

static inline void draw_instance(struct sketch *s, unsigned n)
{
    unsigned v = below(&s->dice, s->vpcs), subnet = below(&s->dice, s->vpc[v].subnets);
    str_printf(s->out, "  i%u:\n", n);
    if (s->vpc[v].subnets > 1 && chance(&s->dice, 12)) {
        str_append(s->out, "    interfaces:\n      eth0:\n");
        draw_attachment(s, v, subnet, "        ");
        str_append(s->out, "      eth1:\n");
        draw_attachment(s, v, (subnet + 1) % s->vpc[v].subnets, "        ");
    } else {
        draw_attachment(s, v, subnet, "    ");
    }
    draw_services(s);
}

static inline void draw_middlebox(struct sketch *s)
{
    str_append(s->out, "  fw:\n");
    draw_attachment(s, s->middlebox, s->fw_subnet, "    ");
    if (chance(&s->dice, 70))
        str_append(s->out, "    source_dest_check: false\n");
    str_printf(s->out, "    forwarding: %s\n", chance(&s->dice, 85) ? "true" : "false");
    if (chance(&s->dice, 40))
        str_append(s->out, "    nat: { masquerade: [eth0] }\n");
    draw_services(s);
}

/* A home: a router that translates (or forgets to), machines behind it, and a port that leads inside. */
static inline void draw_home(struct sketch *s)
{
    str_append(s->out, "  home:\n    forwarding: true\n    interfaces:\n"
                       "      lan0: { bridge: lan, address: 192.168.1.1/24 }\n"
                       "      wan0: { internet: 203.0.113.9 }\n    sysctls: { net.ipv4.icmp_ratelimit: 0 }\n");
    if (chance(&s->dice, 80)) {
        str_append(s->out, "    nat:\n      masquerade: [wan0]\n");
        if (chance(&s->dice, 60))
            str_append(s->out, "      forward: [ { protocol: tcp, port: 80, to: \"192.168.1.20:80\" } ]\n");
    }
    if (chance(&s->dice, 20))
        str_append(s->out, "    routes: [ { destination: 203.0.113.128/25, type: prohibit } ]\n");
    str_printf(s->out, "  laptop:\n    bridge: lan\n    address: 192.168.1.20/24\n    gateway: 192.168.1.%s\n",
               chance(&s->dice, 90) ? "1" : "3");
    draw_services(s);
    if (chance(&s->dice, 40)) {
        str_append(s->out, "  nas:\n    bridge: lan\n    address: 192.168.1.30/24\n");
        if (chance(&s->dice, 60))
            str_append(s->out, "    gateway: 192.168.1.1\n");
        draw_services(s);
    }
}

/* ---- between VPCs ------------------------------------------------------------------------------------------- */

static inline void draw_static_routes(struct sketch *s)
{
    const char *comma = "";
    str_append(s->out, ", routes: [");
    if (chance(&s->dice, s->central ? 90 : 40)) {
        unsigned v = s->central ? 0 : below(&s->dice, s->vpcs);
        for (unsigned i = 0; i < s->vpcs && !s->attached[v]; i++)
            v = (v + 1) % s->vpcs;
        str_printf(s->out, "{ destination: 0.0.0.0/0, target: v%u }", v);
        comma = ", ";
    }
    if (chance(&s->dice, 20))
        str_printf(s->out, "%s{ destination: 10.%u.0.0/24, target: blackhole }", comma, below(&s->dice, s->vpcs));
    str_append(s->out, "]");
}

static inline void draw_connections(struct sketch *s)
{
    bool any = false;
    for (unsigned a = 0; a < s->vpcs; a++)
        for (unsigned b = a + 1; b < s->vpcs; b++)
            if (s->peered[a][b]) {
                str_printf(s->out, "%s  p%u%u: { between: [v%u, v%u] }\n", any ? "" : "peerings:\n", a, b, a, b);
                any = true;
            }
    if (!s->hub)
        return;
    str_append(s->out, "transit_gateways:\n  hub:\n    attachments: [");
    const char *comma = "";
    for (unsigned v = 0; v < s->vpcs; v++)
        if (s->attached[v]) {
            str_printf(s->out, "%sv%u", comma, v);
            comma = ", ";
        }
    str_append(s->out, "]\n");
    if (!s->central && chance(&s->dice, 50))
        return; /* one table, of all */
    str_append(s->out, "    route_tables:\n");
    for (unsigned t = 0; t < 2; t++) {
        str_printf(s->out, "      r%u: {", t);
        for (unsigned what = 0; what < 2; what++) {
            str_printf(s->out, what ? " propagations: [" : " associations: [");
            comma = "";
            for (unsigned v = 0; v < s->vpcs; v++)
                if (s->attached[v] && (what ? chance(&s->dice, 75) : v % 2 == t && chance(&s->dice, 90))) {
                    str_printf(s->out, "%sv%u", comma, v);
                    comma = ", ";
                }
            str_append(s->out, what ? "]" : "],");
        }
        draw_static_routes(s);
        str_append(s->out, " }\n");
    }
}

static inline void draw_sizes(struct sketch *s)
{
    s->vpcs = 1 + chance(&s->dice, 55);
    s->vpcs += s->vpcs == 2 && chance(&s->dice, 40);
    for (unsigned v = 0; v < s->vpcs; v++) {
        s->vpc[v].gateway = chance(&s->dice, 65);
        s->vpc[v].ipv6 = chance(&s->dice, 45);
        s->vpc[v].out = s->vpc[v].ipv6 && chance(&s->dice, 40);
        s->vpc[v].subnets = 1 + below(&s->dice, 3);
        s->vpc[v].tables = 1 + below(&s->dice, 2);
        s->vpc[v].groups = 1 + below(&s->dice, 3);
        s->vpc[v].nats = chance(&s->dice, 50);
        s->vpc[v].second = s->vpc[v].subnets > 1 && chance(&s->dice, 15);
        s->vpc[v].acls = chance(&s->dice, 35);
        for (unsigned other = 0; other < v; other++)
            s->peered[v][other] = s->peered[other][v] = chance(&s->dice, 60);
    }
    bool internet = false;
    for (unsigned v = 0; v < s->vpcs; v++)
        internet = internet || s->vpc[v].gateway;
    for (unsigned v = 0; v < s->vpcs; v++) {
        s->vpc[v].store = internet && chance(&s->dice, 20);
        s->vpc[v].app = chance(&s->dice, 20);
    }
    s->hub = s->vpcs > 1 && chance(&s->dice, 45);
    for (unsigned v = 0; s->hub && v < s->vpcs; v++)
        s->attached[v] = chance(&s->dice, 90);
    s->central = s->hub && chance(&s->dice, 50);
    if (s->central) {
        s->vpc[0].gateway = true;
        s->vpc[0].nats = 1;
        s->attached[0] = s->attached[1] = true;
        s->vpc[0].tables = 2;
    }
    s->middlebox = chance(&s->dice, 30) ? below(&s->dice, s->vpcs) : s->vpcs;
    s->fw_subnet = s->middlebox < s->vpcs ? below(&s->dice, s->vpc[s->middlebox].subnets) : 0;
}

static inline void generate_topology(uint64_t seed, struct str *out)
{
    struct sketch s = {.dice = {seed * UINT64_C(0x9e3779b97f4a7c15) + 1}, .out = out};
    for (unsigned i = 0; i < 4; i++)
        below(&s.dice, 2);
    draw_sizes(&s);
    bool internet = false, home = chance(&s.dice, 20);
    for (unsigned v = 0; v < s.vpcs; v++)
        internet = internet || s.vpc[v].gateway;
    str_printf(out, "lab: explain-%llu\n", (unsigned long long)seed);
    str_append(out, home ? "bridges: { lan: {} }\nvpcs:\n" : "vpcs:\n");
    for (unsigned v = 0; v < s.vpcs; v++)
        draw_vpc(&s, v);
    draw_connections(&s);
    draw_services_of_cloud(&s);
    str_append(out, "nodes:\n");
    unsigned instances = 2 + below(&s.dice, 3);
    for (unsigned n = 0; n < instances; n++)
        draw_instance(&s, n);
    if (s.middlebox < s.vpcs)
        draw_middlebox(&s);
    if (internet || home) {
        str_append(out, "  visitor:\n    internet: 203.0.113.200\n");
        draw_services(&s);
    }
    if (home)
        draw_home(&s);
}
