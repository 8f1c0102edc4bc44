/* What connects VPCs, loaded: references, derived interfaces, the routes of transit gateways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/load.h"
#include "model/adjacent.h"
#include "model/topology.h"

static const char text[] =
    "lab: t\n"
    "vpcs:\n"
    "  a:\n"
    "    cidr: 10.0.0.0/16\n"
    "    subnets: { s: { cidr: 10.0.1.0/28 }, t: { cidr: 10.0.2.0/28 } }\n"
    "    route_tables:\n"
    "      main:\n"
    "        - { destination: 10.1.0.0/16, target: peering/p }\n"
    "        - { destination: 10.2.0.0/16, target: transit_gateway/hub }\n"
    "        - { destination: 10.9.0.0/16, target: peering/gone }\n"
    "    endpoints:\n"
    "      store: { type: gateway, service: store, route_tables: [main] }\n"
    "      orders: { type: interface, service: service/orders, subnets: [s, subnet/t], private_dns: true }\n"
    "  b:\n"
    "    cidr: 10.1.0.0/16\n"
    "    internet_gateway: true\n"
    "    subnets: { s: { cidr: 10.1.1.0/28, public_ips: true } }\n"
    "    security_groups: { g: { ingress: [ { from: vpc/a/security_group/default } ] } }\n"
    "  c: { cidr: 10.2.0.0/16, subnets: { s: { cidr: 10.2.1.0/28 } } }\n"
    "  late: { cidr: 10.2.0.0/20 }\n"
    "peerings: { p: { between: [a, vpc/b], dns: true } }\n"
    "services:\n"
    "  store: { nodes: [store], port: 443 }\n"
    "  orders: { nodes: [b, b2, store], port: 80 }\n"
    "  unused: { nodes: [b], port: 80 }\n"
    "transit_gateways:\n"
    "  hub: { attachments: [a, c, late] }\n"
    "  two:\n"
    "    attachments: [b, c]\n"
    "    route_tables:\n"
    "      one:\n"
    "        associations: [b]\n"
    "        propagations: [c]\n"
    "        routes: [ { destination: 10.2.0.0/16, target: blackhole }, { destination: default, target: vpc/c } ]\n"
    "nodes:\n"
    "  a: { subnet: a/s }\n"
    "  b: { subnet: b/s }\n"
    "  b2: { subnet: b/s }\n"
    "  c: { subnet: c/s }\n"
    "  store: { internet: 203.0.113.80 }\n";

static struct topology *load(const char *from, const char *allotments)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO seen = STR_INIT;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *topology = NULL;
    findings_init(&findings, arena);
    load_topology_keeping("test.yaml", from, strlen(from), allotments, sources, &findings, &topology);
    findings_print(&findings, sources, false, &seen);
    if (findings.errors > 0)
        fail_msg("%s", str_text(&seen));
    return topology;
}

static void references_are_resolved(void **state)
{
    (void)state;
    struct topology *t = load(text, NULL);
    const struct vpc *a = topology_vpc(t, "a"), *b = topology_vpc(t, "b"), *c = topology_vpc(t, "c");
    const struct peering *p = topology_peering(t, "p");
    assert_ptr_equal(p->vpcs[0], a);
    assert_ptr_equal(p->vpcs[1], b);
    assert_ptr_equal(topology_peering_between(t, b, a), p);
    assert_null(topology_peering_between(t, a, c));
    assert_true(vpc_resolves_privately(t, b, a));
    assert_false(vpc_resolves_privately(t, c, a));
    const struct vpc_route *routes = vpc_route_table(a, "main")->routes;
    assert_ptr_equal(routes[0].peering, p);
    assert_ptr_equal(routes[1].transit_gateway, topology_transit_gateway(t, "hub"));
    assert_int_equal(routes[2].target, TARGET_MISSING);
    assert_ptr_equal(b->security_groups[0]->ingress[0].peers[0].group, vpc_security_group(a, "default"));
    const struct endpoint *store = vpc_endpoint(a, "store");
    assert_ptr_equal(store->service, topology_cloud_service(t, "store"));
    assert_ptr_equal(store->route_tables[0], vpc_route_table(a, "main"));
    topology_free(t);
}

/* An endpoint has an address in each subnet; a load balancer one where each machine is, if an endpoint needs it. */
static void interfaces_are_derived(void **state)
{
    (void)state;
    struct topology *t = load(text, NULL);
    const struct vpc *a = topology_vpc(t, "a");
    const struct endpoint *orders = vpc_endpoint(a, "orders");
    assert_int_equal(orders->interface_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct interface *interface = orders->interfaces[i];
        assert_null(interface->node);
        assert_ptr_equal(interface->subnet, a->subnets[i]);
        assert_true(prefix_contains(&a->subnets[i]->cidr, &interface->addresses[0].addr));
        assert_ptr_equal(interface->security_groups[0], vpc_security_group(a, "default"));
    }
    const struct cloud_service *service = topology_cloud_service(t, "orders");
    assert_int_equal(service->interface_count, 2); /* one for b and b2, one for the internet */
    assert_int_equal(service->interfaces[0]->attachment, ATTACH_SUBNET);
    assert_false(addr_is_set(&service->interfaces[0]->public_ip)); /* in a subnet with public_ips */
    assert_int_equal(service->interfaces[1]->attachment, ATTACH_INTERNET);
    assert_int_equal(service->interfaces[1]->address_count, 1);
    assert_int_equal(topology_cloud_service(t, "store")->interface_count, 0); /* a gateway endpoint needs none */
    assert_int_equal(topology_cloud_service(t, "unused")->interface_count, 0);
    topology_free(t);
}

/* What a running lab allotted to an endpoint stays, where a new machine would collide with it. */
static void their_addresses_are_kept(void **state)
{
    (void)state;
    STR_AUTO kept = STR_INIT;
    STR_AUTO more = STR_INIT;
    struct topology *t = load(text, NULL);
    struct addr before = vpc_endpoint(topology_vpc(t, "a"), "orders")->interfaces[0]->addresses[0].addr;
    dump_allotments(t, &kept);
    topology_free(t);
    str_append(&more, text);
    for (unsigned i = 0; i < 9; i++)
        str_printf(&more, "  n%u: { subnet: a/s }\n", i); /* with a, router and others: the subnet is full */
    t = load(str_text(&more), str_text(&kept));
    struct addr after = vpc_endpoint(topology_vpc(t, "a"), "orders")->interfaces[0]->addresses[0].addr;
    assert_true(addr_equal(&before, &after));
    topology_free(t);
}

static void expect_route(const struct transit_route *route, const char *destination, const char *vpc)
{
    char seen[ADDR_TEXT_MAX];
    assert_string_equal(prefix_format(&route->destination, seen), destination);
    assert_string_equal(route->vpc ? route->vpc->name : "blackhole", vpc);
}

static void transit_gateways_have_routes(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct transit_route *routes;
    struct topology *t = load(text, NULL);
    const struct transit_gateway *hub = topology_transit_gateway(t, "hub"), *two = topology_transit_gateway(t, "two");
    assert_int_equal(hub->route_table_count, 1);
    assert_false(hub->tables_declared);
    assert_ptr_equal(transit_gateway_table_of(hub, topology_vpc(t, "a")), hub->route_tables[0]);
    assert_int_equal(transit_table_routes(hub->route_tables[0], arena, &routes), 2);
    expect_route(&routes[0], "10.0.0.0/16", "a");
    expect_route(&routes[1], "10.2.0.0/16", "c"); /* "late" overlaps it and does not propagate */
    assert_null(transit_gateway_table_of(two, topology_vpc(t, "c")));
    assert_int_equal(transit_table_routes(two->route_tables[0], arena, &routes), 2);
    expect_route(&routes[0], "10.2.0.0/16", "blackhole"); /* wins over what c propagates */
    expect_route(&routes[1], "0.0.0.0/0", "c");
    topology_free(t);
}

static void they_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"peering/p", "transit_gateway/hub", "transit_gateway/two/route_table/one",
                                        "service/orders", "vpc/a/endpoint/store"};
    static const char *const neighbours[] = {"vpc/b", "vpc/late", "vpc/b", "node/b2", "vpc/a/route_table/main"};
    const char *nearest;
    struct topology *t = load(text, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct thing thing = topology_thing(t, names[i], NULL), near = topology_thing(t, neighbours[i], NULL);
        assert_int_not_equal(thing.kind, THING_NONE);
        assert_string_equal(thing_name(t, &thing), names[i]);
        assert_true(things_adjacent(&thing, &near));
    }
    assert_int_equal(topology_thing(t, "peering/q", &nearest).kind, THING_NONE);
    assert_string_equal(nearest, "peering/p");
    assert_int_equal(topology_thing(t, "transit_gateway/two/subnet/one", NULL).kind, THING_NONE);
    topology_free(t);
}

/* A node's name means the private address across a peering and a transit gateway. */
static void private_addresses_are_meant(void **state)
{
    (void)state;
    struct topology *t = load(text, NULL);
    const struct node *a = topology_node(t, "a"), *b = topology_node(t, "b"), *c = topology_node(t, "c");
    struct addr own = b->interfaces[0]->addresses[0].addr, public = b->interfaces[0]->public_ip;
    assert_true(addr_is_set(&public));
    struct addr seen = topology_address_of(t, a, b, NULL, 4);
    assert_true(addr_equal(&seen, &own));
    seen = topology_address_of(t, c, b, NULL, 4);
    assert_true(addr_equal(&seen, &own));
    seen = topology_address_of(t, topology_node(t, "store"), b, NULL, 4);
    assert_true(addr_equal(&seen, &public));
    topology_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_resolved),  cmocka_unit_test(interfaces_are_derived),
        cmocka_unit_test(their_addresses_are_kept), cmocka_unit_test(transit_gateways_have_routes),
        cmocka_unit_test(they_have_names),          cmocka_unit_test(private_addresses_are_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
