/* What a good file becomes: references, derived things, allotted addresses; and the speed of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/units.h"
#include "link/impairment.h"
#include "load/load.h"
#include "model/check.h"
#include "model/topology.h"
#include "quick.h"

/* Loads a text that must be free of errors. */
static struct topology *load(const char *text, size_t warnings)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO seen = STR_INIT;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *topology = NULL;
    findings_init(&findings, arena);
    load_topology_text("test.yaml", text, strlen(text), sources, &findings, &topology);
    findings_print(&findings, sources, false, &seen);
    if (findings.errors > 0 || findings.count != warnings)
        fail_msg("%s", str_text(&seen));
    return topology;
}

/* The first address of a node's first interface as text. */
static const char *address(const struct topology *topology, const char *node)
{
    static char text[ADDR_TEXT_MAX];
    return prefix_format(&topology_node(topology, node)->interfaces[0]->addresses[0], text);
}

static const char *plain(const struct addr *addr)
{
    static char text[ADDR_TEXT_MAX];
    return addr_format(addr, text);
}

static const char cloud[] =
    "lab: shop\n"
    "vpcs:\n"
    "  main:\n"
    "    cidr: 10.0.0.0/16\n"
    "    internet_gateway: true\n"
    "    subnets:\n"
    "      public: { cidr: 10.0.1.0/24, route_table: public, public_ips: true }\n"
    "      private: { cidr: 10.0.2.0/28 }\n"
    "    route_tables:\n"
    "      main: [ { destination: 0.0.0.0/0, target: nat_gateway/nat } ]\n"
    "      public:\n"
    "        - { destination: default, target: internet_gateway }\n"
    "        - { destination: 10.9.0.0/16, target: node/web }\n"
    "    nat_gateways: { nat: { subnet: public, idle_timeout: 2m, ports: 2000-2999 } }\n"
    "    security_groups:\n"
    "      web: { ingress: [ { protocol: tcp, ports: [80, 8000-8999], from: [any4, 10.0.0.0/8, security_group/db] } ] "
    "}\n"
    "      db: { ingress: [ { protocol: tcp, ports: 5432, from: vpc/main/security_group/web } ], egress: [] }\n"
    "nodes:\n"
    "  web: { subnet: main/public, security_groups: [web] }\n"
    "  db: { subnet: vpc/main/subnet/private, address: 10.0.2.10, security_groups: security_group/db }\n"
    "  plain: { subnet: private }\n"
    "  hidden: { subnet: main/public, public_ip: false }\n"
    "  visitor: { internet: true }\n"
    "  fixed: { internet: 203.0.113.200, gateway: none }\n"
    "checks:\n"
    "  - { from: visitor, tcp: \"web:80\", within: 2s }\n"
    "  - { id: inside, from: web, tcp: { to: db/eth0, port: 5432, expect: refused } }\n"
    "  - { from: web, ping: 203.0.113.53 }\n";

static void a_vpc_is_resolved(void **state)
{
    (void)state;
    struct topology *t = load(cloud, 0);
    struct vpc *vpc = topology_vpc(t, "main");
    assert_true(vpc->internet_gateway && vpc->dns_support);
    assert_string_equal(vpc->zone, "main.internal");
    assert_ptr_equal(vpc_subnet(vpc, "private")->route_table, vpc_route_table(vpc, "main"));
    const struct route_table *public = vpc_route_table(vpc, "public");
    assert_int_equal(public->route_count, 2);
    assert_int_equal(public->routes[0].target, TARGET_INTERNET_GATEWAY);
    assert_int_equal(public->routes[0].destination.length, 0);
    assert_int_equal(public->routes[1].target, TARGET_NODE);
    assert_ptr_equal(public->routes[1].interface, topology_node(t, "web")->interfaces[0]);
    const struct nat_gateway *nat = vpc_nat_gateway(vpc, "nat");
    assert_ptr_equal(nat->subnet, vpc_subnet(vpc, "public"));
    assert_int_equal(nat->idle_timeout, 120 * NANOSECONDS_PER_SECOND);
    assert_int_equal(nat->ports.last, 2999);
    assert_true(prefix_contains(&nat->subnet->cidr, &nat->address));
    assert_true(addr_is_set(&nat->public_ip) && !nat->public_ip_declared);
    topology_free(t);
}

static void groups_are_resolved(void **state)
{
    (void)state;
    struct topology *t = load(cloud, 0);
    struct vpc *vpc = topology_vpc(t, "main");
    const struct security_group *web = vpc_security_group(vpc, "web"), *db = vpc_security_group(vpc, "db");
    assert_int_equal(web->ingress[0].port_count, 2);
    assert_int_equal(web->ingress[0].ports[1].last, 8999);
    assert_int_equal(web->ingress[0].peer_count, 3);
    assert_int_equal(web->ingress[0].peers[0].kind, PEER_ANY4);
    assert_ptr_equal(web->ingress[0].peers[2].group, db);
    assert_ptr_equal(db->ingress[0].peers[0].group, web);
    assert_true(db->egress_declared && db->egress_count == 0);
    assert_false(web->egress_declared);
    const struct security_group *all = vpc_security_group(vpc, "default");
    assert_true(all->is_default);
    assert_ptr_equal(all->ingress[0].peers[0].group, all);
    assert_ptr_equal(topology_node(t, "plain")->interfaces[0]->security_groups[0], all);
    assert_ptr_equal(topology_node(t, "db")->interfaces[0]->security_groups[0], db);
    topology_free(t);
}

static void addresses_are_allotted(void **state)
{
    (void)state;
    struct topology *t = load(cloud, 0);
    const struct interface *web = topology_node(t, "web")->interfaces[0], *db = topology_node(t, "db")->interfaces[0];
    assert_true(web->address_allotted && prefix_contains(&web->subnet->cidr, &web->addresses[0].addr));
    assert_string_equal(plain(&web->gateway), "10.0.1.1");
    assert_int_equal(web->public_ip.bytes[0], 198);
    assert_false(addr_is_set(&db->public_ip));
    assert_string_equal(address(t, "db"), "10.0.2.10/28");
    assert_false(addr_is_set(&topology_node(t, "hidden")->interfaces[0]->public_ip));
    const struct interface *visitor = topology_node(t, "visitor")->interfaces[0];
    assert_int_equal(visitor->addresses[0].addr.bytes[0], 203);
    assert_string_equal(plain(&visitor->gateway), "203.0.113.1");
    assert_string_equal(address(t, "fixed"), "203.0.113.200/24");
    assert_false(addr_is_set(&topology_node(t, "fixed")->interfaces[0]->gateway));
    assert_int_equal(web->mac.bytes[0], 2);
    assert_memory_not_equal(&web->mac, &db->mac, sizeof web->mac);
    topology_free(t);
}

/* The same whatever stands beside it; only a name that collides gives way. */
static void allotted_addresses_are_functions_of_names(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    const char *head = "lab: l\nvpcs: { m: { cidr: 10.0.0.0/16, subnets: { s: { cidr: 10.0.0.0/20 } } } }\nnodes:\n";
    str_append(&text, head);
    for (int i = 0; i < 20; i++)
        str_printf(&text, "  n%d: { subnet: m/s }\n", i);
    struct topology *small = load(str_text(&text), 0);
    for (int i = 20; i < 200; i++)
        str_printf(&text, "  n%d: { subnet: m/s }\n", i);
    struct topology *large = load(str_text(&text), 0);
    for (size_t i = 0; i < small->node_count; i++) {
        const struct interface *a = small->nodes[i]->interfaces[0], *b = large->nodes[i]->interfaces[0];
        assert_true(prefix_equal(&a->addresses[0], &b->addresses[0]));
        assert_memory_equal(&a->mac, &b->mac, sizeof a->mac);
    }
    topology_free(small);
    topology_free(large);
    small = load("lab: l\nnodes: { visitor: { internet: true } }\n", 0);
    assert_string_equal(address(small, "visitor"), "203.0.113.2/24"); /* it must never change */
    topology_free(small);
}

static void a_subnet_can_be_filled(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    bool seen[256] = {false};
    str_append(&text, "lab: l\nvpcs: { m: { cidr: 10.0.0.0/24, subnets: { s: { cidr: 10.0.0.0/24 } } } }\nnodes:\n");
    for (int i = 0; i < 251; i++)
        str_printf(&text, "  n%d: { subnet: m/s }\n", i);
    struct topology *t = load(str_text(&text), 0);
    for (size_t i = 0; i < t->node_count; i++) {
        unsigned last = addr_ipv4(&t->nodes[i]->interfaces[0]->addresses[0].addr) & 0xff;
        assert_true(last > 3 && last < 255 && !seen[last]);
        seen[last] = true;
    }
    topology_free(t);
}

static void addresses_depend_on_where_one_stands(void **state)
{
    (void)state;
    struct topology *t = load(cloud, 0);
    const struct node *web = topology_node(t, "web"), *db = topology_node(t, "db"),
                      *visitor = topology_node(t, "visitor");
    struct addr inside = topology_address_of(t, db, web, NULL, 0),
                outside = topology_address_of(t, visitor, web, NULL, 0);
    assert_true(addr_equal(&inside, &web->interfaces[0]->addresses[0].addr));
    assert_true(addr_equal(&outside, &web->interfaces[0]->public_ip));
    struct addr none = topology_address_of(t, visitor, db, NULL, 0);
    assert_false(addr_is_set(&none));
    none = topology_address_of(t, db, web, NULL, 6);
    assert_false(addr_is_set(&none));
    topology_free(t);
}

/* ---- a lab that runs ---- */

/* Loads over the allotments of a topology that runs; without errors. */
static struct topology *keep(const struct topology *running, const struct str *text)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO allotments = STR_INIT;
    STR_AUTO seen = STR_INIT;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *topology = NULL;
    findings_init(&findings, arena);
    dump_allotments(running, &allotments);
    load_topology_keeping("next.yaml", str_text(text), text->length, str_text(&allotments), sources, &findings,
                          &topology);
    findings_print(&findings, sources, false, &seen);
    if (findings.errors > 0)
        fail_msg("%s", str_text(&seen));
    return topology;
}

#define NAMES 40 /* more than the root of the pools: some collide */

/* A lab of these nodes, in this order: in a subnet with public addresses, or at the internet. */
static void pair_text(struct str *out, const char *const *lines, size_t count)
{
    str_append(out, "lab: pair\nvpcs:\n  v:\n    cidr: 10.0.0.0/16\n    internet_gateway: true\n"
                    "    subnets: { s: { cidr: 10.0.0.0/24, public_ips: true }, t: { cidr: 10.0.1.0/28 } }\n"
                    "    route_tables: { main: [ { destination: default, target: internet_gateway } ] }\n"
                    "    nat_gateways: { nat: { subnet: t } }\nnodes:\n");
    for (size_t i = 0; i < count; i++)
        str_printf(out, "  %s\n", lines[i]);
}

static struct topology *load_lines(const char *const *lines, size_t count)
{
    STR_AUTO text = STR_INIT;
    pair_text(&text, lines, count);
    return load(str_text(&text), 0);
}

static const struct addr *private_of(const struct topology *t, const char *node)
{
    return &topology_node(t, node)->interfaces[0]->addresses[0].addr;
}

static const struct addr *public_of(const struct topology *t, const char *node)
{
    return &topology_node(t, node)->interfaces[0]->public_ip;
}

typedef const struct addr *address_of(const struct topology *t, const char *node);

/* Two names of which the second takes the address that the first would have alone. */
static void find_pair(const char *how, address_of *of, struct arena *arena, const char **first, const char **second)
{
    struct addr alone[NAMES];
    for (int i = 0; i < NAMES; i++) {
        const char *name = arena_printf(arena, "n%d", i), *line = arena_printf(arena, "%s: %s", name, how);
        struct topology *t = load_lines(&line, 1);
        alone[i] = *of(t, name);
        topology_free(t);
        for (int k = 0; k < i; k++)
            if (addr_equal(&alone[i], &alone[k])) {
                *first = arena_printf(arena, "n%d", k);
                *second = name;
                return;
            }
    }
    fail_msg("no two of %d names collide", NAMES);
}

static void one_pair(const char *how, address_of *of)
{
    ARENA_AUTO arena = arena_new();
    const char *old = NULL, *new = NULL;
    find_pair(how, of, arena, &old, &new);
    const char *lines[] = {arena_printf(arena, "%s: %s", new, how), arena_printf(arena, "%s: %s", old, how)};
    struct topology *running = load_lines(&lines[1], 1), *fresh = load_lines(lines, 2);
    STR_AUTO both = STR_INIT;
    pair_text(&both, lines, 2);
    struct topology *next = keep(running, &both), *again = keep(next, &both);
    assert_true(addr_equal(of(running, old), of(fresh, new))); /* they do collide, and the file's order decides */
    assert_false(addr_equal(of(running, old), of(fresh, old)));
    assert_true(addr_equal(of(running, old), of(next, old)));
    assert_false(addr_equal(of(next, new), of(next, old)));
    assert_true(addr_equal(of(again, old), of(next, old)) && addr_equal(of(again, new), of(next, new)));
    STR_AUTO alone = STR_INIT;
    pair_text(&alone, lines, 1);
    struct topology *left = keep(next, &alone); /* the one that was there first goes: nobody moves to its place */
    assert_true(addr_equal(of(left, new), of(next, new)));
    topology_free(running), topology_free(fresh), topology_free(next), topology_free(again), topology_free(left);
}

static void a_running_lab_keeps_its_addresses(void **state)
{
    (void)state;
    one_pair("{ subnet: v/s }", private_of);
    one_pair("{ subnet: v/s }", public_of);
    one_pair("{ internet: true }", private_of);
}

static void what_is_declared_wins(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    char text[3][ADDR_TEXT_MAX];
    const char *lines[] = {"web: { subnet: v/s }", "out: { internet: true }", NULL, NULL};
    struct topology *t = load_lines(lines, 2);
    struct nat_gateway *nat = vpc_nat_gateway(topology_vpc(t, "v"), "nat");
    addr_format(private_of(t, "web"), text[0]), addr_format(public_of(t, "web"), text[1]);
    addr_format(private_of(t, "out"), text[2]);
    lines[2] = arena_printf(arena, "db: { subnet: v/s, address: %s, public_ip: %s }", text[0], text[1]);
    lines[3] = arena_printf(arena, "far: { internet: %s }", text[2]);
    STR_AUTO changed = STR_INIT;
    pair_text(&changed, lines, 4);
    struct topology *next = keep(t, &changed);
    assert_true(addr_equal(private_of(next, "db"), private_of(t, "web")));
    assert_false(addr_equal(private_of(next, "web"), private_of(t, "web")));
    assert_false(addr_equal(public_of(next, "web"), public_of(t, "web")));
    assert_false(addr_equal(private_of(next, "out"), private_of(t, "out")));
    assert_true(addr_equal(&vpc_nat_gateway(topology_vpc(next, "v"), "nat")->address, &nat->address));
    assert_true(addr_equal(&vpc_nat_gateway(topology_vpc(next, "v"), "nat")->public_ip, &nat->public_ip));
    topology_free(next);
    topology_free(t);
}

/* A preference that is out of the subnet, reserved or no address is none, and costs nobody anything. */
static void what_is_not_valid_is_not_kept(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    static const char *const lines[] = {"web: { subnet: v/s }", "out: { internet: true }"};
    static const char allotments[] = "node/web/eth0 10.0.1.9\nnode/web/eth0/public_ip 203.0.113.9\n"
                                     "node/out/eth0 203.0.113.53\nvpc/v/nat_gateway/nat 10.0.1.1\nnonsense\n"
                                     "node/gone/eth0 10.0.0.9\nvpc/v/nat_gateway/nat/public_ip 198.51.100.256\n";
    STR_AUTO text = STR_INIT;
    STR_AUTO before = STR_INIT;
    STR_AUTO after = STR_INIT;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *t = load_lines(lines, 2), *next = NULL;
    findings_init(&findings, arena);
    pair_text(&text, lines, 2);
    assert_int_equal(load_topology_keeping("x", str_text(&text), text.length, allotments, sources, &findings, &next),
                     0);
    dump_allotments(t, &before);
    dump_allotments(next, &after);
    assert_string_equal(str_text(&after), str_text(&before));
    topology_free(next);
    topology_free(t);
}

static void checks_are_resolved(void **state)
{
    (void)state;
    char text[200];
    struct topology *t = load(cloud, 0);
    assert_int_equal(t->check_count, 3);
    assert_string_equal(t->checks[0]->id, "check-1");
    assert_ptr_equal(t->checks[0]->tcp.to.node, topology_node(t, "web"));
    assert_int_equal(t->checks[0]->within, 2 * NANOSECONDS_PER_SECOND);
    assert_true(check_is_negative(t->checks[1]));
    assert_string_equal(check_describe(t->checks[1], text, sizeof text), "tcp web -> db/eth0:5432 refused");
    assert_null(t->checks[2]->ping.to.node);
    assert_string_equal(plain(&t->checks[2]->ping.to.addr), "203.0.113.53");
    topology_free(t);
}

static void wires_are_joined(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    struct topology *t = load("lab: l\n"
                              "links:\n"
                              "  up: [ { mtu: 1400, loss: 1% }, { from: b, loss: 50% } ]\n"
                              "  other: { loss_enter: 5%, loss_leave: 0%, loss_bad: 0%, loss_good: 100% }\n"
                              "nodes:\n"
                              "  a: { interfaces: { x: { link: up, address: 10.0.0.1/30 }, y: { link: other } } }\n"
                              "  b: { link: up, address: 10.0.0.2/30, up: false }\n"
                              "  c: { link: link/other, forwarding: true }\n",
                              0);
    struct link *up = topology_link(t, "up"), *other = topology_link(t, "other");
    assert_int_equal(up->end_count, 2);
    assert_int_equal(up->mtu, 1400);
    assert_int_equal(up->both.loss, 10000000);
    assert_true(up->from_declared[1] && !up->from_declared[0]);
    assert_int_equal(up->from_end[1].loss, 500000000);
    assert_ptr_equal(up->ends[1], topology_node(t, "b")->interfaces[0]);
    impairment_format(&other->both, "=", " ", &text); /* 0% is a value where nothing means 100% */
    assert_string_equal(str_text(&text), "loss_enter=5% loss_leave=0% loss_bad=0% loss_good=100%");
    assert_string_equal(other->ends[1]->node->name, "c");
    assert_true(up->ends[1]->down);
    topology_free(t);
}

static void a_missing_target_is_a_blackhole(void **state)
{
    (void)state;
    struct topology *t = load("lab: l\nvpcs:\n  m:\n    cidr: 10.0.0.0/16\n"
                              "    route_tables: { main: [ { destination: 0.0.0.0/0, target: node/gone } ] }\n",
                              1);
    const struct vpc_route *route = &topology_vpc(t, "m")->route_tables[0]->routes[0];
    assert_int_equal(route->target, TARGET_MISSING);
    assert_string_equal(route->target_text, "node/gone");
    topology_free(t);
}

static void things_have_one_name(void **state)
{
    (void)state;
    static const char *const names[] = {"node/db",
                                        "node/db/eth0",
                                        "vpc/main",
                                        "vpc/main/subnet/private",
                                        "vpc/main/route_table/public",
                                        "vpc/main/nat_gateway/nat",
                                        "vpc/main/internet_gateway",
                                        "vpc/main/security_group/db"};
    struct topology *t = load(cloud, 0);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct thing thing = topology_thing(t, names[i], NULL);
        assert_int_not_equal(thing.kind, THING_NONE);
        assert_string_equal(thing_name(t, &thing), names[i]);
    }
    const char *nearest;
    assert_int_equal(topology_thing(t, "db/eth0", NULL).kind, THING_INTERFACE);
    assert_int_equal(topology_thing(t, "vpc/main/subnet/privat", &nearest).kind, THING_NONE);
    assert_string_equal(nearest, "vpc/main/subnet/private");
    assert_int_equal(topology_thing(t, "vistor", &nearest).kind, THING_NONE);
    assert_string_equal(nearest, "visitor");
    assert_int_equal(topology_thing(t, "nod/visitor", &nearest).kind, THING_NONE); /* the kind may be misspelt */
    assert_string_equal(nearest, "node/visitor");
    static const char *const none[] = {"", "/", "node/", "node//x", "a/b/c/d/e/f", "bridge/none", "link/none"};
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        assert_int_equal(topology_thing(t, none[i], NULL).kind, THING_NONE);
    topology_free(t);
}

/* Where a thing's container is right, nothing outside of it is meant. */
static void the_nearest_name_is_in_the_same_place(void **state)
{
    (void)state;
    struct topology *t = load("lab: near\nbridges: { lan: {} }\nnodes:\n  gw: { bridge: lan, address: 10.0.0.1/24 }\n"
                              "  app: { bridge: lan, address: 10.0.0.2/24, services: { http: { port: 80 } } }\n",
                              0);
    const char *nearest;
    assert_int_equal(topology_thing(t, "node/gw/service/http", &nearest).kind, THING_NONE);
    assert_null(nearest);
    assert_int_equal(topology_thing(t, "node/app/service/htp", &nearest).kind, THING_NONE);
    assert_string_equal(nearest, "node/app/service/http");
    assert_int_equal(topology_thing(t, "node/ap/service/http", &nearest).kind, THING_NONE);
    assert_string_equal(nearest, "node/app/service/http");
    topology_free(t);
}

static void the_shipped_topologies_are_right(void **state)
{
    (void)state;
    glob_t files = {0};
    assert_int_equal(glob(LABCTL_SOURCE "/topologies/*.yaml", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        ARENA_AUTO arena = arena_new();
        struct findings findings;
        struct topology *topology = NULL;
        findings_init(&findings, arena);
        assert_int_equal(load_topology(files.gl_pathv[i], sources_new(arena), &findings, &topology), 0);
        topology_free(topology);
    }
    globfree(&files);
}

/* Work is proportional to the file: no search through all nodes for each node. */
static void ten_thousand_nodes_load_quickly(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    str_append(&text, "lab: big\nbridges: { b0: {}, b1: {} }\nnodes:\n");
    for (int i = 0; i < 10000; i++)
        str_printf(&text, "  n%d:\n    bridge: b%d\n    address: 10.%d.%d.%d/16\n", i, i % 2, i % 2, i / 250,
                   i % 250 + 1);
    long long start = processor_time();
    struct topology *t = load(str_text(&text), 0);
    long long took = processor_time() - start;
    assert_int_equal(t->node_count, 10000);
    assert_true(took < 2 * NANOSECONDS_PER_SECOND); /* 35 ms; with sanitizers more */
    topology_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vpc_is_resolved),
        cmocka_unit_test(groups_are_resolved),
        cmocka_unit_test(addresses_are_allotted),
        cmocka_unit_test(allotted_addresses_are_functions_of_names),
        cmocka_unit_test(a_running_lab_keeps_its_addresses),
        cmocka_unit_test(what_is_declared_wins),
        cmocka_unit_test(what_is_not_valid_is_not_kept),
        cmocka_unit_test(a_subnet_can_be_filled),
        cmocka_unit_test(addresses_depend_on_where_one_stands),
        cmocka_unit_test(checks_are_resolved),
        cmocka_unit_test(wires_are_joined),
        cmocka_unit_test(a_missing_target_is_a_blackhole),
        cmocka_unit_test(things_have_one_name),
        cmocka_unit_test(the_nearest_name_is_in_the_same_place),
        cmocka_unit_test(the_shipped_topologies_are_right),
        cmocka_unit_test(ten_thousand_nodes_load_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
